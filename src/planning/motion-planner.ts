import { type ActionChunk, type Arm, checkChunk, checkTimes, chunkEnd } from '../action/action-chunk.js';
import { createJointTrajectory, type JointTrajectory } from '../control/trajectory.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import type { Clearance } from './clearance.js';
import type { JointSampler } from './joint-sampler.js';
import { stages, stageTime } from './mpc/joint-chain.js';
import { ModelPredictivePlan } from './mpc/model-predictive-plan.js';
import { ProgressClock } from './progress-clock.js';

/** The article's planner (section 6.2): 20 points of 10 ms. */
export const planningHorizon = stages;
/** s */
export const planningStep = stageTime;

/** Largest change of the gripper scalar, 1/s. */
const gripperRate = 4;

/** What an arm follows. */
interface ArmTask {
  readonly arm: Arm;
  readonly armJoints: Int32Array;
  readonly hand: Int32Array;
  chunk: ActionChunk | undefined;
  /** What to add to the time along paths to get the chunk's, s. */
  offset: number;
  /** Gripper scalar at the points 0…20. */
  readonly gripper: Float64Array;
  /** Whether the fingers follow the gripper scalar; else they hold. */
  gripping: boolean;
}

/**
 * Plans all joints 0.2 s ahead, 100 times a second, by one optimisation over the horizon: each arm follows its action
 * chunk, each hand its gripper scalar, joints that a trajectory moves follow that, everything else holds; limits,
 * clearance and balance are kept (see {@link ModelPredictivePlan}). All of it goes on at the speed scale.
 *
 * Point k of the plan is for time + k·10 ms; point 0 is what is commanded now. Every plan continues the one before and
 * ends at rest.
 */
export class MotionPlanner {
  /** The last plan; a live view, 20 points. */
  readonly trajectory: JointTrajectory;
  /** Time along chunks and joint trajectories at the points of the plan, and at the end of its last stage and one on. */
  readonly progress = new ProgressClock(planningStep, planningHorizon + 2);
  /** The optimisation behind the plan. */
  readonly optimisation: ModelPredictivePlan;
  readonly #robot: Robot;
  readonly #clearance: Clearance;
  readonly #arms: readonly ArmTask[];
  /** Joint targets at the points 0…20, and each of them by itself. */
  readonly #targets: Float64Array;
  readonly #targetRows: readonly Float64Array[];
  readonly #positions: Float64Array;
  #sampler: JointSampler | undefined;
  /** Whether something else is to be planned than the passing of time brings. */
  #changed = true;

  /** @param preferred joint positions at which the plan starts and to which redundant arms return */
  constructor(robot: Robot, kinematics: Kinematics, preferred: Float64Array, clearance: Clearance) {
    const joints = robot.names.length;
    this.#robot = robot;
    this.#clearance = clearance;
    this.optimisation = new ModelPredictivePlan(robot, kinematics, clearance, preferred);
    this.#arms = (['left', 'right'] as const).map((arm) => ({
      arm,
      armJoints: robot.group(`${arm}_arm`),
      hand: robot.group(`${arm}_hand`),
      chunk: undefined,
      offset: 0,
      gripper: new Float64Array(planningHorizon + 1),
      gripping: false,
    }));
    this.trajectory = createJointTrajectory(joints, planningHorizon);
    this.trajectory.count = planningHorizon;
    this.#targets = new Float64Array((planningHorizon + 1) * joints);
    this.#targetRows = Array.from({ length: planningHorizon + 1 }, (_, k) =>
      this.#targets.subarray(k * joints, (k + 1) * joints),
    );
    this.#positions = new Float64Array(joints);
    this.reset(preferred, 0);
  }

  /** Whether the last plan keeps an arm from where its chunk wants it, as it would come too close to something. */
  get held(): boolean {
    return this.optimisation.held;
  }

  /**
   * Starts anew from `positions` (all joints, rad; held inside their limits) at `time`, without a chunk.
   * @throws Error where a number is not finite; the plan before then goes on
   */
  reset(positions: ArrayLike<number>, time: number): void {
    const q = this.#positions;
    for (let joint = 0; joint < q.length; joint++) {
      if (!Number.isFinite(positions[joint])) {
        throw new Error(`motion planner: position ${positions[joint]} of ${this.#robot.names[joint]} is not finite`);
      }
    }
    if (!Number.isFinite(time)) throw new Error(`motion planner: time ${time} is not finite`);
    const { trajectory } = this;
    this.#sampler = undefined;
    this.progress.start(time);
    for (let joint = 0; joint < q.length; joint++) q[joint] = this.#robot.clamp(joint, positions[joint]);
    this.optimisation.reset(q);
    this.#clearance.tree.update(q);
    for (let k = 0; k < planningHorizon; k++) {
      trajectory.time[k] = time + k * planningStep;
      trajectory.position.set(q, k * q.length);
      this.#clearance.tree.weigh(trajectory.effort, k * q.length);
    }
    trajectory.velocity.fill(0);
    for (const task of this.#arms) {
      task.chunk = undefined;
      task.gripping = false;
      task.gripper.fill(this.#robot.gripperScalar(task.arm, q));
    }
    this.#changed = true;
  }

  /**
   * Follows `chunk` from now on.
   * @throws Error where a joint trajectory moves that arm, a number is not finite, a length is wrong, or the chunk is from
   *   another time
   */
  follow(chunk: ActionChunk): void {
    checkChunk(chunk);
    const task = this.#arms.find(({ arm }) => arm === chunk.arm)!;
    if (this.#sampler !== undefined && this.#moves(this.#sampler, task)) {
      throw new Error(`the ${chunk.arm} arm follows a joint trajectory`);
    }
    const offset = chunk.stamp - this.progress.progress(chunk.stamp);
    checkTimes(chunk, offset + this.progress.at(0), task.chunk);
    if (!task.gripping) task.gripper.fill(this.#robot.gripperScalar(chunk.arm, this.trajectory.position));
    task.gripping = true;
    task.chunk = chunk;
    task.offset = offset;
    this.#changed = true;
  }

  /** Stops following chunks: both arms come to rest, unless a joint trajectory moves them. */
  hold(): void {
    for (const task of this.#arms) this.#release(task);
    this.#changed = true;
  }

  /** Whether a chunk is followed to its end, or none is. */
  get chunksDone(): boolean {
    for (const { chunk, offset } of this.#arms) {
      if (chunk !== undefined && offset + this.progress.at(0) <= chunkEnd(chunk)) return false;
    }
    return true;
  }

  /**
   * Lets `sampler` say where its joints are to be; undefined: they come to rest. Arms of which it moves a joint drop
   * their chunk.
   */
  followJoints(sampler: JointSampler | undefined): void {
    this.#sampler = sampler;
    for (const task of this.#arms) {
      if (sampler === undefined || !this.#moves(sampler, task)) continue;
      this.#release(task);
      if (sampler.joints.some((joint) => task.hand.includes(joint))) task.gripping = false;
    }
    this.#changed = true;
  }

  /** Asks for a speed scale, 0…1: chunks and joint trajectories go on at that share of their speed. */
  setSpeedScale(scale: number): void {
    if (this.progress.setTarget(scale)) this.#changed = true;
  }

  /**
   * The plan from `time` on, a multiple of 10 ms after the last one (other times are rounded to that grid).
   * @returns the planner's own trajectory, valid until the next call
   */
  plan(time: number): JointTrajectory {
    const { trajectory } = this;
    const elapsed = Math.round((time - trajectory.time[0]) / planningStep);
    for (let step = 0; step < elapsed; step++) this.#shift();
    if (elapsed > 0) for (let k = 0; k < planningHorizon; k++) trajectory.time[k] = time + k * planningStep;
    if (elapsed <= 0 && !this.#changed) return trajectory;
    this.#changed = false;
    this.optimisation.begin(this.progress);
    for (let arm = 0; arm < this.#arms.length; arm++) this.#assign(arm);
    if (this.#sampler !== undefined) this.#sample(this.#sampler);
    this.optimisation.solve();
    this.optimisation.write(trajectory);
    return trajectory;
  }

  /** Commanded gripper pose in base_link at point 0 into `out` (7). @returns the commanded gripper scalar */
  commanded(arm: Arm, out: Float64Array): number {
    const a = arm === 'left' ? 0 : 1;
    for (let j = 0; j < this.#positions.length; j++) this.#positions[j] = this.trajectory.position[j];
    this.optimisation.hands[a].pose(this.#positions, out);
    return this.#arms[a].gripper[0];
  }

  /** Makes point 1 point 0. */
  #shift(): void {
    const { effort, joints } = this.trajectory;
    this.optimisation.shift();
    effort.copyWithin(0, joints, 2 * joints);
    this.progress.shift();
    for (let arm = 0; arm < this.#arms.length; arm++) this.#arms[arm].gripper.copyWithin(0, 1);
  }

  /** What arm and hand are to do in this cycle. */
  #assign(arm: number): void {
    const { chunk, offset, gripper, gripping, hand } = this.#arms[arm];
    if (chunk !== undefined) {
      const tracking = this.optimisation.followChunk(arm, chunk, this.progress, offset);
      for (let k = 1; k <= planningHorizon; k++) {
        const change = gripperRate * this.progress.step(k);
        const wanted = tracking.wantedGripper(k);
        gripper[k] = Math.min(Math.max(wanted, gripper[k - 1] - change), gripper[k - 1] + change);
      }
    }
    if (!gripping) return;
    for (let k = 0; k <= planningHorizon; k++) {
      this.#robot.handPositions(this.#arms[arm].arm, gripper[k], this.#targetRows[k]);
    }
    for (let i = 0; i < hand.length; i++) this.#target(hand[i]);
  }

  /** Targets of the joints that a trajectory moves. */
  #sample(sampler: JointSampler): void {
    for (let k = 0; k <= planningHorizon; k++) sampler.sample(this.progress.at(k), this.#targetRows[k]);
    for (let i = 0; i < sampler.joints.length; i++) this.#target(sampler.joints[i]);
  }

  #target(joint: number): void {
    this.optimisation.followTarget(joint, this.#targets, joint, this.trajectory.joints);
  }

  /** The arm comes to rest, the hand stays as it is. */
  #release(task: ArmTask): void {
    if (task.chunk === undefined) return;
    task.chunk = undefined;
    task.gripper.fill(task.gripper[1], 2);
  }

  #moves(sampler: JointSampler, { armJoints, hand }: ArmTask): boolean {
    return sampler.joints.some((joint) => armJoints.includes(joint) || hand.includes(joint));
  }
}
