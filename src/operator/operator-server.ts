import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type AccessRules, judgeRequest } from './access.js';
import { ClientClaims } from './client-claims.js';
import { ClientLink, CloseCode, type LinkLimits, type LinkStatus } from './client-link.js';
import { dropDeadClients, offersProtocol, refuseUpgrade } from './client-socket.js';
import type { ControlHub } from './control-hub.js';
import { CONTROL_PATH, CONTROL_PROTOCOL, STOP_PATH } from './control-protocol.js';
import { type DataRequest, parseDataRequest } from './data-request.js';
import { FoxgloveServer } from './foxglove.js';
import type { PageFiles } from './page-files.js';

/** Largest message of a client, bytes; one that is larger ends its connection with code 1009. */
const LARGEST_MESSAGE = 2 ** 20;
/** Connections, those that have not said what they want included. */
const MOST_CONNECTIONS = 256;
/** A client that does not answer a ping until the next is gone, s. */
const PING_PERIOD = 15;
/** Why GET /access would be refused, for the page: a browser does not tell why a WebSocket failed. */
const ACCESS_PATH = '/access';

export interface OperatorServerOptions {
  readonly host: string;
  readonly port: number;
  readonly access: AccessRules;
  /** Clients of each kind, data and control. */
  readonly clients: number;
  readonly limits: Omit<LinkLimits, 'rate'>;
}

export interface ServerHooks {
  /** Called with why a request was refused. */
  readonly refused: (reason: string) => void;
  /** Called with a channel to which a client of the data has subscribed, be it the first one or not. */
  readonly subscribed: (channel: number) => void;
  /** Called with a client of the data that is gone. */
  readonly left: (client: ClientLink) => void;
  /** Called when a client of the data wants to be told of the connection graph by text frames, or no longer. */
  readonly graph: (send: (text: string) => void, wanted: boolean) => void;
}

/** All clients of data together. */
export interface ServerStatus extends LinkStatus {
  readonly clients: number;
}

/**
 * One port for everything an operator needs: the page, the emergency stop (POST /emergency_stop), the control channel
 * and Foxglove's protocol, which any WebSocket that asks for it gets.
 */
export class OperatorServer {
  readonly #options: OperatorServerOptions;
  readonly #page: PageFiles;
  readonly #hub: ControlHub;
  readonly #data: FoxgloveServer;
  readonly #hooks: ServerHooks;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_MESSAGE,
    handleProtocols: (offered) =>
      [FoxgloveServer.SUPPORTED_SUBPROTOCOL, CONTROL_PROTOCOL].find((name) => offered.has(name)) ?? false,
  });
  readonly #links = new Map<WebSocket, ClientLink>();
  readonly #answered = new WeakSet<WebSocket>();
  /** What clients that are gone had. */
  #past = { sent: 0, dropped: 0 };
  #complaint: Error | undefined;
  #pings: NodeJS.Timeout | undefined;

  constructor(
    options: OperatorServerOptions,
    page: PageFiles,
    hub: ControlHub,
    data: FoxgloveServer,
    hooks: ServerHooks,
  ) {
    this.#options = options;
    this.#page = page;
    this.#hub = hub;
    this.#data = data;
    this.#hooks = hooks;
    data.on('error', (error) => {
      this.#complaint = error;
    });
    this.#http = createServer((request, response) => this.#respond(request, response));
    this.#http.maxConnections = MOST_CONNECTIONS;
    this.#http.headersTimeout = 5000;
    this.#http.requestTimeout = 10000;
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
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
    this.#pings = setInterval(() => dropDeadClients(this.#sockets.clients, this.#answered), 1000 * PING_PERIOD);
    return (this.#http.address() as { port: number }).port;
  }

  get status(): ServerStatus {
    const links = [...this.#links.values()].map(({ status }) => status);
    const total = (pick: (status: LinkStatus) => number) => links.reduce((sum, status) => sum + pick(status), 0);
    return {
      clients: links.length,
      sent: this.#past.sent + total(({ sent }) => sent),
      dropped: this.#past.dropped + total(({ dropped }) => dropped),
      pending: total(({ pending }) => pending),
    };
  }

  /** Ends all connections and closes the port. */
  async close(): Promise<void> {
    clearInterval(this.#pings);
    for (const socket of this.#sockets.clients) {
      socket.close(CloseCode.goingAway, 'the bridge ends');
      setTimeout(() => socket.terminate(), 200).unref();
    }
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      setTimeout(() => this.#http.closeAllConnections(), 300).unref();
    });
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '/').replace(/\?.*$/, '');
    const head = request.method === 'HEAD';
    const say = (status: number, text: string) => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
      response.end(`${text}\n`);
    };
    // Not read, and no reason to hold the connection.
    request.resume();
    if (path === STOP_PATH || path === ACCESS_PATH) {
      const refusal = judgeRequest(request, this.#options.access);
      if (refusal !== undefined) say(refusal.status, refusal.reason);
      else if (path === ACCESS_PATH) say(200, 'welcome');
      else if (request.method === 'POST') {
        this.#hub.stop(`${request.socket.remoteAddress} by HTTP`);
        say(200, 'emergency stop');
      } else say(405, `POST to ${STOP_PATH} stops the robot`);
      return;
    }
    if (request.method !== 'GET' && !head) say(405, 'only GET');
    else if (!this.#page.serve(path, head, response)) say(404, `there is no ${path}`);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refuse = (status: string, reason: string) => {
      this.#hooks.refused(`${request.socket.remoteAddress}: ${reason}`);
      const body = `${reason}\n`;
      refuseUpgrade(
        socket,
        `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    };
    socket.on('error', () => {});
    const refusal = judgeRequest(request, this.#options.access);
    if (refusal !== undefined) {
      refuse(refusal.status === 401 ? '401 Unauthorized' : '403 Forbidden', refusal.reason);
      return;
    }
    const control = (request.url ?? '/').replace(/\?.*$/, '') === CONTROL_PATH;
    const wanted = control ? CONTROL_PROTOCOL : FoxgloveServer.SUPPORTED_SUBPROTOCOL;
    if (!offersProtocol(request, wanted)) {
      refuse('400 Bad Request', `this address speaks the subprotocol ${wanted}`);
      return;
    }
    const there = control ? this.#hub.clients : this.#links.size;
    if (there >= this.#options.clients) {
      refuse('503 Service Unavailable', `${there} clients are connected, the parameter clients allows no more`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#welcome(client, request, control));
  }

  #welcome(socket: WebSocket, request: IncomingMessage, control: boolean): void {
    const name = `${request.socket.remoteAddress}:${request.socket.remotePort}`;
    request.socket.setNoDelay(true);
    this.#answered.add(socket);
    socket.on('pong', () => this.#answered.add(socket));
    if (control) {
      this.#hub.add(socket, name);
      return;
    }
    const rate = Number(new URLSearchParams((request.url ?? '').replace(/^[^?]*/, '')).get('rate'));
    const link = new ClientLink(socket, { ...this.#options.limits, rate: rate > 0 ? rate : Infinity });
    this.#links.set(socket, link);
    socket.on('close', () => {
      this.#links.delete(socket);
      this.#hooks.left(link);
      const { sent, dropped } = link.status;
      this.#past = { sent: this.#past.sent + sent, dropped: this.#past.dropped + dropped };
    });
    this.#data.handleConnection(link, name);
    this.#hear(socket, link);
  }

  /** Looks at what a client asks for before it is served. */
  #hear(socket: WebSocket, link: ClientLink): void {
    const { graph, subscribed } = this.#hooks;
    const serve = link.onmessage!;
    const claims = new ClientClaims();
    const tell = (text: string) => link.send(text);
    socket.on('close', () => {
      graph(tell, false);
      const given = { op: 'unsubscribeParameterUpdates', parameterNames: claims.parameters };
      if (given.parameterNames.length > 0) serve({ data: JSON.stringify(given) });
    });
    // A close frame has room for 123 bytes.
    const end = (code: number, reason: string) => link.close(code, reason.slice(0, 100));
    link.onmessage = (event) => {
      let request: DataRequest | undefined;
      try {
        request = typeof event.data === 'string' ? parseDataRequest(event.data) : undefined;
      } catch (error) {
        end(CloseCode.invalidData, (error as Error).message);
        return;
      }
      const excess = request && claims.take(request);
      if (excess !== undefined) {
        end(CloseCode.policy, excess);
        return;
      }
      // Operations that FoxgloveServer knows but does not handle.
      if (request?.op === 'subscribeConnectionGraph' || request?.op === 'unsubscribeConnectionGraph') {
        graph(tell, request.op === 'subscribeConnectionGraph');
        return;
      }
      this.#complaint = undefined;
      serve(event);
      const complaint = this.#complaint as Error | undefined;
      if (complaint !== undefined) end(CloseCode.invalidData, complaint.message);
      else if (request?.op === 'subscribe') for (const { channelId } of request.subscriptions) subscribed(channelId);
    };
  }
}
