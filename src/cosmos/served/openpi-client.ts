import { WebSocket } from 'ws';
import {
  decodeMessage,
  encodeMessage,
  isArray,
  isMap,
  OPENPI_ARRAYS,
  type WireMap,
  type WireValue,
} from './msgpack-numpy.js';
import type { NumericArray } from './numeric-array.js';
import {
  LARGEST_REPLY,
  type PolicyClient,
  type PolicyRequest,
  type ServerAddress,
  type ServerDescription,
} from './policy-client.js';

/**
 * Speaks with an openpi policy server, and with NVIDIA's for Cosmos 3, which keeps the same protocol: a WebSocket, one
 * frame of metadata on connection, then one reply for each request, in msgpack. After an error the server sends its
 * traceback as text and closes.
 */
export class OpenpiClient implements PolicyClient {
  readonly #address: ServerAddress;
  #socket: WebSocket | undefined;
  #waiting: { resolve: (reply: WireMap) => void; reject: (error: Error) => void } | undefined;

  constructor(address: ServerAddress) {
    this.#address = address;
  }

  async connect(): Promise<ServerDescription> {
    const { url, token } = this.#address;
    this.#socket?.terminate();
    const headers = token === undefined ? {} : { Authorization: `Api-Key ${token}` };
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: LARGEST_REPLY, headers });
    this.#socket = socket;
    socket.on('message', (data: Buffer, binary: boolean) => this.#receive(data, binary));
    socket.on('error', (error) => this.#fail(`${url}: ${error.message}; is the policy server running there?`));
    socket.on('close', (code) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#fail(`${url}: the policy server closed the connection (${code})`);
    });
    return { metadata: await this.#reply() };
  }

  async ask({ images, states, instruction }: PolicyRequest): Promise<ReadonlyMap<string, NumericArray>> {
    if (this.#socket === undefined) await this.connect();
    const request = new Map<string, WireValue>([...states, instruction]);
    // One frame each: this protocol has no time axis.
    for (const [name, { dtype, shape, bytes }] of images) {
      const frame = shape.slice(1);
      request.set(name, { dtype, shape: frame, bytes: bytes.subarray(bytes.length - bytes.length / shape[0]!) });
    }
    this.#socket!.send(encodeMessage(request, OPENPI_ARRAYS));
    const reply = await this.#reply();
    return new Map([...reply].filter((entry): entry is [string, NumericArray] => isArray(entry[1])));
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.terminate();
  }

  /** The next message. After a time-out the connection is given up: a late reply would answer the wrong question. */
  #reply(): Promise<WireMap> {
    const { url, timeout } = this.#address;
    return new Promise<WireMap>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail(`${url}: the policy server did not answer within ${timeout} s`);
        void this.close();
      }, 1000 * timeout);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          this.#waiting = undefined;
          then(value);
        };
      this.#waiting = { resolve: settle(resolve), reject: settle(reject) };
    });
  }

  #receive(data: Buffer, binary: boolean): void {
    if (!binary) {
      const lines = data.toString('utf8').trim().split('\n');
      this.#fail(`${this.#address.url}: the policy server failed: ${lines.at(-1)}`);
      // It closes after an error; the next question opens a new connection.
      void this.close();
      return;
    }
    try {
      const message = decodeMessage(data, OPENPI_ARRAYS);
      if (!isMap(message)) throw new Error('it is no map');
      this.#waiting?.resolve(message);
    } catch (error) {
      this.#fail(`${this.#address.url}: a message of the policy server is not understood: ${(error as Error).message}`);
    }
  }

  #fail(reason: string): void {
    this.#waiting?.reject(new Error(reason));
  }
}
