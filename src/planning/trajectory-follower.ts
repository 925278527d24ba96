import type { Robot } from '../robot/robot.js';
import { JointPath } from './joint-path.js';
import type { JointSampler } from './joint-sampler.js';
import type { MotionPlanner } from './motion-planner.js';
import { brakeTime, TrajectoryExecution } from './trajectory-execution.js';
import { TrajectoryCode, type TrajectoryGoal, type TrajectoryOutcome } from './trajectory-goal.js';
import { planPath } from './trajectory-path.js';
import { type ToleranceDefaults, toleranceDefaults, tolerancesOf } from './trajectory-tolerances.js';

/** Share of the velocity limits at which joints that left their path go back to where they are. */
const RETREAT_SPEED = 0.5;
/** A joint that is measured farther from where it is commanded, rad, is led only so far: no joint lags more and moves on. */
const FARTHEST_RETREAT = 0.3;

/** Hears how a trajectory ended; not called where the client cancelled it and knows. */
export type EndListener = (outcome: TrajectoryOutcome) => void;

/**
 * Lets a planner follow joint trajectories, one at a time: a new one replaces the one that is followed and departs
 * from what is commanded then. A trajectory that is cancelled comes to rest on its path. One that is aborted because a
 * joint left the path holds where its joints are, so that nothing presses on against what stopped them.
 */
export class TrajectoryFollower {
  readonly #robot: Robot;
  readonly #planner: MotionPlanner;
  readonly #defaults: ToleranceDefaults;
  #current: { readonly execution: TrajectoryExecution; readonly onEnd: EndListener } | undefined;
  /** Time along the path at which what is left of an ended trajectory is over, s. */
  #release = Number.POSITIVE_INFINITY;

  constructor(robot: Robot, planner: MotionPlanner, defaults: ToleranceDefaults = toleranceDefaults) {
    this.#robot = robot;
    this.#planner = planner;
    this.#defaults = defaults;
  }

  /** The trajectory that is followed. */
  get execution(): TrajectoryExecution | undefined {
    return this.#current?.execution;
  }

  /**
   * Follows a trajectory from the next point of the plan on.
   * @param goal its start on the planner's clock
   * @throws TrajectoryRefusal that says why not; what is followed then goes on
   */
  start(goal: TrajectoryGoal, onEnd: EndListener): TrajectoryExecution {
    const { trajectory, progress } = this.#planner;
    const joints = this.#robot.names.length;
    const tolerances = tolerancesOf(goal, this.#robot, this.#defaults);
    const from = {
      time: progress.at(1),
      position: trajectory.position.subarray(joints, 2 * joints),
      velocity: trajectory.velocity.subarray(joints, 2 * joints),
    };
    const start = goal.start === undefined ? undefined : from.time + goal.start - trajectory.time[1]!;
    const planned = planPath({ ...goal, start }, this.#robot, progress.at(0), from);
    this.#end({ code: TrajectoryCode.invalidGoal, message: 'replaced by another trajectory' });
    const execution = new TrajectoryExecution(this.#robot, planned, tolerances);
    this.#current = { execution, onEnd };
    this.#release = Number.POSITIVE_INFINITY;
    this.#planner.followJoints(execution);
    return execution;
  }

  /** Brings the trajectory to rest on its path. Its end is not told. */
  cancel(execution: TrajectoryExecution): void {
    if (this.#current?.execution !== execution) return;
    const now = this.#planner.progress.at(1);
    execution.brake(now);
    this.#current = undefined;
    this.#release = now + brakeTime;
  }

  /** Ends the trajectory because the planner started anew elsewhere. @param why in words */
  abort(why: string): void {
    this.#planner.followJoints(undefined);
    this.#release = Number.POSITIVE_INFINITY;
    this.#end({ code: TrajectoryCode.pathToleranceViolated, message: why });
  }

  /** Lets go of what has come to rest; call it before each plan. */
  update(): void {
    if (this.#planner.progress.at(1) < this.#release) return;
    this.#planner.followJoints(undefined);
    this.#release = Number.POSITIVE_INFINITY;
  }

  /**
   * Judges the trajectory on a measurement.
   * @param time of the measurement, on the planner's clock, s @param position all joints, rad
   * @param velocity all joints, rad/s
   */
  observe(time: number, position: ArrayLike<number>, velocity: ArrayLike<number>): void {
    const execution = this.#current?.execution;
    if (execution === undefined) return;
    const outcome = execution.judge(this.#planner.progress.progress(time), time, position, velocity);
    if (outcome === undefined) return;
    if (outcome.code === TrajectoryCode.pathToleranceViolated) this.#retreat(execution, position);
    else this.#release = execution.end;
    this.#end(outcome);
  }

  #end(outcome: TrajectoryOutcome): void {
    const ended = this.#current;
    this.#current = undefined;
    ended?.onEnd(outcome);
  }

  /** Leads the joints that have a tolerance from where they are commanded to where they are; the others stop. */
  #retreat(execution: TrajectoryExecution, measured: ArrayLike<number>): void {
    const { trajectory, progress } = this.#planner;
    const { joints } = execution;
    const row = this.#robot.names.length;
    const from = Float64Array.from(joints, (joint) => trajectory.position[row + joint]!);
    const to = Float64Array.from(joints, (joint, j) => {
      const away = Math.min(Math.max(measured[joint]! - from[j]!, -FARTHEST_RETREAT), FARTHEST_RETREAT);
      return execution.guards(j) ? this.#robot.clamp(joint, from[j]! + away) : from[j]!;
    });
    let duration = brakeTime;
    for (let j = 0; j < joints.length; j++) {
      const speed = RETREAT_SPEED * this.#robot.velocityLimit[joints[j]!]!;
      duration = Math.max(duration, (1.5 * Math.abs(to[j]! - from[j]!)) / speed);
    }
    const velocity = Float64Array.from(joints, (joint) => trajectory.velocity[row + joint]!);
    const start = progress.at(1);
    const path = new JointPath([
      { time: start, position: from, velocity },
      { time: start + duration, position: to, velocity: new Float64Array(joints.length) },
    ]);
    this.#release = path.end;
    this.#planner.followJoints(pathSampler(joints, path));
  }
}

function pathSampler(joints: Int32Array, path: JointPath): JointSampler {
  return { joints, sample: (time, positions) => path.positions(time, joints, positions) };
}
