import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { type AccessRules, judgeRequest } from './access.js';
import { dropDeadClients, offersProtocol, refuseUpgrade } from './client-socket.js';
import { CONTROL_PATH, CONTROL_PROTOCOL, STOP_FRAME, STOP_PATH, STOPPED_FRAME } from './control-protocol.js';

/** Largest frame of a client, bytes: it has four letters to say. */
const LARGEST_MESSAGE = 64;
/** Connections, those that have not said what they want included. */
const MOST_CONNECTIONS = 64;
/** A client that has not answered for this long is gone, ms. */
const PING_PERIOD = 5000;

export interface StopServiceOptions {
  readonly host: string;
  readonly port: number;
  /** Port of the page, which may connect here too. */
  readonly pagePort: number;
  readonly access: AccessRules;
}

/**
 * The emergency stop by itself, on a port of its own: the frame that stops, and POST /emergency_stop; each is answered
 * once `stop` has been called. It has nothing else to do, so that nothing keeps it from that.
 */
export class StopService {
  readonly #options: StopServiceOptions;
  readonly #stop: (source: string) => void;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE });
  /** Clients that have answered the last ping. */
  readonly #answered = new WeakSet<WebSocket>();
  #pinging: NodeJS.Timeout | undefined;

  /** @param stop stops the robot; told who asks */
  constructor(options: StopServiceOptions, stop: (source: string) => void) {
    this.#options = options;
    this.#stop = stop;
    this.#http = createServer((request, response) => this.#respond(request, response));
    this.#http.maxConnections = MOST_CONNECTIONS;
    this.#http.headersTimeout = 5000;
    this.#http.requestTimeout = 10000;
    this.#http.on('upgrade', (request, socket, head) => {
      socket.on('error', () => {});
      const refused = this.#judge(request);
      if (refused !== undefined || pathOf(request) !== CONTROL_PATH || !offersProtocol(request, CONTROL_PROTOCOL)) {
        const status = refused === undefined ? '400 Bad Request' : `${refused.status} Refused`;
        refuseUpgrade(socket, `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (client) => {
        request.socket.setNoDelay(true);
        client.on('error', () => {});
        this.#answered.add(client);
        client.on('pong', () => this.#answered.add(client));
        client.on('message', (data) => {
          if (String(data) !== STOP_FRAME) return;
          this.#stop(`${request.socket.remoteAddress}`);
          client.send(STOPPED_FRAME);
        });
      });
    });
  }

  /** Opens the port. @returns it @throws Error where it cannot be opened */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, host, () => {
        this.#http.off('error', reject);
        resolve();
      });
    });
    this.#pinging = setInterval(() => dropDeadClients(this.#sockets.clients, this.#answered), PING_PERIOD);
    return (this.#http.address() as { port: number }).port;
  }

  /** Ends all connections and closes the port. */
  async close(): Promise<void> {
    clearInterval(this.#pinging);
    for (const client of this.#sockets.clients) client.terminate();
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const say = (status: number, text: string) => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
      response.end(`${text}\n`);
    };
    request.resume();
    const refused = this.#judge(request);
    if (refused !== undefined) say(refused.status, refused.reason);
    else if (request.method === 'POST' && pathOf(request) === STOP_PATH) {
      this.#stop(`${request.socket.remoteAddress} by HTTP`);
      say(200, 'emergency stop');
    } else say(404, `POST to ${STOP_PATH} stops the robot`);
  }

  /** As on the port of the page. */
  #judge({ url, headers }: IncomingMessage) {
    const host = (headers.host ?? '').replace(/:\d+$/, `:${this.#options.pagePort}`);
    return judgeRequest({ url, headers: { ...headers, host } }, this.#options.access);
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.replace(/\?.*$/, '');
}
