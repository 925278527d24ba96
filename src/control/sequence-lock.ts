/**
 * A sequence lock: one writer that never waits, readers that retry. The counter is odd while the writer is at work;
 * a reader's copy is consistent if the counter was even before it and is unchanged after it. The counter is touched
 * with read-modify-write atomics only, which are full fences, so plain reads and writes stay between them.
 */
export class SequenceLock {
  readonly #words: Int32Array;
  readonly #index: number;

  /** @param words shared 32-bit words @param index the word that counts */
  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
  }

  beginWrite(): void {
    Atomics.add(this.#words, this.#index, 1);
  }

  endWrite(): void {
    Atomics.add(this.#words, this.#index, 1);
  }

  /** The counter, unsigned: odd while being written; changes by 2 with each complete write. */
  sequence(): number {
    return Atomics.add(this.#words, this.#index, 0) >>> 0;
  }
}

/**
 * Runs `copy` until it saw one consistent version. Bounded, because the writer's thread may be preempted in the
 * middle of a write by a reader of higher priority.
 * @param attempts tries before giving up
 * @returns the sequence number of the version copied, or -1 if none was to be had: keep the previous copy then.
 */
export function readConsistent(lock: SequenceLock, copy: () => void, attempts = 64): number {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = lock.sequence();
    if ((before & 1) !== 0) continue;
    copy();
    if (lock.sequence() === before) return before;
  }
  return -1;
}
