import { parse } from '@foxglove/rosmsg';
import type { FoxgloveServer } from '@foxglove/ws-protocol';
import type { Permissions } from '../operator/permissions.js';
import { HIDDEN } from './bridge-topics.js';
import { codecOf } from './codec.js';
import { readServiceTexts } from './message-definition.js';
import type { MessageInput, MessageType, ServiceRequest, ServiceType } from './messages.js';
import type { RosNode } from './ros-node.js';
import type { ServiceClients } from './service-clients.js';

/** Time that a service may take, s. */
const PATIENCE = 15;
/** Calls of all clients that may be under way. */
const CONCURRENT = 32;

interface Offered {
  readonly id: number;
  readonly type: string;
  readonly request: string;
  readonly response: string;
}

type Connection = Parameters<FoxgloveServer['sendServiceCallResponse']>[1];
type Request = Parameters<FoxgloveServer['sendServiceCallResponse']>[0];

/** Offers every service of the graph to the clients of the data protocol; they may call those that are allowed. */
export class BridgeServices {
  readonly #node: RosNode;
  readonly #data: FoxgloveServer;
  readonly #permissions: () => Permissions;
  readonly #offered = new Map<string, Offered>();
  readonly #clients: ServiceClients;
  readonly #problems = new Set<string>();
  #underWay = 0;

  constructor(node: RosNode, data: FoxgloveServer, clients: ServiceClients, permissions: () => Permissions) {
    this.#node = node;
    this.#data = data;
    this.#clients = clients;
    this.#permissions = permissions;
    data.on('serviceCallRequest', (request, connection) => void this.#serve(request, connection));
  }

  get count(): number {
    return this.#offered.size;
  }

  /** Looks what has become of the graph. To be called again and again. */
  update(): void {
    const there = new Map(this.#node.native.getServiceNamesAndTypes().map(({ name, types }) => [name, types[0] ?? '']));
    for (const [name, { id, type }] of this.#offered) {
      if (there.get(name) === type) continue;
      this.#offered.delete(name);
      this.#data.removeService(id);
    }
    for (const [name, type] of there) {
      if (HIDDEN.test(name) || this.#offered.has(name) || this.#problems.has(type)) continue;
      try {
        this.#offer(name, type);
      } catch (error) {
        this.#problems.add(type);
        this.#node.log.warn(`${name} is not offered: ${(error as Error).message}`);
      }
    }
  }

  #offer(name: string, type: string): void {
    const { request, response } = readServiceTexts(type);
    const definition = (schema: string, suffix: string) => {
      return { encoding: 'cdr', schemaName: `${type}_${suffix}`, schemaEncoding: 'ros2msg', schema };
    };
    const id = this.#data.addService({
      name,
      type,
      request: definition(request, 'Request'),
      response: definition(response, 'Response'),
    });
    this.#offered.set(name, { id, type, request, response });
  }

  async #serve({ serviceId, callId, encoding, data }: Request, connection: Connection): Promise<void> {
    try {
      const [name, offered] = [...this.#offered].find(([, { id }]) => id === serviceId) ?? [];
      if (name === undefined || offered === undefined) throw new Error(`service ${serviceId} is gone`);
      this.#permissions().demand(name);
      if (encoding !== 'cdr') throw new Error(`requests are encoded as cdr here, not as ${encoding}`);
      if (this.#underWay >= CONCURRENT) throw new Error(`${CONCURRENT} calls are under way; wait for one to end`);
      this.#underWay++;
      try {
        const answer = await this.#call(name, offered, data);
        this.#data.sendServiceCallResponse({ serviceId, callId, encoding, data: answer }, connection);
      } finally {
        this.#underWay--;
      }
    } catch (error) {
      const { message } = error as Error;
      this.#data.sendServiceCallFailure({ op: 'serviceCallFailure', serviceId, callId, message }, connection);
    }
  }

  async #call(name: string, { type, request, response }: Offered, data: ArrayBufferView): Promise<Uint8Array> {
    const asked = decode(request, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const answer = await this.#clients.call(type as ServiceType, name, asked as ServiceRequest<ServiceType>, PATIENCE);
    return codecOf(response).encode(answer as MessageInput<MessageType>);
  }
}

/** @throws Error for bytes that are no such request */
function decode(text: string, bytes: Uint8Array): unknown {
  // A request without fields is whatever the client makes of that.
  if (parse(text, { ros2: true })[0]?.definitions.every(({ isConstant }) => isConstant === true) !== false) return {};
  return codecOf(text).decode(bytes);
}
