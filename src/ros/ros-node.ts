import rclnodejs from 'rclnodejs';
import { Codec, codecOf } from './codec.js';
import { readServiceTexts } from './message-definition.js';
import type { Message, MessageType, ServiceRequest, ServiceResponse, ServiceType, Stamp } from './messages.js';
import { PeriodicTimer } from './periodic-timer.js';
import { Publisher } from './publisher.js';
import type { Qos } from './qos.js';
import { ServiceClient } from './service-client.js';
import { Subscription } from './subscription.js';
import { toStamp } from './time.js';

/** Repeated warnings of one kind are logged at most this often, s. */
const WARNING_PERIOD = 5;

/**
 * A node of the ROS graph: topics as CDR bytes, typed at compile time; services, actions, timers and time. It owns
 * what it makes; `destroyEntities` and `destroy` clear it away.
 */
export class RosNode {
  /** The rclnodejs node, for what this class does not cover. */
  readonly native: rclnodejs.Node;
  /** Log of the node, also on /rosout. */
  readonly log: rclnodejs.Logging;
  readonly #clock: rclnodejs.Clock;
  readonly #codecs = new Map<MessageType, Codec<MessageType>>();
  readonly #warned = new Map<string, { time: number; suppressed: number }>();
  readonly #subscriptions = new Set<Subscription>();
  #owned: (() => void)[] = [];

  constructor(native: rclnodejs.Node) {
    this.native = native;
    this.log = native.getLogger();
    this.#clock = native.getClock();
  }

  /** Fully qualified name, e.g. /ns/motion_planner. */
  get name(): string {
    return this.native.getFullyQualifiedName();
  }

  /** What comes before the names of its namespace, e.g. /ns/; a slash without one. */
  get namespace(): string {
    return this.name.slice(0, this.name.lastIndexOf('/') + 1);
  }

  /** Subscriptions that are open. */
  get subscriptions(): Iterable<Subscription> {
    return this.#subscriptions;
  }

  /** ROS time, s since the epoch (to about 0.2 µs). */
  now(): number {
    return Number(this.#clock.now().nanoseconds) * 1e-9;
  }

  /** ROS time as a stamp. */
  stamp(): Stamp {
    return toStamp(this.now());
  }

  /** Writes and reads the bytes of a message type. */
  codec<T extends MessageType>(type: T): Codec<T> {
    let codec = this.#codecs.get(type);
    if (codec === undefined) {
      codec = new Codec(type) as unknown as Codec<MessageType>;
      this.#codecs.set(type, codec);
    }
    return codec as unknown as Codec<T>;
  }

  createPublisher<T extends MessageType>(type: T, topic: string, qos: Qos): Publisher<T> {
    const native = this.native.createPublisher(type, topic, { qos }) as rclnodejs.Publisher<T>;
    const publisher = new Publisher(native, this.codec(type));
    this.own(() => {
      publisher.close();
      this.native.destroyPublisher(native);
    });
    return publisher;
  }

  /**
   * Calls back with each message. Bytes that are no such message are dropped, counted, and reported in diagnostics.
   * Arrays in the message may be views of its bytes, which are the callback's to keep.
   * @param wanted whether the next message is worth reading; every one when it is left out
   */
  createSubscription<T extends MessageType>(
    type: T,
    topic: string,
    qos: Qos,
    callback: (message: Message<T>) => void,
    wanted: () => boolean = () => true,
  ): Subscription {
    const codec = this.codec(type);
    return this.#subscribe(type, topic, qos, (subscription, bytes) => {
      if (!wanted()) return;
      const before = subscription.malformed;
      subscription.take(bytes, codec, callback);
      if (subscription.malformed > before) this.#warnOfMalformed(subscription, type);
    });
  }

  /** Calls back with the CDR bytes of each message, unread. */
  createRawSubscription(type: MessageType, topic: string, qos: Qos, callback: (bytes: Buffer) => void): Subscription {
    return this.#subscribe(type, topic, qos, (subscription, bytes) => subscription.takeRaw(bytes, callback));
  }

  /**
   * Offers a service. A handler that throws is logged, and answered as failed where the response has `success` and
   * `message`.
   */
  createService<T extends ServiceType>(
    type: T,
    name: string,
    handler: (request: ServiceRequest<T>) => ServiceResponse<T> | Promise<ServiceResponse<T>>,
  ): void {
    const native = this.native.createService(type, name, async (request, response) => {
      let answer: ServiceResponse<T>;
      try {
        answer = await handler(request as ServiceRequest<T>);
      } catch (error) {
        this.log.error(`service ${name}: ${(error as Error).stack ?? error}`);
        const empty = emptyResponse(type);
        if (!('success' in empty && 'message' in empty)) return;
        answer = { ...empty, success: false, message: (error as Error).message } as unknown as ServiceResponse<T>;
      }
      response.send(answer);
    });
    this.own(() => this.native.destroyService(native as unknown as rclnodejs.Service));
  }

  createClient<T extends ServiceType>(type: T, name: string): ServiceClient<T> {
    const native = this.native.createClient(type, name) as rclnodejs.Client<T>;
    this.own(() => this.native.destroyClient(native));
    return new ServiceClient(native, name);
  }

  /** Offers an action; see rclnodejs.ActionServer for the callbacks. */
  createActionServer<T extends rclnodejs.ActionTypeClassName>(
    type: T,
    name: string,
    callbacks: {
      readonly execute: rclnodejs.ExecuteCallback<T>;
      readonly goal?: rclnodejs.GoalCallback<T>;
      readonly cancel?: rclnodejs.CancelCallback<T>;
    },
  ): rclnodejs.ActionServer<T> {
    const { execute, goal, cancel } = callbacks;
    const server = new rclnodejs.ActionServer(this.native, type, name, execute, goal, undefined, cancel);
    this.own(() => server.destroy());
    return server;
  }

  createActionClient<T extends rclnodejs.ActionTypeClassName>(type: T, name: string): rclnodejs.ActionClient<T> {
    const client = new rclnodejs.ActionClient(this.native, type, name);
    this.own(() => client.destroy());
    return client;
  }

  /** Calls back every `period` seconds of wall time, without drift. */
  createTimer(period: number, callback: () => void): PeriodicTimer {
    const timer = new PeriodicTimer(period, callback);
    this.own(() => timer.stop());
    return timer;
  }

  /** Logs a warning; repetitions with the same key are held back for some seconds and counted. */
  warn(key: string, text: string): void {
    const time = performance.now() * 1e-3;
    const last = this.#warned.get(key);
    if (last !== undefined && time < last.time + WARNING_PERIOD) {
      last.suppressed++;
      return;
    }
    const count = last === undefined || last.suppressed === 0 ? '' : ` (and ${last.suppressed} times before)`;
    this.#warned.set(key, { time, suppressed: 0 });
    this.log.warn(`${text}${count}`);
  }

  /** Registers how something is cleared away. */
  own(release: () => void): void {
    this.#owned.push(release);
  }

  /** What is owned from now on is returned by `end`, to be released on its own. */
  beginScope(): { end(): () => void } {
    const outer = this.#owned;
    const inner: (() => void)[] = [];
    this.#owned = inner;
    return {
      end: () => {
        if (this.#owned === inner) this.#owned = outer;
        return () => releaseAll(inner);
      },
    };
  }

  /** Clears away all that the node has made. */
  destroyEntities(): void {
    releaseAll(this.#owned);
  }

  #subscribe(
    type: MessageType,
    topic: string,
    qos: Qos,
    callback: (subscription: Subscription, bytes: Buffer) => void,
  ): Subscription {
    const subscription = new Subscription(this.native.resolveTopicName(topic));
    // isRaw: the callback gets bytes, which the declaration does not know.
    const receive = ((bytes: Buffer) => callback(subscription, bytes)) as unknown as () => void;
    const native = this.native.createSubscription(type, topic, { qos, isRaw: true }, receive);
    this.#subscriptions.add(subscription);
    this.own(() => {
      subscription.close();
      this.#subscriptions.delete(subscription);
      this.native.destroySubscription(native);
    });
    return subscription;
  }

  #warnOfMalformed(subscription: Subscription, type: string): void {
    this.warn(
      subscription.topic,
      `${subscription.topic}: ${subscription.malformed} messages were not ${type}; dropped`,
    );
  }
}

/** A service's response of zeros; that of rclnodejs lacks the elements of arrays of fixed length. */
function emptyResponse(type: ServiceType): object {
  const codec = codecOf(readServiceTexts(type).response);
  return codec.decode(codec.encode({}));
}

/** The last one made goes first. */
function releaseAll(releases: (() => void)[]): void {
  for (const release of releases.splice(0).reverse()) release();
}
