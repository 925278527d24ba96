import { Request } from 'zeromq';
import {
  type ArrayConvention,
  decodeMessage,
  encodeMessage,
  isArray,
  isMap,
  type WireMap,
  type WireValue,
} from './msgpack-numpy.js';
import { decodeNpy, encodeNpy } from './npy.js';
import type { NumericArray } from './numeric-array.js';
import {
  LARGEST_REPLY,
  type PolicyClient,
  type PolicyRequest,
  type ServerAddress,
  type ServerDescription,
} from './policy-client.js';

/** GR00T's: a map with a whole .npy file in it. */
const GR00T_ARRAYS: ArrayConvention = {
  encode: (array) =>
    new Map<unknown, unknown>([
      ['__ndarray_class__', true],
      ['as_npy', encodeNpy(array)],
    ]),
  decode: (map) => {
    if (!map.has('__ndarray_class__')) return undefined;
    const file = map.get('as_npy');
    if (!(file instanceof Uint8Array)) throw new Error('an array in the reply lacks its .npy file');
    return decodeNpy(file);
  },
};

/**
 * Speaks with a GR00T N1.6 or N1.7 inference server: ZeroMQ request and reply, msgpack. Images travel as
 * B × T × H × W × 3 and states as B × 1 × D; both come back under their own names in physical units.
 */
export class Gr00tClient implements PolicyClient {
  readonly #address: ServerAddress;
  #socket: Request | undefined;

  constructor(address: ServerAddress) {
    this.#address = address;
  }

  async connect(): Promise<ServerDescription> {
    const reply = await this.#call('get_modality_config');
    const names = (modality: string): readonly string[] | undefined => {
      const config = isMap(reply) ? reply.get(modality) : undefined;
      const keys = isMap(config) ? config.get('modality_keys') : undefined;
      return Array.isArray(keys) ? keys.map(String) : undefined;
    };
    const prefixed = (modality: string) => names(modality)?.map((name) => `${modality}.${name}`);
    const [images, states, actions] = [prefixed('video'), prefixed('state'), names('action')];
    return {
      ...(images && { images }),
      ...(states && { states }),
      ...(actions && { actions }),
      metadata: isMap(reply) ? reply : new Map(),
    };
  }

  async ask({ images, states, instruction }: PolicyRequest): Promise<ReadonlyMap<string, NumericArray>> {
    const observation = new Map<string, Map<string, WireValue>>();
    const put = (key: string, value: WireValue) => {
      const dot = key.indexOf('.');
      if (dot < 0) throw new Error(`GR00T: '${key}' must name its modality first, such as 'state.${key}'`);
      const modality = key.slice(0, dot);
      if (!observation.has(modality)) observation.set(modality, new Map());
      observation.get(modality)!.set(key.slice(dot + 1), value);
    };
    for (const [name, array] of images) put(name, { ...array, shape: [1, ...array.shape] });
    for (const [name, array] of states) put(name, { ...array, shape: [1, 1, ...array.shape] });
    put(instruction[0], [[instruction[1]]]);
    const data = new Map<string, WireValue>([
      ['observation', observation],
      ['options', undefined],
    ]);
    const reply = await this.#call('get_action', data);
    const actions = Array.isArray(reply) ? reply[0] : reply;
    if (!isMap(actions)) throw new Error(`${this.#address.url}: the GR00T server's reply holds no actions`);
    const arrays = new Map<string, NumericArray>();
    for (const [name, array] of actions) {
      // B × T × D, of which B is 1.
      if (isArray(array))
        arrays.set(name, { ...array, shape: array.shape[0] === 1 ? array.shape.slice(1) : array.shape });
    }
    return arrays;
  }

  async close(): Promise<void> {
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** A request socket that got no reply cannot be used again: a new one is opened. */
  async #call(endpoint: string, data?: WireMap): Promise<WireValue> {
    const { url, timeout, token } = this.#address;
    if (this.#socket === undefined) {
      const waits = { receiveTimeout: 1000 * timeout, sendTimeout: 1000 * timeout };
      this.#socket = new Request({ linger: 0, maxMessageSize: LARGEST_REPLY, ...waits });
      this.#socket.connect(url);
    }
    const request = new Map<string, WireValue>([['endpoint', endpoint]]);
    if (data !== undefined) request.set('data', data);
    if (token !== undefined) request.set('api_token', token);
    try {
      await this.#socket.send(encodeMessage(request, GR00T_ARRAYS));
      const [bytes] = await this.#socket.receive();
      const reply = decodeMessage(bytes!, GR00T_ARRAYS);
      const error = isMap(reply) ? reply.get('error') : undefined;
      if (error !== undefined) throw new Error(`the GR00T server failed: ${String(error) || 'it gave no reason'}`);
      return reply;
    } catch (error) {
      await this.close();
      const silent = (error as { code?: string }).code === 'EAGAIN';
      const reason = silent
        ? `no answer to ${endpoint} within ${timeout} s; is the GR00T server running there?`
        : (error as Error).message;
      throw new Error(`${url}: ${reason}`, { cause: error });
    }
  }
}
