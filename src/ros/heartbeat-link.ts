import { createSocket, type Socket } from 'node:dgram';
import { LINK_HOST } from '../control/safety-link.js';

/** s; a datagram costs its receiver some 20 µs of CPU, a fifteenth of a message. */
export const HEARTBEAT_LINK_PERIOD = 0.02;

const FIRST_PORT = 6400;
const GRAPHS = 500;

/** UDP ports of the safety link. */
export interface LinkPorts {
  /** joint_controller hears safety_monitor here, … */
  readonly controller: number;
  /** … and safety_monitor the heartbeats of all nodes. */
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

/** Sends heartbeats to safety_monitor, past ROS: sooner noticed to be missing, for a fraction of the cost. */
export class HeartbeatSender {
  readonly #socket: Socket = createSocket('udp4');
  readonly #port: number;

  /** @param port where safety_monitor listens */
  constructor(port: number) {
    this.#port = port;
    this.#socket.unref();
    // Nobody may be listening yet.
    this.#socket.on('error', () => {});
  }

  /** @param beat see `formatHeartbeat` */
  send(beat: string): void {
    this.#socket.send(beat, this.#port, LINK_HOST);
  }

  close(): void {
    this.#socket.close();
  }
}

/**
 * Hears heartbeats.
 * @returns closes the port
 * @throws Error where the port is taken
 */
export function hearHeartbeats(port: number, callback: (beat: string) => void): Promise<() => void> {
  const socket = createSocket('udp4');
  socket.on('message', (datagram) => callback(datagram.toString()));
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      const why = `UDP port ${port} of the safety link cannot be opened (${error.message})`;
      reject(new Error(`${why}: does another safety_monitor run here on this ROS domain?`));
    });
    socket.bind(port, LINK_HOST, () => resolve(() => socket.close()));
  });
}
