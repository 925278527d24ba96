import type { Robot } from '../robot/robot.js';
import type { JointPath } from './joint-path.js';
import type { JointSampler } from './joint-sampler.js';
import { TrajectoryCode, type TrajectoryOutcome } from './trajectory-goal.js';
import type { PlannedPath } from './trajectory-path.js';
import type { Tolerances } from './trajectory-tolerances.js';

/** Time in which a cancelled trajectory comes to rest, s. */
export const brakeTime = 0.25;

/** Where a trajectory wants its joints and where they are; one value a joint of the trajectory. */
export interface TrajectoryFeedback {
  readonly desired: { readonly position: Float64Array; readonly velocity: Float64Array };
  readonly actual: { readonly position: Float64Array; readonly velocity: Float64Array };
}

/**
 * One trajectory while it is followed, by time along the path (see ProgressClock). It is judged on what is measured:
 * on its way against the path's tolerances; after its end, until it is within those of the goal.
 *
 * Allocates nothing after construction.
 */
export class TrajectoryExecution implements JointSampler {
  readonly joints: Int32Array;
  /** Of the last measurement judged; live views. */
  readonly feedback: TrajectoryFeedback;
  readonly #robot: Robot;
  readonly #path: JointPath;
  readonly #tolerances: Tolerances;
  readonly #acceleration: Float64Array;
  #braking = Number.POSITIVE_INFINITY;
  #ended = Number.NaN;

  /** @param path its times are times along the path */
  constructor(robot: Robot, { joints, path }: PlannedPath, tolerances: Tolerances) {
    const vector = () => new Float64Array(joints.length);
    this.#robot = robot;
    this.joints = joints;
    this.#path = path;
    this.#tolerances = tolerances;
    this.#acceleration = vector();
    this.feedback = {
      desired: { position: vector(), velocity: vector() },
      actual: { position: vector(), velocity: vector() },
    };
  }

  /** Time along the path at which it ends, s. */
  get end(): number {
    return this.#path.end;
  }

  /** Whether it is coming to rest before its end. */
  get braking(): boolean {
    return this.#braking < Number.POSITIVE_INFINITY;
  }

  /** Whether joint `j` of the trajectory has a tolerance on the way. */
  guards(j: number): boolean {
    return this.#tolerances.pathPosition[j]! < Number.POSITIVE_INFINITY;
  }

  sample(time: number, positions: Float64Array): void {
    this.#path.positions(this.#played(time), this.joints, positions);
  }

  /** Comes to rest on the path from `time` (along the path, s) on. */
  brake(time: number): void {
    if (!this.braking) this.#braking = time;
  }

  /**
   * Judges a measurement.
   * @param time along the path, s @param elapsed any clock, s: measures how long the joints take to settle
   * @param position all joints, rad @param velocity all joints, rad/s
   * @returns how it ended; undefined while it goes on
   */
  judge(
    time: number,
    elapsed: number,
    position: ArrayLike<number>,
    velocity: ArrayLike<number>,
  ): TrajectoryOutcome | undefined {
    const { desired, actual } = this.feedback;
    this.#path.sample(this.#played(time), desired.position, desired.velocity, this.#acceleration);
    for (let j = 0; j < this.joints.length; j++) {
      actual.position[j] = position[this.joints[j]!]!;
      actual.velocity[j] = velocity[this.joints[j]!]!;
    }
    if (this.braking) return undefined;
    const { pathPosition, pathVelocity, goalPosition, goalVelocity, goalTime } = this.#tolerances;
    if (time < this.end) {
      const off = this.#worst(pathPosition, pathVelocity);
      return off < 0 ? undefined : this.#violation(off, pathPosition, pathVelocity, time);
    }
    const off = this.#worst(goalPosition, goalVelocity);
    if (off < 0) return { code: TrajectoryCode.successful, message: 'the trajectory was followed to its end' };
    if (Number.isNaN(this.#ended)) this.#ended = elapsed;
    return elapsed - this.#ended > goalTime ? this.#violation(off, goalPosition, goalVelocity, time) : undefined;
  }

  /**
   * Time on the path that is played at `time`. From the moment b on at which it is to come to rest, the rate goes
   * linearly from 1 to 0 in T: b + τ − τ²/2T, with τ = min(time − b, T).
   */
  #played(time: number): number {
    if (time <= this.#braking) return time;
    const elapsed = Math.min(time - this.#braking, brakeTime);
    return this.#braking + elapsed - (elapsed * elapsed) / (2 * brakeTime);
  }

  /** The joint that is furthest off in terms of its tolerance, -1 where all are within theirs. */
  #worst(positions: Float64Array, velocities: Float64Array): number {
    const { desired, actual } = this.feedback;
    let worst = -1;
    let most = 1;
    for (let j = 0; j < this.joints.length; j++) {
      const off = Math.max(
        Math.abs(desired.position[j]! - actual.position[j]!) / positions[j]!,
        Math.abs(desired.velocity[j]! - actual.velocity[j]!) / velocities[j]!,
      );
      // A measurement that is no number is off.
      if (off <= most) continue;
      worst = j;
      most = off;
    }
    return worst;
  }

  #violation(j: number, positions: Float64Array, velocities: Float64Array, time: number): TrajectoryOutcome {
    const { desired, actual } = this.feedback;
    const name = this.#robot.names[this.joints[j]!];
    const away = Math.abs(desired.position[j]! - actual.position[j]!);
    const error = Math.abs(desired.velocity[j]! - actual.velocity[j]!);
    const offset =
      away <= positions[j]!
        ? `${error.toFixed(3)} rad/s off, tolerance ${velocities[j]} rad/s`
        : `${away.toFixed(4)} rad off, tolerance ${positions[j]} rad`;
    if (time < this.end) {
      const when = `${(time - this.#path.start).toFixed(2)} s after the start`;
      return { code: TrajectoryCode.pathToleranceViolated, message: `${name} is ${offset}, ${when}` };
    }
    const message = `${name} is ${offset}, ${this.#tolerances.goalTime} s after the end`;
    return { code: TrajectoryCode.goalToleranceViolated, message };
  }
}
