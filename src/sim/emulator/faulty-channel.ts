import { Random } from '../../math/random.js';

/** What a channel does to the messages; may change while it runs. */
export interface ChannelFaults {
  /** Share of the messages that are lost, 0…1. */
  loss: number;
  /** Delay of every message, s. */
  latency: number;
  /** Share of the messages in which one bit is turned over, 0…1. */
  bitErrors: number;
}

interface Slot {
  readonly bytes: Uint8Array;
  length: number;
  due: number;
}

/** Messages that can be on their way at once; more are lost. */
const CAPACITY = 256;

/** A channel for messages of one size that loses, delays and corrupts them: seeded, in order. */
export class FaultyChannel {
  readonly faults: ChannelFaults = { loss: 0, latency: 0, bitErrors: 0 };
  readonly #random: Random;
  readonly #slots: readonly Slot[];
  #first = 0;
  #count = 0;

  /** @param bytes of each message @param seed of the random faults */
  constructor(bytes: number, seed: number) {
    this.#random = new Random(seed);
    this.#slots = Array.from({ length: CAPACITY }, () => ({ bytes: new Uint8Array(bytes + 1), length: 0, due: 0 }));
  }

  /** @param now s */
  send(message: Uint8Array, now: number): void {
    const { loss, latency, bitErrors } = this.faults;
    if (this.#random.uniform() < loss || this.#count === CAPACITY) return;
    const slot = this.#slots[(this.#first + this.#count++) % CAPACITY]!;
    // One byte more than fits tells that there are too many.
    slot.length = Math.min(message.length, slot.bytes.length);
    slot.bytes.set(message.subarray(0, slot.length));
    slot.due = now + latency;
    if (this.#random.uniform() >= bitErrors) return;
    // Not in the four bytes that say how the message is encoded.
    const at = 4 + this.#random.integer(Math.max(slot.length - 4, 1));
    slot.bytes[at]! ^= 1 << this.#random.integer(8);
  }

  /** @returns the next message that has arrived by `now` (valid until the next `send`), or undefined */
  receive(now: number): Uint8Array | undefined {
    if (this.#count === 0) return undefined;
    const slot = this.#slots[this.#first]!;
    if (slot.due > now) return undefined;
    this.#first = (this.#first + 1) % CAPACITY;
    this.#count--;
    return slot.bytes.subarray(0, slot.length);
  }
}
