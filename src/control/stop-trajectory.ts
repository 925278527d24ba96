import { minimumJerk, minimumJerkRate } from '../math/minimum-jerk.js';
import type { JointParameters } from './joint-parameters.js';
import { accelerationLimits } from './limits.js';

/** The stop of category 1; plain data, because it travels to the loop's thread. */
export interface CrouchOptions {
  /** Posture to which the joints move, rad, one a joint; NaN for a joint that holds. */
  readonly posture: Float64Array;
  /** Share of the velocity limits, 0…1. */
  readonly speed: number;
  /** Time at rest after the move, before the drives damp, s. */
  readonly settle: number;
}

/** Largest velocity of the minimum-jerk profile s(u) = 10u³ − 15u⁴ + 6u⁵, at u = 1/2, … */
const PEAK_VELOCITY = 15 / 8;
/** … and its largest acceleration, 10/√3. */
const PEAK_ACCELERATION = 10 / Math.sqrt(3);

/**
 * The controlled move of a stop of category 1: all its joints leave together and arrive together, at rest, on the
 * minimum-jerk profile q(t) = q₀ + (q₁ − q₀)·s(t/T), with T such that no joint exceeds its share of the velocity limit
 * nor its acceleration limit: T = max_j max(15/8·|Δ_j|/(speed·v_j), √(10/√3·|Δ_j|/a_j)).
 *
 * Real-time safe; nothing is allocated after construction.
 */
export class StopTrajectory {
  readonly #options: CrouchOptions;
  readonly #velocityLimit: Float64Array;
  readonly #acceleration: Float64Array;
  readonly #from: Float64Array;
  #start = 0;
  #duration = 0;

  /** @throws Error for a posture of another robot, or outside the position limits */
  constructor(parameters: JointParameters, options: CrouchOptions) {
    const { names, lower, upper } = parameters;
    if (options.posture.length !== names.length) {
      throw new Error(`the crouch has ${options.posture.length} joints, the robot has ${names.length}`);
    }
    const bad = options.posture.findIndex((q, j) => q < lower[j] || q > upper[j]);
    if (bad >= 0) {
      throw new Error(`the crouch has ${names[bad]} at ${options.posture[bad]} rad, beyond its position limits`);
    }
    this.#options = options;
    this.#velocityLimit = Float64Array.from(parameters.velocityLimit);
    this.#acceleration = accelerationLimits(parameters);
    this.#from = new Float64Array(names.length);
  }

  /** Time that the move takes, s. */
  get duration(): number {
    return this.#duration;
  }

  /** Begins the move. @param time s, now @param from where the joints are at rest, rad */
  start(time: number, from: Float64Array): void {
    const { posture, speed } = this.#options;
    this.#from.set(from);
    this.#start = time;
    this.#duration = 0;
    for (let j = 0; j < from.length; j++) {
      const distance = Math.abs(posture[j] - from[j]);
      if (!(distance > 0)) continue;
      const byVelocity = (PEAK_VELOCITY * distance) / (speed * this.#velocityLimit[j]);
      const byAcceleration = Math.sqrt((PEAK_ACCELERATION * distance) / this.#acceleration[j]);
      this.#duration = Math.max(this.#duration, byVelocity, byAcceleration);
    }
  }

  /**
   * The move at `time`.
   * @param position filled, rad @param velocity filled, rad/s
   * @returns whether the move is over, and the time to settle with it
   */
  sample(time: number, position: Float64Array, velocity: Float64Array): boolean {
    const { posture, settle } = this.#options;
    const elapsed = time - this.#start;
    const u = this.#duration > 0 ? Math.min(1, Math.max(0, elapsed / this.#duration)) : 1;
    const s = minimumJerk(u);
    const rate = u < 1 ? minimumJerkRate(u) / this.#duration : 0;
    for (let j = 0; j < position.length; j++) {
      // A joint without a posture holds.
      const distance = Number.isNaN(posture[j]) ? 0 : posture[j] - this.#from[j];
      position[j] = this.#from[j] + distance * s;
      velocity[j] = distance * rate;
    }
    return elapsed >= this.#duration + settle;
  }
}
