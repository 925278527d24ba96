/** From one picture of the browser's to the one after the next, where it has nothing to do, ms. */
const TWO_PICTURES = 34;

/**
 * Draws what has changed, one thing after the other, so that a key which is pressed meanwhile waits for one of them. Where a
 * processor draws, that takes it from the keys: there the pictures are fewer, so that no more than a share of the time goes
 * into them.
 */
export class Painter {
  readonly #period: number;
  readonly #share: number;
  readonly #longest: number;
  /** By who asked for it. */
  readonly #jobs = new Map<object, () => void>();
  #busy = false;
  /** When the next picture may be, ms as of performance.now(). */
  #due = 0;

  /**
   * @param rate pictures at most, Hz @param share of the time that drawing may take, 0 … 1
   * @param longest they are never farther apart, s
   */
  constructor(rate: number, share: number, longest: number) {
    this.#period = 1000 / rate;
    this.#share = share;
    this.#longest = 1000 * longest;
  }

  /** Has something drawn soon. @param who asks; what it asked for before is left out */
  request(who: object, draw: () => void): void {
    this.#jobs.set(who, draw);
    if (!this.#busy) this.#plan();
  }

  #plan(): void {
    this.#busy = true;
    setTimeout(() => requestAnimationFrame(() => void this.#paint()), this.#due - performance.now());
  }

  async #paint(): Promise<void> {
    const begun = performance.now();
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    try {
      for (const draw of jobs) {
        draw();
        await nextTask();
      }
    } finally {
      this.#finish(begun);
    }
  }

  #finish(begun: number): void {
    // The browser lets the one after the next begin when this one is on the screen.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        const cost = performance.now() - begun - TWO_PICTURES;
        this.#due = begun + Math.min(this.#longest, Math.max(this.#period, cost / this.#share));
        this.#busy = false;
        if (this.#jobs.size > 0) this.#plan();
      }),
    );
  }
}

const { port1, port2 } = new MessageChannel();

/** Lets what waits for the page's thread go first, keys before all else. A timer would wait for longer. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(undefined);
  });
}
