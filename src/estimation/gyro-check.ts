/** Samples before a change and after it, of which the gyro's step is judged: three, three, and the last two. */
const BEFORE = 6;
const AFTER = 2;
const SAMPLES = BEFORE + AFTER;
/** From the middle of the last two samples to the middle of the three before, as a share of that between the threes. */
const AHEAD = 2.5 / 3;
/**
 * A step of the gyro that no motion of the body explains, rad/s: declared at once; declared where the legs, which the
 * cycles after it are watched for, have not seen it either. Noise reaches 0.05, a push of 300 N at its edges 0.076.
 */
const STEP = 0.11;
const DOUBTFUL_STEP = 0.06;
const UNSEEN = 0.05;
const CYCLES = 6;
/** Gyro against legs on average over both times, s, while both feet stand firm, rad/s … */
const FAST = { time: 0.03, limit: 0.3 } as const;
const SLOW = { time: 0.5, limit: 0.05 } as const;
/** … and below this they agree again. */
const AGREED = 0.03;
/** All is judged once both feet have stood firm for this long, s: soles that come down shake the body. */
const STEADY = 0.1;
/** A longer cycle leaves room for any change, s. */
const LONGEST = 0.003;

/**
 * Whether the gyro tells the truth, against the angular velocity that the legs give while the soles stand still. A step
 * within two cycles is a fault of the sensor, since a body of this inertia turns faster only gradually; what comes
 * gradually is seen on average. Soles that rock tell nothing, so the verdict stays until they stand firm and agree.
 *
 * All in base_link. Real-time safe.
 */
export class GyroCheck {
  /** Gyro minus legs on average, rad/s: the bias, once `biased`. */
  readonly difference = new Float64Array(3);
  readonly #fast = new Float64Array(3);
  /** Last samples of the gyro, and of gyro minus legs, the newest first: three numbers each. */
  readonly #gyro = new Float64Array(3 * SAMPLES);
  readonly #gap = new Float64Array(3 * SAMPLES);
  #filled = 0;
  #biased = false;
  /** How long both feet have stood firm, s. */
  #steady = 0;
  /** A doubtful step: its axis and size, the difference before it, the sum since, cycles that are left. */
  #axis = 0;
  #step = 0;
  #baseline = 0;
  #sum = 0;
  #left = 0;

  /** Whether the gyro must not be used. */
  get biased(): boolean {
    return this.#biased;
  }

  /** Starts with trust. */
  reset(): void {
    this.#biased = false;
    this.difference.fill(0);
    this.#fast.fill(0);
    this.#steady = 0;
    this.forget();
  }

  /** There is no gyro in this cycle: what comes next is not compared with what was. */
  forget(): void {
    this.#filled = 0;
    this.#left = 0;
  }

  /**
   * One cycle.
   * @param gyro rad/s @param legs angular velocity of the base by the loaded legs, rad/s
   * @param firm whether both feet stand flat, so that `legs` is the truth but for noise @param dt s
   */
  update(gyro: Float64Array, legs: Float64Array, firm: boolean, dt: number): void {
    if (dt > LONGEST) this.forget();
    this.#shift(gyro, legs);
    this.#steady = firm ? this.#steady + dt : 0;
    this.#average(this.#steady >= STEADY, dt);
    if (this.#left > 0) this.#confirm();
    if (this.#filled === SAMPLES && this.#steady >= STEADY && !this.#biased) this.#look();
  }

  #shift(gyro: Float64Array, legs: Float64Array): void {
    this.#gyro.copyWithin(3, 0);
    this.#gap.copyWithin(3, 0);
    for (let k = 0; k < 3; k++) {
      this.#gyro[k] = gyro[k];
      this.#gap[k] = gyro[k] - legs[k];
    }
    if (this.#filled < SAMPLES) this.#filled++;
  }

  /** The averages; while the soles are not steady they fade, or stay where the gyro is known to be wrong. */
  #average(steady: boolean, dt: number): void {
    if (this.#biased && !steady) return;
    let fast = 0;
    let slow = 0;
    for (let k = 0; k < 3; k++) {
      const now = steady ? this.#gap[k] : 0;
      this.#fast[k] += (now - this.#fast[k]) * (dt / (FAST.time + dt));
      this.difference[k] += (now - this.difference[k]) * (dt / (SLOW.time + dt));
      fast += this.#fast[k] * this.#fast[k];
      slow += this.difference[k] * this.difference[k];
    }
    if (this.#biased) this.#biased = slow > AGREED * AGREED;
    else this.#biased = fast > FAST.limit * FAST.limit || slow > SLOW.limit * SLOW.limit;
  }

  /** Compares the last two samples with what the six before lead to. */
  #look(): void {
    const g = this.#gyro;
    let axis = 0;
    let largest = 0;
    for (let k = 0; k < 3; k++) {
      const now = (g[k] + g[3 + k]) / 2;
      const near = (g[6 + k] + g[9 + k] + g[12 + k]) / 3;
      const far = (g[15 + k] + g[18 + k] + g[21 + k]) / 3;
      const step = now - near - AHEAD * (near - far);
      if (Math.abs(step) <= Math.abs(largest)) continue;
      largest = step;
      axis = k;
    }
    if (Math.abs(largest) > STEP) this.#declare(axis, largest);
    else if (Math.abs(largest) > DOUBTFUL_STEP && this.#left === 0) this.#doubt(axis, largest);
  }

  #doubt(axis: number, step: number): void {
    this.#axis = axis;
    this.#step = step;
    this.#baseline = 0;
    this.#sum = 0;
    this.#left = CYCLES;
    for (let i = AFTER; i < SAMPLES; i++) this.#baseline += this.#gap[3 * i + this.#axis] / BEFORE;
  }

  /** Did the legs see the step? */
  #confirm(): void {
    this.#sum += this.#gap[this.#axis];
    this.#left--;
    if (this.#left > 0) return;
    const unseen = (this.#sum / CYCLES - this.#baseline) * Math.sign(this.#step);
    if (unseen > UNSEEN) this.#declare(this.#axis, this.#step);
  }

  #declare(axis: number, step: number): void {
    this.#biased = true;
    this.#left = 0;
    this.difference[axis] += step;
  }
}
