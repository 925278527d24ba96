import type { FoxgloveServer } from '@foxglove/ws-protocol';
import { type QosProfile, requestedQos } from '../recorder/qos-profile.js';
import { graphTopics, publishersOf, toQos } from './endpoints.js';
import { readMessageText } from './message-definition.js';
import type { MessageType } from './messages.js';
import type { RosNode } from './ros-node.js';

/** Messages that may wait while others are passed on; for what is latched as many as there may be publishers. */
const DEPTH = 10;
const LATCHED_DEPTH = 100;

/** Topics of actions and other things that are hidden by convention. */
export const HIDDEN = /\/_/;

/** A subscription that is open. */
interface Open {
  readonly qos: QosProfile;
  readonly end: () => void;
  /** Made for the subscription that is being reported: nobody has missed anything yet. */
  fresh: boolean;
}

interface Channel {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  open: Open | undefined;
}

/** Offers every topic of the graph to the clients of the data protocol, and subscribes while one of them wants it. */
export class BridgeTopics {
  readonly #node: RosNode;
  readonly #data: FoxgloveServer;
  readonly #byName = new Map<string, Channel>();
  readonly #byId = new Map<number, Channel>();
  /** Topics that cannot be offered: their types, by name. */
  readonly #problems = new Map<string, string>();

  constructor(node: RosNode, data: FoxgloveServer) {
    this.#node = node;
    this.#data = data;
    data.on('subscribe', (id) => this.#open(this.#byId.get(id)));
    data.on('unsubscribe', (id) => this.#close(this.#byId.get(id)));
  }

  /** How many topics are offered, and how many of them are subscribed to. */
  get counts(): { readonly offered: number; readonly subscribed: number } {
    let subscribed = 0;
    for (const { open } of this.#byName.values()) if (open !== undefined) subscribed++;
    return { offered: this.#byName.size, subscribed };
  }

  /** Looks what has become of the graph. To be called again and again. */
  update(): void {
    const there = new Map(graphTopics(this.#node).map(({ name, types }) => [name, types[0] ?? '']));
    for (const channel of this.#byName.values()) {
      if (there.get(channel.name) !== channel.type) this.#withdraw(channel);
      else if (channel.open !== undefined) this.#keepUp(channel, channel.open);
    }
    for (const [name, type] of there) {
      if (HIDDEN.test(name) || this.#byName.has(name) || this.#problems.get(name) === type) continue;
      this.#offer(name, type);
    }
  }

  /**
   * A client has subscribed. One that is not the first has missed what is latched, so the subscription is made anew;
   * the others receive that a second time.
   */
  subscribed(id: number): void {
    const channel = this.#byId.get(id);
    if (channel?.open === undefined) return;
    if (channel.open.fresh) channel.open.fresh = false;
    else if (channel.open.qos.durability === 'transient_local') {
      this.#close(channel);
      this.#open(channel);
    }
  }

  /** Destroys the subscriptions. */
  close(): void {
    for (const channel of this.#byName.values()) this.#close(channel);
  }

  #offer(name: string, type: string): void {
    let schema: string;
    try {
      schema = readMessageText(type);
    } catch (error) {
      this.#problems.set(name, type);
      this.#node.log.warn(`${name} is not offered: ${(error as Error).message}`);
      return;
    }
    const description = { topic: name, encoding: 'cdr', schemaName: type, schema, schemaEncoding: 'ros2msg' };
    const channel = { id: this.#data.addChannel(description), name, type, open: undefined };
    this.#byName.set(name, channel);
    this.#byId.set(channel.id, channel);
  }

  #withdraw(channel: Channel): void {
    this.#close(channel);
    this.#byName.delete(channel.name);
    this.#byId.delete(channel.id);
    this.#data.removeChannel(channel.id);
  }

  #open(channel: Channel | undefined): void {
    if (channel === undefined || channel.open !== undefined) return;
    const node = this.#node;
    const { id, name, type } = channel;
    const qos = this.#qosOf(name);
    const scope = node.beginScope();
    try {
      node.createRawSubscription(type as MessageType, name, toQos(qos), (bytes) =>
        this.#data.sendMessage(
          id,
          node.native.now().nanoseconds,
          new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Uint8Array<ArrayBuffer>,
        ),
      );
    } catch (error) {
      node.warn(name, `${name} cannot be subscribed to: ${(error as Error).message}`);
    }
    channel.open = { qos, end: scope.end(), fresh: true };
  }

  #close(channel: Channel | undefined): void {
    channel?.open?.end();
    if (channel !== undefined) channel.open = undefined;
  }

  /** Publishers may have come that offer something else than those before. */
  #keepUp(channel: Channel, open: Open): void {
    const qos = this.#qosOf(channel.name);
    if (qos.reliability === open.qos.reliability && qos.durability === open.qos.durability) return;
    this.#close(channel);
    this.#open(channel);
    if (channel.open !== undefined) (channel.open as Open).fresh = false;
  }

  #qosOf(name: string): QosProfile {
    const offered = publishersOf(this.#node, name).map(({ qos }) => qos);
    if (offered.length === 0) return { reliability: 'best_effort', durability: 'volatile', depth: DEPTH };
    const latched = offered.every(({ durability }) => durability === 'transient_local');
    return requestedQos(offered, latched ? LATCHED_DEPTH : DEPTH);
  }
}
