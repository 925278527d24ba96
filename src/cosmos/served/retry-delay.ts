/** Delay after the second failure in a row, s; each further one doubles it. */
const FIRST = 0.5;
/** Longest delay, s. */
const LONGEST = 8;

/**
 * How long to leave a server alone that fails: not at all after one failure, then 0.5 s, 1 s, 2 s … 8 s, so that one
 * that starts again or is overloaded is not flooded.
 */
export class RetryDelay {
  #failures = 0;
  #until = 0;
  #reason = '';

  /** @param now s @throws Error with what went wrong last, while the server is left alone */
  check(now: number): void {
    if (now >= this.#until) return;
    throw new Error(`${this.#reason}; asking again in ${(this.#until - now).toFixed(1)} s`);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#until = 0;
  }

  /** @param reason in words @param now s */
  failed(reason: string, now: number): void {
    this.#failures++;
    this.#reason = reason;
    if (this.#failures > 1) this.#until = now + Math.min(FIRST * 2 ** (this.#failures - 2), LONGEST);
  }
}
