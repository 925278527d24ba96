/**
 * Lets one piece of work run at a time: what is urgent before what waits, the rest in the order in which it came. Work
 * under way is not interrupted, so long work is to be taken in pieces.
 */
export class Turns {
  readonly #urgent: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = false;

  /** Runs `work` when it is its turn. @returns its result; rejects as it does */
  async take<T>(work: () => Promise<T>, urgent = false): Promise<T> {
    if (this.#busy) await new Promise<void>((resolve) => (urgent ? this.#urgent : this.#waiting).push(resolve));
    this.#busy = true;
    try {
      return await work();
    } finally {
      const next = this.#urgent.shift() ?? this.#waiting.shift();
      // Who is next takes over without a gap into which others could step.
      if (next === undefined) this.#busy = false;
      else next();
    }
  }
}
