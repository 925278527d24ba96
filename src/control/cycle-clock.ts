/**
 * Absolute-time schedule of a periodic loop, and its overrun policy: a cycle that ends late is followed at once by the
 * next one, unless whole periods have passed; those are skipped and counted, so that the loop stays on its grid and
 * never runs a burst of cycles to catch up. Real-time safe.
 */
export class CycleClock {
  readonly #period: number;
  readonly #start: number;
  #index = 0;
  #missed = 0;

  /** @param period s @param start time of the first cycle, s */
  constructor(period: number, start: number) {
    this.#period = period;
    this.#start = start;
  }

  /** The time for which the current cycle is scheduled, s; a multiple of the period after the start. */
  get deadline(): number {
    return this.#start + this.#index * this.#period;
  }

  /** Cycles skipped so far. */
  get missed(): number {
    return this.#missed;
  }

  /** Moves on to the next cycle. @param now s, when the current one ended @returns cycles skipped in between */
  advance(now: number): number {
    this.#index++;
    const behind = Math.floor((now - this.deadline) / this.#period);
    if (behind <= 0) return 0;
    this.#index += behind;
    this.#missed += behind;
    return behind;
  }
}
