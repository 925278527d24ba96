/**
 * Calls back at a fixed rate, without drift: the k-th call is due k periods after the start, to about a millisecond.
 * Calls that are missed because the thread was busy are left out and counted.
 */
export class PeriodicTimer {
  readonly #period: number;
  readonly #callback: () => void;
  #due: number;
  #timeout: NodeJS.Timeout | undefined;
  #missed = 0;
  #stopped = false;

  /** @param period s */
  constructor(period: number, callback: () => void) {
    if (!(period > 0)) throw new RangeError(`timer period is ${period} s, must be positive`);
    this.#period = period * 1e3;
    this.#callback = callback;
    this.#due = performance.now() + this.#period;
    this.#arm();
  }

  /** Calls left out so far. */
  get missed(): number {
    return this.#missed;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timeout);
  }

  #arm(): void {
    this.#timeout = setTimeout(() => this.#fire(), Math.round(this.#due - performance.now()));
  }

  #fire(): void {
    this.#due += this.#period;
    const behind = Math.floor((performance.now() - this.#due) / this.#period);
    if (behind > 0) {
      this.#due += behind * this.#period;
      this.#missed += behind;
    }
    this.#arm();
    this.#callback();
    if (this.#stopped) clearTimeout(this.#timeout);
  }
}
