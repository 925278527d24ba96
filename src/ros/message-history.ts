import type { Codec } from './codec.js';
import type { Message, MessageType, Stamp } from './messages.js';

/** A message that begins with a std_msgs/Header. */
type Stamped<T extends MessageType> = Message<T> extends { header: { stamp: Stamp } } ? T : never;

/** Of the stamp, after the four bytes that say how the message is encoded. */
const STAMP = 4;

/**
 * The last messages of a topic, by their stamps. They are kept as bytes and read only when they are asked for, which
 * is seldom compared to how often they come. For a subscription of its own: `createRawSubscription`.
 */
export class MessageHistory<T extends MessageType> {
  readonly #codec: Codec<T>;
  readonly #length: number;
  readonly #entries: { readonly time: number; readonly bytes: Buffer }[] = [];

  /** @param length messages to keep */
  constructor(codec: Codec<Stamped<T>>, length: number) {
    this.#codec = codec as unknown as Codec<T>;
    this.#length = length;
  }

  /** Takes the bytes of a message; they are the history's to keep. */
  push(bytes: Buffer): void {
    if (bytes.length < STAMP + 8) return;
    const littleEndian = (bytes[1]! & 1) === 1;
    const sec = littleEndian ? bytes.readInt32LE(STAMP) : bytes.readInt32BE(STAMP);
    const nanosec = littleEndian ? bytes.readUInt32LE(STAMP + 4) : bytes.readUInt32BE(STAMP + 4);
    this.#entries.push({ time: sec + nanosec * 1e-9, bytes });
    if (this.#entries.length > this.#length) this.#entries.shift();
  }

  /** Stamp of the newest message, s; undefined while there is none. */
  get newest(): number | undefined {
    return this.#entries.at(-1)?.time;
  }

  clear(): void {
    this.#entries.length = 0;
  }

  /**
   * The message nearest in time to `time` (s).
   * @returns undefined where there is none within `tolerance` (s), or its bytes are no such message
   */
  nearest(time: number, tolerance: number): Message<T> | undefined {
    let best: { readonly time: number; readonly bytes: Buffer } | undefined;
    for (const entry of this.#entries) {
      if (best === undefined || Math.abs(entry.time - time) <= Math.abs(best.time - time)) best = entry;
    }
    if (best === undefined || Math.abs(best.time - time) > tolerance) return undefined;
    try {
      return this.#codec.decode(best.bytes);
    } catch {
      return undefined;
    }
  }
}
