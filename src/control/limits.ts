import type { JointParameters } from './joint-parameters.js';
import { createJointSample, type JointSample } from './trajectory.js';

/** A joint reaches its velocity limit from rest in this time, s: acceleration limit = velocity limit / this. */
const ACCELERATION_TIME = 0.05;

/** The feed-forward torque may go from zero to the torque limit in this time, s. */
const EFFORT_RISE_TIME = 0.02;

/**
 * Whether all values are finite: x − x is 0 for a finite x and NaN for all else. Real-time safe.
 */
export function allFinite(values: Float64Array, count = values.length): boolean {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i] - values[i];
  return sum === 0;
}

/** Acceleration limits, rad/s², one a joint. */
export function accelerationLimits({ velocityLimit }: JointParameters): Float64Array {
  return velocityLimit.map((limit) => limit / ACCELERATION_TIME);
}

/**
 * The first layer of safety, on the way of every command: position, velocity, acceleration and feed-forward torque
 * stay within limits whatever the reference does. A reference that keeps the limits passes unchanged, without lag;
 * one that does not (a jump, a step, a chunk boundary) is approached at limited acceleration and velocity and met
 * without overshoot. The article (section VI) looked limits up under names that no joint has, so that ±3.14 rad
 * held for all of them, and compared position differences per step, not per second, with the velocity limit; here
 * every joint has its own, and velocities are rad/s.
 *
 * Real-time safe; nothing is allocated after construction.
 */
export class CommandLimiter {
  readonly #lower: Float64Array;
  readonly #upper: Float64Array;
  readonly #velocityLimit: Float64Array;
  readonly #acceleration: Float64Array;
  readonly #effortLimit: Float64Array;
  readonly #command: JointSample;
  readonly #wanted: Float64Array;

  constructor(parameters: JointParameters) {
    this.#lower = Float64Array.from(parameters.lower);
    this.#upper = Float64Array.from(parameters.upper);
    this.#velocityLimit = Float64Array.from(parameters.velocityLimit);
    this.#acceleration = accelerationLimits(parameters);
    this.#effortLimit = Float64Array.from(parameters.effortLimit);
    this.#command = createJointSample(parameters.names.length);
    this.#wanted = new Float64Array(parameters.names.length);
  }

  /** The limited command; a live view. */
  get command(): JointSample {
    return this.#command;
  }

  /** Starts from the measured posture, at rest: whatever reference comes first, the command does not jump to it. */
  start(position: Float64Array): void {
    this.#command.position.set(position);
    this.#command.velocity.fill(0);
    this.#command.effort.fill(0);
  }

  /**
   * Where the command comes to rest if every joint brakes now, q + q̇·|q̇|/(2a), within the position limits.
   * @param out rad, one a joint
   */
  stoppingPosture(out: Float64Array): void {
    for (let j = 0; j < out.length; j++) {
      const v = this.#command.velocity[j];
      const rest = this.#command.position[j] + (v * Math.abs(v)) / (2 * this.#acceleration[j]);
      out[j] = Math.min(this.#upper[j], Math.max(this.#lower[j], rest));
    }
  }

  /**
   * Moves the command towards `reference` by one cycle.
   *
   * The velocity that arrives now, w = (q_d − q)/dt, is taken if it keeps the limits and can stay with the reference
   * afterwards. Else the command approaches at the velocity of the reference plus the speed from which it can still
   * stop on it: with s = a·dt, u, u − s, …, u − (n−1)·s > 0 cover the distance d in n cycles if
   *   d/dt = n·u − s·n(n−1)/2,   so   u(d) = d/(n·dt) + s·(n−1)/2,   n = ⌈√(1/4 + 2d/(s·dt)) − 1/2⌉.
   * The same u, with the distance to the position limit, bounds the velocity towards the limit.
   *
   * With `scale` below 1 all joints are slowed down together: the velocities above are multiplied by the one factor that
   * leaves none of them above that share of its limit.
   *
   * @param reference finite values @param dt s, positive @param scale share of the velocity limits, 0…1
   */
  track(reference: JointSample, dt: number, scale = 1): void {
    const { position, velocity, effort } = this.#command;
    const wanted = this.#wanted;
    let factor = 1;
    for (let j = 0; j < position.length; j++) {
      wanted[j] = this.#approach(j, reference.position[j], reference.velocity[j], dt);
      const most = scale * this.#velocityLimit[j];
      if (Math.abs(wanted[j]) * factor > most) factor = most / Math.abs(wanted[j]);
    }
    for (let j = 0; j < position.length; j++) {
      const lower = this.#lower[j];
      const upper = this.#upper[j];
      const step = this.#acceleration[j] * dt;
      const p = position[j];
      let w = clamp(factor * wanted[j], velocity[j] - step, velocity[j] + step);
      if (p <= upper) w = Math.min(w, stoppableSpeed(upper - p, step, dt));
      if (p >= lower) w = Math.max(w, -stoppableSpeed(p - lower, step, dt));

      const next = p + w * dt;
      position[j] = p <= upper && next > upper ? upper : p >= lower && next < lower ? lower : next;
      velocity[j] = w;

      const limit = this.#effortLimit[j];
      const slew = (limit * dt) / EFFORT_RISE_TIME;
      const torque = clamp(reference.effort[j], -limit, limit);
      effort[j] = clamp(torque, effort[j] - slew, effort[j] + slew);
    }
  }

  /** The velocity at which joint `j` approaches its reference, but for the limits that `track` adds, rad/s. */
  #approach(j: number, reference: number, referenceVelocity: number, dt: number): number {
    const lower = this.#lower[j];
    const upper = this.#upper[j];
    const vmax = this.#velocityLimit[j];
    const step = this.#acceleration[j] * dt;
    const p = this.#command.position[j];

    let target = reference;
    let targetVelocity = clamp(referenceVelocity, -vmax, vmax);
    if (target >= upper) {
      target = upper;
      targetVelocity = Math.min(0, targetVelocity);
    } else if (target <= lower) {
      target = lower;
      targetVelocity = Math.max(0, targetVelocity);
    }

    const w = (target - p) / dt;
    const direct =
      Math.abs(w) <= vmax && Math.abs(w - this.#command.velocity[j]) <= step && Math.abs(w - targetVelocity) <= step;
    if (direct) return w;
    const error = target - targetVelocity * dt - p;
    return clamp(targetVelocity + Math.sign(error) * stoppableSpeed(Math.abs(error), step, dt), -vmax, vmax);
  }
}

/** `value`, kept within low…high; NaN stays NaN. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** The speed u(d) of `CommandLimiter.track`. @param distance at least 0 @param step a·dt */
function stoppableSpeed(distance: number, step: number, dt: number): number {
  const d = distance / dt;
  const n = Math.max(1, Math.ceil(Math.sqrt(0.25 + (2 * d) / step) - 0.5));
  return d / n + 0.5 * step * (n - 1);
}
