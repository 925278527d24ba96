/** Where some joints are to be at a time. The vectors are as long as there are joints. */
export interface PathKnot {
  /** s */
  readonly time: number;
  /** rad */
  readonly position: ArrayLike<number>;
  /** rad/s; left out where only positions are given */
  readonly velocity?: ArrayLike<number>;
  /** rad/s²; not without velocities */
  readonly acceleration?: ArrayLike<number>;
}

/** Coefficients of a polynomial. */
const DEGREES = 6;

/**
 * A path of some joints through knots, polynomials in between: of fifth order where both knots have velocity and
 * acceleration, cubic where both have a velocity, else straight. It rests at its first knot before and at its last knot
 * afterwards. Sampling allocates nothing.
 */
export class JointPath {
  readonly joints: number;
  /** Times of the knots, s. */
  readonly times: Float64Array;
  /** c₀ … c₅ of each joint of each segment. */
  readonly #coefficients: Float64Array;
  #hint = 0;

  /** @param knots at least two, their times rising */
  constructor(knots: readonly PathKnot[]) {
    const segments = knots.length - 1;
    this.joints = knots[0]!.position.length;
    this.times = Float64Array.from(knots, ({ time }) => time);
    this.#coefficients = new Float64Array(segments * this.joints * DEGREES);
    for (let i = 0; i < segments; i++) {
      for (let j = 0; j < this.joints; j++) {
        interpolate(knots[i]!, knots[i + 1]!, j, this.#coefficients, (i * this.joints + j) * DEGREES);
      }
    }
  }

  get start(): number {
    return this.times[0]!;
  }

  get end(): number {
    return this.times[this.times.length - 1]!;
  }

  /** Positions at `time`: joint j's goes to `out[columns[j]]`. */
  positions(time: number, columns: Int32Array, out: Float64Array): void {
    const segment = this.#find(time);
    const t = this.#within(segment, time);
    const c = this.#coefficients;
    for (let j = 0; j < this.joints; j++) {
      const i = (segment * this.joints + j) * DEGREES;
      out[columns[j]!] = c[i]! + t * (c[i + 1]! + t * (c[i + 2]! + t * (c[i + 3]! + t * (c[i + 4]! + t * c[i + 5]!))));
    }
  }

  /** Positions, velocities and accelerations at `time`, one a joint; at rest before the start and after the end. */
  sample(time: number, position: Float64Array, velocity: Float64Array, acceleration: Float64Array): void {
    const segment = this.#find(time);
    this.sampleSegment(segment, this.#within(segment, time), position, velocity, acceleration);
    if (time >= this.start && time <= this.end) return;
    velocity.fill(0);
    acceleration.fill(0);
  }

  /** The same, `t` seconds after knot `segment`, on the polynomial that begins there. */
  sampleSegment(
    segment: number,
    t: number,
    position: Float64Array,
    velocity: Float64Array,
    acceleration: Float64Array,
  ): void {
    const c = this.#coefficients;
    for (let j = 0; j < this.joints; j++) {
      const i = (segment * this.joints + j) * DEGREES;
      const [c2, c3, c4, c5] = [c[i + 2]!, c[i + 3]!, c[i + 4]!, c[i + 5]!];
      position[j] = c[i]! + t * (c[i + 1]! + t * (c2 + t * (c3 + t * (c4 + t * c5))));
      velocity[j] = c[i + 1]! + t * (2 * c2 + t * (3 * c3 + t * (4 * c4 + t * 5 * c5)));
      acceleration[j] = 2 * c2 + t * (6 * c3 + t * (12 * c4 + t * 20 * c5));
    }
  }

  /** The segment of `time`; mostly that of the last call or the next. */
  #find(time: number): number {
    const last = this.times.length - 2;
    let segment = this.#hint;
    while (segment > 0 && time < this.times[segment]!) segment--;
    while (segment < last && time >= this.times[segment + 1]!) segment++;
    this.#hint = segment;
    return segment;
  }

  #within(segment: number, time: number): number {
    return Math.min(Math.max(time, this.start), this.end) - this.times[segment]!;
  }
}

/**
 * The polynomial q(t) = Σ cᵢ·tⁱ from knot a (t = 0) to knot b (t = T), with Δ = q_b − q_a:
 *   straight: c₁ = Δ/T
 *   cubic:    c₁ = v_a, c₂ = (3Δ/T − 2v_a − v_b)/T, c₃ = (v_a + v_b − 2Δ/T)/T²
 *   quintic:  c₁ = v_a, c₂ = a_a/2, c₃ = (20Δ − (8v_b + 12v_a)T − (3a_a − a_b)T²)/2T³,
 *             c₄ = (−30Δ + (14v_b + 16v_a)T + (3a_a − 2a_b)T²)/2T⁴, c₅ = (12Δ − 6(v_b + v_a)T + (a_b − a_a)T²)/2T⁵
 */
function interpolate(a: PathKnot, b: PathKnot, joint: number, out: Float64Array, at: number): void {
  const T = b.time - a.time;
  const start = a.position[joint]!;
  const change = b.position[joint]! - start;
  out[at] = start;
  if (a.velocity === undefined || b.velocity === undefined) {
    out[at + 1] = change / T;
    return;
  }
  const [va, vb] = [a.velocity[joint]!, b.velocity[joint]!];
  out[at + 1] = va;
  if (a.acceleration === undefined || b.acceleration === undefined) {
    out[at + 2] = ((3 * change) / T - 2 * va - vb) / T;
    out[at + 3] = (va + vb - (2 * change) / T) / T ** 2;
    return;
  }
  const [aa, ab] = [a.acceleration[joint]!, b.acceleration[joint]!];
  out[at + 2] = aa / 2;
  out[at + 3] = (20 * change - (8 * vb + 12 * va) * T - (3 * aa - ab) * T ** 2) / (2 * T ** 3);
  out[at + 4] = (-30 * change + (14 * vb + 16 * va) * T + (3 * aa - 2 * ab) * T ** 2) / (2 * T ** 4);
  out[at + 5] = (12 * change - 6 * (vb + va) * T + (ab - aa) * T ** 2) / (2 * T ** 5);
}
