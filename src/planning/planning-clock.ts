/** A clock that is further off than this was set, s. */
const JUMP = 1;

/**
 * The time base of a planner that works on a fixed grid: whole periods since its start, so that a step is exactly one
 * period, whatever the resolution of the wall clock.
 */
export class PlanningClock {
  readonly #period: number;
  #origin = 0;
  #cycle = 0;

  /** @param period s */
  constructor(period: number) {
    this.#period = period;
  }

  /** Time now on the grid, s since the start. */
  get time(): number {
    return this.#cycle * this.#period;
  }

  /** What to add to the grid's time to get the wall clock's, s. */
  get origin(): number {
    return this.#origin;
  }

  /** Starts at `now` (wall clock, s). */
  start(now: number): void {
    this.#origin = now;
    this.#cycle = 0;
  }

  /**
   * Moves on to the grid point nearest to `now` (wall clock, s), never back.
   * @returns whether the wall clock was set: the grid then goes on by one period, and times taken from the wall clock
   *   before mean nothing any more
   */
  tick(now: number): boolean {
    const next = Math.round((now - this.#origin) / this.#period);
    const jumped = Math.abs(next - this.#cycle) * this.#period > JUMP;
    if (jumped) {
      this.#cycle++;
      this.#origin = now - this.#cycle * this.#period;
    } else {
      this.#cycle = Math.max(next, this.#cycle);
    }
    return jumped;
  }
}
