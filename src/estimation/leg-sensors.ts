import type { RobotState } from '../control/hardware.js';
import type { Robot } from '../robot/robot.js';
import { LegKinematics } from './leg-kinematics.js';

/** How far an encoder may be beyond its joint's range, rad. */
const RANGE_MARGIN = 0.3;
/** A joint may be this much faster than its drive can turn it. */
const SPEED_FACTOR = 2;
/** Positions of two cycles may differ by what the velocity explains and this, rad. */
const JUMP = 0.02;
/** Time after which a leg is trusted again, s. */
const PROBATION = 0.01;

/** One leg's encoders, watched, and what follows from them. Real-time safe. */
export class LegSensors {
  readonly kinematics: LegKinematics;
  readonly #joints: Int32Array;
  readonly #lower: Float64Array;
  readonly #upper: Float64Array;
  readonly #speed: Float64Array;
  readonly #last: Float64Array;
  readonly #lastSpeed: Float64Array;
  #repeated = 0;
  #good = PROBATION;
  #known = false;

  /** @param sole the link at the leg's end */
  constructor(robot: Robot, sole: string) {
    this.kinematics = new LegKinematics(robot, sole);
    this.#joints = this.kinematics.joints.filter((joint) => joint >= 0);
    const each = (value: (joint: number) => number) => Float64Array.from(this.#joints, value);
    this.#lower = each((joint) => robot.urdf.joints[joint].lower - RANGE_MARGIN);
    this.#upper = each((joint) => robot.urdf.joints[joint].upper + RANGE_MARGIN);
    this.#speed = each((joint) => robot.urdf.joints[joint].velocity * SPEED_FACTOR);
    this.#last = new Float64Array(this.#joints.length);
    this.#lastSpeed = new Float64Array(this.#joints.length);
  }

  /** Whether the kinematics can be relied on. */
  get valid(): boolean {
    return this.#good >= PROBATION;
  }

  /** Time for which all encoders have repeated themselves bit by bit, s. */
  get repeated(): number {
    return this.#repeated;
  }

  /** Starts with trust in what comes first. */
  reset(state: RobotState): void {
    this.#known = false;
    this.#good = PROBATION;
    this.update(state, 1);
    this.#repeated = 0;
  }

  /** The leg has to earn trust anew. */
  distrust(): void {
    this.#good = 0;
  }

  /** Checks the encoders and computes the kinematics, which stays as it was where they are of no use. */
  update({ position, velocity }: RobotState, dt: number): void {
    const usable = this.#possible(position, velocity);
    const steady = usable && this.#steady(position, velocity, dt);
    this.#repeated = this.#repeats(position, velocity) ? this.#repeated + dt : 0;
    if (usable) {
      for (let k = 0; k < this.#joints.length; k++) {
        this.#last[k] = position[this.#joints[k]];
        this.#lastSpeed[k] = velocity[this.#joints[k]];
      }
      this.#known = true;
      this.kinematics.update(position, velocity);
    }
    this.#good = steady ? this.#good + dt : 0;
  }

  #possible(position: Float64Array, velocity: Float64Array): boolean {
    for (let k = 0; k < this.#joints.length; k++) {
      const q = position[this.#joints[k]];
      if (!(q > this.#lower[k] && q < this.#upper[k])) return false;
      if (!(Math.abs(velocity[this.#joints[k]]) < this.#speed[k])) return false;
    }
    return true;
  }

  #repeats(position: Float64Array, velocity: Float64Array): boolean {
    for (let k = 0; k < this.#joints.length; k++) {
      const joint = this.#joints[k];
      if (position[joint] !== this.#last[k] || velocity[joint] !== this.#lastSpeed[k]) return false;
    }
    return true;
  }

  #steady(position: Float64Array, velocity: Float64Array, dt: number): boolean {
    if (!this.#known) return true;
    for (let k = 0; k < this.#joints.length; k++) {
      const joint = this.#joints[k];
      const change = position[joint] - this.#last[k] - velocity[joint] * dt;
      // The velocity is that of the cycle's end: within the cycle it was another one.
      if (Math.abs(change) > JUMP + Math.abs(velocity[joint]) * dt) return false;
    }
    return true;
  }
}
