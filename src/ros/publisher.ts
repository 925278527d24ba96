import type rclnodejs from 'rclnodejs';
import type { Codec } from './codec.js';
import type { MessageInput, MessageType } from './messages.js';

/** Publishes messages of one type on one topic. */
export class Publisher<T extends MessageType> {
  readonly #native: rclnodejs.Publisher<T>;
  readonly #codec: Codec<T>;
  #closed = false;

  constructor(native: rclnodejs.Publisher<T>, codec: Codec<T>) {
    this.#native = native;
    this.#codec = codec;
  }

  /** Fully qualified name of the topic. */
  get topic(): string {
    return this.#native.topic;
  }

  /** How many subscriptions there are at the moment. */
  get subscriptionCount(): number {
    // A getter, whatever its declaration says.
    return this.#closed ? 0 : (this.#native.subscriptionCount as unknown as number);
  }

  /**
   * Publishes a message; fields left out are zero, '' or []. Does nothing once the publisher is destroyed.
   * @throws Error naming an array of the wrong length
   */
  publish(message: MessageInput<T>): void {
    if (!this.#closed) this.publishRaw(this.#codec.encode(message));
  }

  /** Publishes a message that is CDR bytes already. */
  publishRaw(bytes: Buffer): void {
    if (!this.#closed) this.#native.publish(bytes);
  }

  /** Blocks until every reliable subscription has all messages, at most `patience` ms. @returns whether they have */
  waitForAllAcked(patience: number): boolean {
    return this.#closed || this.#native.waitForAllAcked(BigInt(Math.round(patience * 1e6)));
  }

  /** For the node that owns it. */
  close(): void {
    this.#closed = true;
  }
}
