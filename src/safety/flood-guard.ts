/**
 * Lets through what the rate of a topic explains, so that a flood costs next to nothing: at most `most` messages in each
 * `window`.
 */
export class FloodGuard {
  readonly #most: number;
  readonly #window: number;
  #begin = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** @param window s */
  constructor(most: number, window: number) {
    this.#most = most;
    this.#window = window;
  }

  /** @param time s, now @returns whether a message that came now is to be read */
  admits(time: number): boolean {
    if (time - this.#begin >= this.#window) {
      this.#begin = time;
      this.#count = 0;
    }
    this.#count++;
    return this.#count <= this.#most;
  }
}
