/** What follows when the loop's own cycles are late. */
export interface WatchdogOptions {
  /** Cycles missed in a row that slow the robot down. */
  readonly missedCycles: number;
  /** Share of the velocity limits to which they do. */
  readonly slowScale: number;
  /** For this long after the last of them, s. */
  readonly slowTime: number;
  /** Time without a cycle after which the robot damps, s. */
  readonly stall: number;
}

export const WATCHDOG_DEFAULTS: WatchdogOptions = { missedCycles: 3, slowScale: 0.3, slowTime: 1, stall: 0.02 };

/**
 * The loop's watchdog over itself, on the time that passes for the robot: a simulation that stands still between two
 * cycles has missed nothing. A cycle is on time when no other was due between the last one and it. A row of cycles that
 * are each a little late slows down: the robot is still controlled; one gap of the length of a stall damps.
 *
 * Real-time safe; nothing is allocated after construction.
 */
export class CycleWatchdog {
  readonly #options: WatchdogOptions;
  readonly #period: number;
  #gap = 0;
  #missed = 0;
  #slowUntil = -Infinity;

  /** @param period of the loop, s */
  constructor(options: WatchdogOptions, period: number) {
    this.#options = options;
    this.#period = period;
  }

  /** Whether the present cycle comes too long after the one before it. */
  get stalled(): boolean {
    return this.#gap >= this.#options.stall;
  }

  /** Share of the velocity limits that may be used. @param time s, now */
  scale(time: number): number {
    return time < this.#slowUntil ? this.#options.slowScale : 1;
  }

  /** A cycle begins. @param time s, now @param elapsed for the robot since the last cycle, s */
  observe(time: number, elapsed: number): void {
    const missed = Math.round(elapsed / this.#period) - 1;
    this.#gap = elapsed;
    if (missed <= 0) {
      this.#missed = 0;
      return;
    }
    this.#missed += missed;
    if (this.#missed >= this.#options.missedCycles) this.#slowUntil = time + this.#options.slowTime;
  }
}
