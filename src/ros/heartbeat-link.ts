import { createConnection, createServer, type Socket } from 'node:net';
import { LINK_HOST } from '../control/safety-link.js';

/** s; a beat costs its receiver a fifteenth of the CPU of a message. */
export const HEARTBEAT_LINK_PERIOD = 0.02;

/** ms; safety_monitor may not be there yet. */
const RETRY_AFTER = 100;
/** Bytes that may wait for a safety_monitor that does not read: more beats are left out. */
const BACKLOG = 4096;
/** Characters of a beat. */
const LONGEST_BEAT = 512;

const FIRST_PORT = 6400;
const GRAPHS = 500;

/** Ports of the safety link. */
export interface LinkPorts {
  /** joint_controller hears safety_monitor here (UDP), … */
  readonly controller: number;
  /** … and safety_monitor the heartbeats of all nodes (TCP). */
  readonly monitor: number;
}

/**
 * The ports of the graph to which a node belongs: they follow from its ROS domain and namespace, so that graphs on one
 * machine do not meet. Domain d without namespace: 6400 + 2d and 6401 + 2d.
 * @param name fully qualified name of the node
 */
export function linkPorts(name: string, domain = Number(process.env.ROS_DOMAIN_ID ?? 0)): LinkPorts {
  const namespace = name.slice(1, Math.max(1, name.lastIndexOf('/')));
  let hash = 0;
  for (const character of namespace) hash = (hash * 31 + character.charCodeAt(0)) % GRAPHS;
  const controller = FIRST_PORT + 2 * ((domain + hash) % GRAPHS);
  return { controller, monitor: controller + 1 };
}

/**
 * Sends heartbeats to safety_monitor, past ROS: sooner noticed to be missing, for a fraction of the cost. By a connection,
 * because the system closes it when this process ends, in whatever way it ends.
 */
export class HeartbeatSender {
  readonly #port: number;
  #socket: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param port where safety_monitor listens */
  constructor(port: number) {
    this.#port = port;
  }

  /** @param beat see `formatHeartbeat` */
  send(beat: string): void {
    if (this.#closed) return;
    this.#socket ??= this.#connect();
    if (this.#socket.writable && this.#socket.writableLength < BACKLOG) this.#socket.write(`${beat}\n`);
  }

  /** What was sent last still arrives. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.end();
  }

  #connect(): Socket {
    const socket = createConnection({ port: this.#port, host: LINK_HOST, noDelay: true });
    socket.unref();
    // Nobody may be listening yet; what follows an error is that it closes.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#retry = setTimeout(() => {
        this.#socket = undefined;
      }, RETRY_AFTER).unref();
    });
    return socket;
  }
}

/** Hears heartbeats. */
export interface HeartbeatListener {
  readonly beat: (beat: string) => void;
  /** A connection was closed from the other side: its process ended, or said before that it would. */
  readonly closed: (lastBeat: string) => void;
}

/**
 * Hears heartbeats.
 * @returns closes the port, and tells nothing any more
 * @throws Error where the port is taken
 */
export function hearHeartbeats(port: number, listener: HeartbeatListener): Promise<() => void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let last = '';
    let rest = '';
    sockets.add(socket);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() as string;
      for (last of lines) listener.beat(last);
      if (rest.length > LONGEST_BEAT) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (sockets.delete(socket)) listener.closed(last);
    });
  });
  const close = () => {
    const open = [...sockets];
    sockets.clear();
    for (const socket of open) socket.destroy();
    server.close();
  };
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const why = `TCP port ${port} of the safety link cannot be opened (${error.message})`;
      reject(new Error(`${why}: does another safety_monitor run here on this ROS domain?`));
    });
    server.listen(port, LINK_HOST, () => resolve(close));
  });
}
