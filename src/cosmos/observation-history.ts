/**
 * The last frames of a camera, from which an observation takes T of them, `spacing` apart in time. Allocates nothing
 * after construction.
 */
export class ObservationHistory {
  readonly #spacing: number;
  readonly #frames: Float32Array[];
  readonly #stamps: Float64Array;
  readonly #history: Float32Array;
  readonly #length: number;
  #count = 0;
  #newest = -1;

  /**
   * @param length frames in an observation, T ≥ 1
   * @param spacing time between them, s
   * @param frameSize numbers in a frame
   * @param rate the most frames a second that are pushed, Hz
   */
  constructor(length: number, spacing: number, frameSize: number, rate = 30) {
    this.#length = length;
    this.#spacing = spacing;
    const capacity = length === 1 ? 1 : Math.ceil((length - 1) * spacing * rate) + 2;
    this.#frames = Array.from({ length: capacity }, () => new Float32Array(frameSize));
    this.#stamps = new Float64Array(capacity);
    this.#history = new Float32Array(length * frameSize);
  }

  /** Time of the newest frame, s; undefined while there is none. */
  get stamp(): number | undefined {
    return this.#count === 0 ? undefined : this.#stamps[this.#newest];
  }

  /** Copies a frame in. A frame older than the newest means that time was set back: the history starts anew. */
  push(stamp: number, frame: Float32Array): void {
    const size = this.#frames[0]!.length;
    if (frame.length !== size)
      throw new Error(`observation history: a frame of ${frame.length} values; expected ${size}`);
    if (this.#count > 0 && stamp < this.#stamps[this.#newest]!) this.clear();
    this.#newest = (this.#newest + 1) % this.#frames.length;
    this.#count = Math.min(this.#count + 1, this.#frames.length);
    this.#stamps[this.#newest] = stamp;
    this.#frames[this.#newest]!.set(frame);
  }

  clear(): void {
    this.#count = 0;
  }

  /**
   * T frames, oldest first, [T, frame]: each the stored one nearest to its time. Until enough time has passed, the
   * oldest frame stands in for those before it. The array is reused by the next call.
   * @throws Error while there is no frame
   */
  observation(): Float32Array {
    if (this.#count === 0) throw new Error('observation history: no frame has arrived yet');
    for (let t = 0; t < this.#length; t++) {
      const wanted = this.#stamps[this.#newest]! - (this.#length - 1 - t) * this.#spacing;
      let nearest = this.#newest;
      for (let back = 1; back < this.#count; back++) {
        const slot = (this.#newest - back + this.#frames.length) % this.#frames.length;
        if (Math.abs(this.#stamps[slot]! - wanted) < Math.abs(this.#stamps[nearest]! - wanted)) nearest = slot;
      }
      this.#history.set(this.#frames[nearest]!, t * this.#frames[0]!.length);
    }
    return this.#history;
  }
}
