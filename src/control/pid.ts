import type { JointCommand } from './hardware.js';
import type { JointParameters } from './joint-parameters.js';
import { clamp } from './limits.js';
import type { JointSample } from './trajectory.js';

/** Largest integral torque, as a part of each joint's torque limit. */
const INTEGRAL_SHARE = 0.2;

/**
 * PID with feed-forward for all joints. With e = q_d − q and ė = q̇_d − q̇,
 *
 *   τ = kp·ē + kd·ė + I + τ_ff,   I = ∫ ki·e dt,   |τ| ≤ τ_max,   ē = e within ± τ_max / kp.
 *
 * A joint that is held back pushes with τ_max however far it lags, and one that comes free then, such as a finger that
 * slips off what it presses, runs after its command with τ_max / kd at most, not with kp·e / kd.
 *
 * `command` leaves kp and kd to the drives, which close that part of the loop faster, and sends the rest as their
 * feed-forward torque; `torque` gives τ itself, for drives that take torque only.
 *
 * Differences from the article's LowLevelController (section VI): its derivative term added kd·q̇ of the measured
 * velocity with a plus sign, which drives the joint away from rest; here the derivative acts on the error, ė = q̇_d − q̇.
 * Its integral grew without bound; here it is clamped to a fifth of the torque limit, and stands still while the
 * torque is saturated and integrating would saturate it further (conditional integration). Its torque was unlimited.
 *
 * Real-time safe; nothing is allocated after construction.
 */
export class JointPid {
  readonly #kp: Float64Array;
  readonly #ki: Float64Array;
  readonly #kd: Float64Array;
  readonly #limit: Float64Array;
  /** τ_max / kp, rad; Infinity without stiffness. */
  readonly #lead: Float64Array;
  readonly #integral: Float64Array;
  readonly #torque: Float64Array;

  constructor(parameters: JointParameters) {
    this.#kp = Float64Array.from(parameters.kp);
    this.#ki = Float64Array.from(parameters.ki);
    this.#kd = Float64Array.from(parameters.kd);
    this.#limit = Float64Array.from(parameters.effortLimit);
    this.#lead = this.#limit.map((limit, j) => (this.#kp[j] > 0 ? limit / this.#kp[j] : Infinity));
    this.#integral = new Float64Array(this.#kp.length);
    this.#torque = new Float64Array(this.#kp.length);
  }

  /** Integral torques, N·m; a live view. */
  get integral(): Float64Array {
    return this.#integral;
  }

  /** Torques asked of the joints in the last cycle, N·m, within the limits; a live view. */
  get demand(): Float64Array {
    return this.#torque;
  }

  /** Forgets the integral. */
  reset(): void {
    this.#integral.fill(0);
    this.#torque.fill(0);
  }

  /**
   * Fills `out` for drives with gains: the position is the nearest to the desired one that asks for no more than the
   * torque limit, q + ē. The effort is chosen such that the drive's own sum stays within it: clamp(τ) − kp·ē − kd·ė.
   * @param reference desired position, velocity and feed-forward torque
   * @param q measured positions, rad @param qd measured velocities, rad/s @param dt s since the last cycle
   */
  command(reference: JointSample, q: Float64Array, qd: Float64Array, dt: number, out: JointCommand): void {
    for (let j = 0; j < q.length; j++) {
      const limit = this.#limit[j];
      const lead = this.#lead[j];
      const pd = this.#update(j, reference, q[j], qd[j], dt);
      const effort = this.#torque[j] - pd;
      out.position[j] = clamp(reference.position[j], q[j] - lead, q[j] + lead);
      out.velocity[j] = reference.velocity[j];
      out.kp[j] = this.#kp[j];
      out.kd[j] = this.#kd[j];
      out.effort[j] = clamp(effort, -limit, limit);
    }
  }

  /**
   * Fills `out` with the torques, N·m, for drives that take torque only. Parameters as in `command`.
   */
  torque(reference: JointSample, q: Float64Array, qd: Float64Array, dt: number, out: Float64Array): void {
    for (let j = 0; j < q.length; j++) this.#update(j, reference, q[j], qd[j], dt);
    out.set(this.#torque);
  }

  /**
   * Fills `out` for an emergency stop: no stiffness and no feed-forward, τ = −kd·q̇. Forgets the integral.
   * @param q measured positions, rad, which become the commanded ones
   */
  damp(q: Float64Array, out: JointCommand): void {
    this.reset();
    out.position.set(q);
    out.velocity.fill(0);
    out.kp.fill(0);
    out.kd.set(this.#kd);
    out.effort.fill(0);
  }

  /** One joint: integrates, stores the limited torque, returns its proportional and derivative part. */
  #update(j: number, reference: JointSample, q: number, qd: number, dt: number): number {
    const limit = this.#limit[j];
    const lead = this.#lead[j];
    const e = reference.position[j] - q;
    const pd = this.#kp[j] * clamp(e, -lead, lead) + this.#kd[j] * (reference.velocity[j] - qd);
    const rest = pd + reference.effort[j];
    let integral = this.#integral[j];
    const torque = rest + integral;
    if (!((torque >= limit && e > 0) || (torque <= -limit && e < 0))) {
      const bound = INTEGRAL_SHARE * limit;
      integral = clamp(integral + this.#ki[j] * e * dt, -bound, bound);
      this.#integral[j] = integral;
    }
    this.#torque[j] = clamp(rest + integral, -limit, limit);
    return pd;
  }
}
