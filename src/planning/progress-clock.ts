/** How the speed scale may change. */
export interface ProgressClockOptions {
  /** Time in which full speed comes down to standstill, s. */
  readonly stopTime: number;
  /** Time in which standstill becomes full speed, s. */
  readonly resumeTime: number;
}

export const progressClockDefaults: ProgressClockOptions = { stopTime: 0.25, resumeTime: 1 };

/** Points of the past that are remembered: 5 s of the planner's. */
const MEMORY = 500;

/** Points whose motion is committed already: what is commanded now, and the next. */
const COMMITTED = 2;

/**
 * Time along paths that are followed slower than planned. At speed scale s, 0…1, the robot is on its path at time t
 * where it would have been at p(t) = t − l(t), with the lag l = ∫ (1 − s) dt. The path stays as it is, it is neither
 * cut short nor left, and with s = 0 the robot stands on it. The scale rises and falls at limited rates.
 *
 * Times are those of a plan of equidistant points, of which point 0 is now. Allocates nothing after construction.
 */
export class ProgressClock {
  readonly #period: number;
  readonly #options: ProgressClockOptions;
  /** At the points of the plan. */
  readonly #scale: Float64Array;
  readonly #lag: Float64Array;
  /** Lag of the points that have been point 0, a ring. */
  readonly #past = new Float64Array(MEMORY);
  #shifts = 0;
  #time = 0;
  #target = 1;

  /** @param period time between the points, s @param points of a plan */
  constructor(period: number, points: number, options: ProgressClockOptions = progressClockDefaults) {
    this.#period = period;
    this.#options = options;
    this.#scale = new Float64Array(points).fill(1);
    this.#lag = new Float64Array(points);
  }

  /** Speed scale at point 0. */
  get scale(): number {
    return this.#scale[0]!;
  }

  /** Starts at `time`, s, at the scale that is asked for, without a lag. */
  start(time: number): void {
    this.#time = time;
    this.#shifts = 0;
    this.#lag.fill(0);
    this.#scale.fill(this.#target);
    for (let k = 1; k < this.#lag.length; k++) this.#lag[k] = this.#lag[k - 1]! + this.#period * (1 - this.#target);
  }

  /**
   * Asks for a scale, 0…1, which is approached from point 2 on.
   * @returns whether points from there on have changed
   */
  setTarget(target: number): boolean {
    // What is no number asks for a stop.
    const wanted = target > 0 ? Math.min(target, 1) : 0;
    if (wanted === this.#target) return false;
    this.#target = wanted;
    for (let k = COMMITTED; k < this.#scale.length; k++) this.#approach(k);
    return true;
  }

  /** Makes point 1 point 0. */
  shift(): void {
    const last = this.#scale.length - 1;
    this.#past[this.#shifts % MEMORY] = this.#lag[0]!;
    this.#shifts++;
    this.#time += this.#period;
    this.#scale.copyWithin(0, 1);
    this.#lag.copyWithin(0, 1);
    this.#approach(last);
  }

  /** Time along the path at point `k`, s. */
  at(k: number): number {
    return this.#time + k * this.#period - this.#lag[k]!;
  }

  /** Time along the path from point k − 1 to point `k`, s. */
  step(k: number): number {
    return this.#period - (this.#lag[k]! - this.#lag[k - 1]!);
  }

  /** Time along the path at `time`, s: linear between the points; before what is remembered at full speed. */
  progress(time: number): number {
    const place = (time - this.#time) / this.#period;
    const remembered = Math.min(this.#shifts, MEMORY);
    const low = Math.min(Math.max(Math.floor(place), -remembered), this.#lag.length - 2);
    const before = this.#lagOf(low);
    if (place <= low) return time - before;
    return time - before - (place - low) * (this.#lagOf(low + 1) - before);
  }

  #lagOf(k: number): number {
    return k >= 0 ? this.#lag[k]! : this.#past[(this.#shifts + k) % MEMORY]!;
  }

  /** s_k = s_{k−1} towards the target, l_k = l_{k−1} + h·(1 − (s_{k−1} + s_k)/2). */
  #approach(k: number): void {
    const { stopTime, resumeTime } = this.#options;
    const h = this.#period;
    const before = this.#scale[k - 1]!;
    this.#scale[k] = Math.min(Math.max(this.#target, before - h / stopTime), before + h / resumeTime);
    this.#lag[k] = this.#lag[k - 1]! + h * (1 - (before + this.#scale[k]!) / 2);
  }
}
