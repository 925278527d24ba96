/** Share of the time that drawing may take. */
const SHARE = 0.2;
/** They are never farther apart, ms. */
const LONGEST = 1000;
/** From one picture of the browser's to the one after the next, where it has nothing to do, ms. */
const TWO_PICTURES = 34;

/**
 * Draws what has changed, all of it in one picture of the browser's. Where a processor draws, that takes it from the keys:
 * there the pictures are fewer, so that no more than a share of the time goes into them.
 */
export class Painter {
  readonly #period: number;
  /** By who asked for it. */
  readonly #jobs = new Map<object, () => void>();
  #busy = false;
  /** When the next picture may be, ms as of performance.now(). */
  #due = 0;

  /** @param rate pictures at most, Hz */
  constructor(rate: number) {
    this.#period = 1000 / rate;
  }

  /** Has something drawn soon. @param who asks; what it asked for before is left out */
  request(who: object, draw: () => void): void {
    this.#jobs.set(who, draw);
    if (!this.#busy) this.#plan();
  }

  #plan(): void {
    this.#busy = true;
    setTimeout(() => requestAnimationFrame(() => this.#paint()), this.#due - performance.now());
  }

  #paint(): void {
    const begun = performance.now();
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    // The browser lets the one after the next begin when this one is on the screen.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        const cost = performance.now() - begun - TWO_PICTURES;
        this.#due = begun + Math.min(LONGEST, Math.max(this.#period, cost / SHARE));
        this.#busy = false;
        if (this.#jobs.size > 0) this.#plan();
      }),
    );
    for (const draw of jobs) draw();
  }
}
