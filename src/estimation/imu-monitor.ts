import type { RobotState } from '../control/hardware.js';
import { EstimatorFault } from './base-estimate.js';

/** What the inertial unit can measure: 2000 °/s and 16 g, the usual largest ranges, with a margin. */
const LARGEST_RATE = 36;
const LARGEST_FORCE = 160;
/** Time for which the last good measurement stands in for bad ones, s. */
const BRIDGE = 0.005;
/** Time of good measurements after which the unit is trusted again, s. */
const PROBATION = 0.2;
/** While both feet stand firm: mean acceleration, m/s²; tilt against soles, rad. */
const ACCELERATION_LIMIT = 2.5;
const TILT_LIMIT = 0.12;
/** Time constants of the means of those, s. */
const ACCELERATION_TIME = 0.25;
const TILT_TIME = 0.05;

/**
 * Watches the inertial unit: values that are none, values that stand still, values that contradict the legs. Keeps the
 * last good measurement. Real-time safe.
 */
export class ImuMonitor {
  /** Last good measurement: rad/s and m/s², base_link. */
  readonly gyro = new Float64Array(3);
  readonly specificForce = new Float64Array(3);
  readonly #last = new Float64Array(6);
  readonly #acceleration = new Float64Array(3);
  readonly #freeze: number;
  #repeated = 0;
  #bad = 0;
  #good = PROBATION;
  #tilt = 0;
  #faults = 0;

  /** @param freeze time after which a measurement that repeats itself bit by bit is not alive, s */
  constructor(freeze: number) {
    this.#freeze = freeze;
  }

  /** Mask of EstimatorFault of the present measurement. */
  get faults(): number {
    return this.#faults;
  }

  /** Whether to rely on `gyro` and `specificForce`: good now and lately, or bad for so short that they still hold. */
  get usable(): boolean {
    return (
      this.#good >= PROBATION || (this.#bad > 0 && this.#bad <= BRIDGE && this.#faults === EstimatorFault.imuInvalid)
    );
  }

  /** Starts with trust in whatever comes first. */
  reset(state: RobotState): void {
    this.#repeated = 0;
    this.#bad = 0;
    this.#good = PROBATION;
    this.#tilt = 0;
    this.#faults = 0;
    this.#acceleration.fill(0);
    this.gyro.fill(0);
    this.specificForce.fill(0);
    this.specificForce[2] = 9.80665;
    if (valid(state)) {
      this.gyro.set(state.angularVelocity);
      this.specificForce.set(state.linearAcceleration);
    }
  }

  /** Takes a measurement. @param dt s */
  take(state: RobotState, dt: number): void {
    let faults = this.#faults & EstimatorFault.imuImplausible;
    if (valid(state)) {
      this.gyro.set(state.angularVelocity);
      this.specificForce.set(state.linearAcceleration);
    } else {
      faults |= EstimatorFault.imuInvalid;
    }
    this.#repeated = this.#repeats(state) ? this.#repeated + dt : 0;
    if (this.#repeated >= this.#freeze) faults |= EstimatorFault.imuFrozen;
    this.#faults = faults;
    this.#count(dt);
  }

  /**
   * Compares with the legs; call it after `take`, with zeros where the feet do not both stand firm.
   * @param biased whether the gyro contradicts the legs @param acceleration of the base, m/s²
   * @param tilt between the estimated vertical and the soles', rad
   */
  compare(biased: boolean, acceleration: Float64Array, tilt: number, dt: number): void {
    let squaredAcceleration = 0;
    for (let k = 0; k < 3; k++) {
      this.#acceleration[k] += (acceleration[k] - this.#acceleration[k]) * (dt / (ACCELERATION_TIME + dt));
      squaredAcceleration += this.#acceleration[k] * this.#acceleration[k];
    }
    this.#tilt += (tilt - this.#tilt) * (dt / (TILT_TIME + dt));
    const implausible =
      biased || squaredAcceleration > ACCELERATION_LIMIT * ACCELERATION_LIMIT || this.#tilt > TILT_LIMIT;
    if (implausible) this.#faults |= EstimatorFault.imuImplausible;
    else this.#faults &= ~EstimatorFault.imuImplausible;
    if (implausible) this.#good = 0;
  }

  #count(dt: number): void {
    this.#bad = this.#faults === 0 ? 0 : this.#bad + dt;
    if (this.#faults === 0) this.#good += dt;
    else if (this.#faults !== EstimatorFault.imuInvalid || this.#bad > BRIDGE) this.#good = 0;
  }

  #repeats({ angularVelocity: w, linearAcceleration: a }: RobotState): boolean {
    const last = this.#last;
    let same = true;
    for (let k = 0; k < 3; k++) {
      if (w[k] !== last[k] || a[k] !== last[3 + k]) same = false;
      last[k] = w[k];
      last[3 + k] = a[k];
    }
    return same;
  }
}

/** Zeros throughout are no measurement: not even in free fall is there nothing to measure. */
function valid({ angularVelocity: w, linearAcceleration: a }: RobotState): boolean {
  let zero = true;
  for (let k = 0; k < 3; k++) {
    if (!(Math.abs(w[k]) < LARGEST_RATE && Math.abs(a[k]) < LARGEST_FORCE)) return false;
    if (w[k] !== 0 || a[k] !== 0) zero = false;
  }
  return !zero;
}
