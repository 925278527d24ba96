import type { Codec } from './codec.js';
import type { Message, MessageType } from './messages.js';

/** What a subscription has taken in. */
export class Subscription {
  readonly topic: string;
  #received = 0;
  #malformed = 0;
  #closed = false;

  constructor(topic: string) {
    this.topic = topic;
  }

  /** Messages received, malformed ones included. */
  get received(): number {
    return this.#received;
  }

  /** Messages that were not of the type they should have been; they are dropped. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Handles the bytes of a message. */
  take<T extends MessageType>(bytes: Buffer, codec: Codec<T>, callback: (message: Message<T>) => void): void {
    if (this.#closed) return;
    this.#received++;
    let message: Message<T>;
    try {
      message = codec.decode(bytes);
    } catch {
      this.#malformed++;
      return;
    }
    callback(message);
  }

  /** Handles the bytes of a message without reading them. */
  takeRaw(bytes: Buffer, callback: (bytes: Buffer) => void): void {
    if (this.#closed) return;
    this.#received++;
    callback(bytes);
  }

  /** For the node that owns it. */
  close(): void {
    this.#closed = true;
  }
}
