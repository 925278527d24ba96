import type { Findings } from './findings.js';
import type { JointLimits } from './joint-rules.js';

/** A commanded trajectory; row-major, joints in URDF order. */
export interface CommandedTrajectory {
  readonly joints: number;
  readonly count: number;
  /** s, increasing */
  readonly time: ArrayLike<number>;
  /** rad */
  readonly position: ArrayLike<number>;
  /** rad/s */
  readonly velocity: ArrayLike<number>;
}

const KEY = 'trajectory';
/** Rounding of the planner's own limits, rad. */
const POSITION_TOLERANCE = 1e-3;
/** Beyond this many times the velocity limit a plan is not a fast plan but a broken one. */
const IMPLAUSIBLE = 3;
/** A judgement counts for this long, s: after that the trajectory is history. */
const VALIDITY = 0.5;

/**
 * Judges commanded trajectories, before the loop's own limits act on them: a value that is not finite, a position
 * outside its limits or an implausible velocity is malformed, a velocity beyond its limit is fast (the loop will bound
 * it). Velocities are the given ones and the difference of positions over the time between
 * waypoints; the article's check (section VI) compared the bare difference with a velocity limit.
 */
export class TrajectoryRules {
  readonly #limits: JointLimits;
  readonly #findings: Findings;
  #observed = -Infinity;

  constructor(limits: JointLimits, findings: Findings) {
    this.#limits = limits;
    this.#findings = findings;
  }

  /** @param time s, of arrival */
  observe(time: number, trajectory: CommandedTrajectory): void {
    this.#observed = time;
    const stop = this.#reasonToStop(trajectory);
    const warning = stop === undefined ? this.#reasonToWarn(trajectory) : undefined;
    if (stop !== undefined) this.#findings.set(KEY, 'trajectory_malformed', `joint_trajectory: ${stop}`);
    else if (warning !== undefined) this.#findings.set(KEY, 'trajectory_fast', `joint_trajectory: ${warning}`);
    else this.#findings.clear(KEY);
  }

  /** One that is no trajectory of this robot. @param time s, of arrival @param reason what is wrong with it */
  observeMalformed(time: number, reason: string): void {
    this.#observed = time;
    this.#findings.set(KEY, 'trajectory_malformed', reason);
  }

  /** @param time s, now */
  judge(time: number): void {
    if (time - this.#observed > VALIDITY) this.#findings.clear(KEY);
  }

  #reasonToStop({ joints, count, time, position, velocity }: CommandedTrajectory): string | undefined {
    const { names, lower, upper } = this.#limits;
    if (joints !== names.length) return `${joints} joints, the robot has ${names.length}`;
    for (let k = 0; k < count; k++) {
      if (k > 0 && !(time[k] > time[k - 1])) return `times of points ${k - 1} and ${k} do not increase`;
      for (let j = 0; j < joints; j++) {
        const q = position[k * joints + j];
        const v = velocity[k * joints + j];
        if (!(Number.isFinite(q) && Number.isFinite(v))) return `${names[j]} at point ${k} is ${q} rad, ${v} rad/s`;
        if (q < lower[j] - POSITION_TOLERANCE || q > upper[j] + POSITION_TOLERANCE) {
          return `${names[j]} at point ${k} is ${q.toFixed(3)} rad, limits are ${lower[j]}…${upper[j]} rad`;
        }
      }
    }
    return this.#fast({ joints, count, time, position, velocity }, IMPLAUSIBLE);
  }

  #reasonToWarn(trajectory: CommandedTrajectory): string | undefined {
    return this.#fast(trajectory, 1 + 1e-6);
  }

  /** The first joint that is faster than `factor` times its limit. */
  #fast({ joints, count, time, position, velocity }: CommandedTrajectory, factor: number): string | undefined {
    const { names, velocityLimit } = this.#limits;
    for (let k = 0; k < count; k++) {
      for (let j = 0; j < joints; j++) {
        const i = k * joints + j;
        let v = Math.abs(velocity[i]);
        if (k > 0) v = Math.max(v, Math.abs(position[i] - position[i - joints]) / (time[k] - time[k - 1]));
        if (v > velocityLimit[j] * factor) {
          return `${names[j]} at point ${k} moves at ${v.toFixed(3)} rad/s, its limit is ${velocityLimit[j]} rad/s`;
        }
      }
    }
    return undefined;
  }
}
