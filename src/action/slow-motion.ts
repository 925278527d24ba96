/** Changes of the speed that are remembered: 5 s of the planner's, which tells one a cycle at most. */
const MEMORY = 512;

/**
 * How far the planner is behind the time of its chunks, because it goes slower near people: at speed scale s, 0…1, the lag
 * l = ∫ (1 − s) dt grows. Allocates nothing after construction.
 */
export class SlowMotion {
  /** Times at which the scale changed, s, the lag then, and the scale from then on; a ring. */
  readonly #time = new Float64Array(MEMORY);
  readonly #lag = new Float64Array(MEMORY);
  readonly #scale = new Float64Array(MEMORY);
  #count = 0;

  /** The scale from `time` on, s; one that is no number stands for 0. A time before the last one begins anew. */
  observe(time: number, scale: number): void {
    const last = (this.#count - 1) % MEMORY;
    if (this.#count > 0 && time < this.#time[last]!) this.#count = 0;
    const lag = this.lag(time);
    const next = this.#count % MEMORY;
    this.#time[next] = time;
    this.#lag[next] = lag;
    this.#scale[next] = scale > 0 ? Math.min(scale, 1) : 0;
    this.#count++;
  }

  /** The lag at `time`, s; before what is remembered it has not grown. */
  lag(time: number): number {
    const oldest = Math.max(0, this.#count - MEMORY);
    for (let k = this.#count - 1; k >= oldest; k--) {
      const i = k % MEMORY;
      if (time >= this.#time[i]!) return this.#lag[i]! + (time - this.#time[i]!) * (1 - this.#scale[i]!);
    }
    return this.#count > 0 ? this.#lag[oldest % MEMORY]! : 0;
  }
}
