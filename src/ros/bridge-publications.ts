import type { FoxgloveServer } from '@foxglove/ws-protocol';
import { StatusLevel } from '../operator/foxglove.js';
import type { Permissions } from '../operator/permissions.js';
import { graphTopics } from './endpoints.js';
import type { MessageType } from './messages.js';
import type { Publisher } from './publisher.js';
import { reliable } from './qos.js';
import type { RosNode } from './ros-node.js';

/** Topics that clients may publish on, all of them together. */
const MOST_TOPICS = 64;

interface ChannelDescription {
  readonly id: number;
  readonly topic: string;
  readonly encoding: string;
  readonly schemaName: string;
}

interface Advertised {
  readonly type: MessageType;
  readonly publisher: Publisher<MessageType>;
  readonly end: () => void;
}

/** Publishes what clients of the data protocol send, where that is allowed and is what it claims to be. */
export class BridgePublications {
  readonly #node: RosNode;
  readonly #permissions: () => Permissions;
  readonly #publishers = new Map<string, Advertised>();
  /** Names of the topics on which each client publishes, by its channels. */
  readonly #claims = new Map<object, Map<number, string>>();

  /** @param stop stops the robot: what is sent on safety/emergency_stop takes that way */
  constructor(node: RosNode, data: FoxgloveServer, permissions: () => Permissions, stop: () => void) {
    this.#node = node;
    this.#permissions = permissions;
    const stopTopic = node.native.resolveTopicName('safety/emergency_stop');
    const attempt = (connection: Parameters<FoxgloveServer['sendStatus']>[1], action: () => void) => {
      try {
        action();
      } catch (error) {
        data.sendStatus({ level: StatusLevel.ERROR, message: (error as Error).message }, connection);
      }
    };
    data.on('advertise', ({ client, ...channel }) =>
      attempt(client.connection, () => this.#claim(client.connection, channel)),
    );
    data.on('unadvertise', ({ client, channelId }) => this.#release(client.connection, channelId));
    data.on('message', ({ client, channel, data: bytes }) => {
      if (resolve(node, channel.topic) === stopTopic) stop();
      else attempt(client.connection, () => this.#publish(client.connection, channel, bytes));
    });
  }

  /** Destroys the publishers. */
  close(): void {
    for (const { end } of this.#publishers.values()) end();
    this.#publishers.clear();
    this.#claims.clear();
  }

  /** A client is gone: the bridge publishes no more on what only that one did. */
  left(connection: object): void {
    for (const channel of [...(this.#claims.get(connection)?.keys() ?? [])]) this.#release(connection, channel);
  }

  #release(connection: object, channel: number): void {
    const own = this.#claims.get(connection);
    const name = own?.get(channel);
    if (own === undefined || name === undefined) return;
    own.delete(channel);
    if (own.size === 0) this.#claims.delete(connection);
    if ([...this.#claims.values()].some((claims) => [...claims.values()].includes(name))) return;
    this.#publishers.get(name)?.end();
    this.#publishers.delete(name);
  }

  /** @throws Error that says why it may not be published on */
  #claim(connection: object, channel: ChannelDescription): Advertised {
    const made = this.#advertise(channel);
    let own = this.#claims.get(connection);
    if (own === undefined) {
      own = new Map();
      this.#claims.set(connection, own);
    }
    own.set(channel.id, made.publisher.topic);
    return made;
  }

  /** @throws Error that says why it may not be published on */
  #advertise({ topic, encoding, schemaName }: ChannelDescription): Advertised {
    const name = resolve(this.#node, topic);
    const type = schemaName.replace(/^(\w+)\/(\w+)$/, '$1/msg/$2') as MessageType;
    this.#permissions().demand(name);
    if (encoding !== 'cdr') throw new Error(`${name}: messages are encoded as cdr here, not as ${encoding}`);
    const known = this.#publishers.get(name);
    const right =
      known?.type ?? graphTopics(this.#node).find((there) => there.name === name)?.types[0] ?? (type as string);
    if (type !== right) throw new Error(`${name} is of type ${right}, not ${type}`);
    if (known !== undefined) return known;
    if (this.#publishers.size >= MOST_TOPICS) throw new Error(`clients publish on ${MOST_TOPICS} topics already`);
    // Tells that a type is not installed, in words.
    this.#node.codec(type);
    const scope = this.#node.beginScope();
    const publisher = this.#node.createPublisher(type, name, reliable());
    const made = { type, publisher, end: scope.end() };
    this.#publishers.set(name, made);
    return made;
  }

  /** @throws Error for what is not allowed, or no message of that type */
  #publish(connection: object, channel: ChannelDescription, data: ArrayBufferView): void {
    const { type, publisher } = this.#claim(connection, channel);
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    try {
      this.#node.codec(type).decode(bytes);
    } catch {
      throw new Error(`${channel.topic}: these ${bytes.length} bytes are no ${type}`);
    }
    publisher.publishRaw(bytes);
  }
}

/** @throws Error for what is no name of a topic */
function resolve(node: RosNode, topic: string): string {
  if (!/^[~/]?\w+(\/\w+)*$/.test(topic)) throw new Error(`'${topic}' is no name of a topic`);
  return node.native.resolveTopicName(topic);
}
