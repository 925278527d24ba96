import { type ActionChunk, type Arm, sampleChunk } from '../action/action-chunk.js';
import { createJointTrajectory, type JointTrajectory } from '../control/trajectory.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import type { Clearance } from './clearance.js';
import { InverseKinematics } from './inverse-kinematics.js';

/** The article's planner (section 6.2): 20 points of 10 ms. */
export const planningHorizon = 20;
/** s */
export const planningStep = 0.01;

/** Largest change of the gripper scalar, 1/s. */
const gripperRate = 4;

/**
 * Plans all joints 0.2 s ahead, 100 times a second: each arm follows its action chunk by damped least squares from the
 * commanded posture, each hand its gripper scalar, everything else holds. Where the next point would come too close to
 * the table or the own body, the arm holds instead.
 *
 * Point k of the plan is for time + k·10 ms; point 0 is what is commanded now. A plan is continued, not made anew, as
 * long as the chunk stays the same, so that a step costs one inverse-kinematics solution.
 */
export class MotionPlanner {
  /** The last plan; a live view, 20 points. */
  readonly trajectory: JointTrajectory;
  readonly #robot: Robot;
  readonly #kinematics: Kinematics;
  readonly #clearance: Clearance;
  readonly #arms: readonly { arm: Arm; solver: InverseKinematics; hand: Int32Array }[];
  readonly #chunks = new Map<Arm, ActionChunk>();
  /** Gripper scalar of each point, one row an arm. */
  readonly #grippers: Readonly<Record<Arm, Float64Array>>;
  readonly #positions: Float64Array;
  readonly #before: Float64Array;
  readonly #effort: Float64Array;
  readonly #pose = new Float64Array(7);
  /** Points of the plan that still hold; the rest is to be solved. */
  #valid = 1;
  #held = false;

  /** @param preferred joint positions at which the plan starts and to which redundant arms return */
  constructor(robot: Robot, kinematics: Kinematics, preferred: Float64Array, clearance: Clearance) {
    const joints = robot.names.length;
    this.#robot = robot;
    this.#kinematics = kinematics;
    this.#clearance = clearance;
    this.#arms = (['left', 'right'] as const).map((arm) => ({
      arm,
      hand: robot.group(`${arm}_hand`),
      solver: new InverseKinematics(robot, kinematics, robot.gripperFrames[arm], robot.group(`${arm}_arm`), preferred),
    }));
    this.trajectory = createJointTrajectory(joints, planningHorizon);
    this.trajectory.count = planningHorizon;
    this.#grippers = { left: new Float64Array(planningHorizon), right: new Float64Array(planningHorizon) };
    this.#positions = new Float64Array(joints);
    this.#before = new Float64Array(joints);
    this.#effort = new Float64Array(joints);
    this.reset(preferred, 0);
  }

  /** Whether the last plan holds an arm because it would come too close to something. */
  get held(): boolean {
    return this.#held;
  }

  /** Starts anew from `positions` (all joints, rad; held inside their limits) at `time`, without a chunk. */
  reset(positions: ArrayLike<number>, time: number): void {
    const q = this.#positions;
    this.#chunks.clear();
    this.trajectory.time[0] = time;
    for (let joint = 0; joint < q.length; joint++) q[joint] = this.#robot.clamp(joint, positions[joint]!);
    this.trajectory.position.set(q);
    this.#kinematics.setPositions(q);
    this.#kinematics.gravity(this.#effort);
    this.trajectory.effort.set(this.#effort);
    for (const { arm } of this.#arms) this.#grippers[arm].fill(this.#robot.gripperScalar(arm, q));
    this.#valid = 1;
  }

  /** Follows `chunk` from now on. */
  follow(chunk: ActionChunk): void {
    this.#chunks.set(chunk.arm, chunk);
    this.#valid = Math.min(this.#valid, 2);
  }

  /** Stops following: both arms hold. */
  hold(): void {
    this.#chunks.clear();
    this.#valid = Math.min(this.#valid, 2);
  }

  /**
   * The plan from `time` on, a multiple of 10 ms after the last one (other times are rounded to that grid).
   * @returns the planner's own trajectory, valid until the next call
   */
  plan(time: number): JointTrajectory {
    const { trajectory } = this;
    const elapsed = Math.round((time - trajectory.time[0]!) / planningStep);
    // Points that a skipped cycle left unsolved are solved on the way.
    for (let step = 0; step < Math.max(elapsed, 0); step++) this.#shift();
    const start = elapsed < 0 ? trajectory.time[0]! : time;
    this.#held = false;
    for (let k = 0; k < planningHorizon; k++) trajectory.time[k] = start + k * planningStep;
    for (let k = this.#valid; k < planningHorizon; k++) this.#solve(k);
    this.#valid = planningHorizon;
    this.#differentiate();
    return trajectory;
  }

  /** Commanded gripper pose in base_link at point 0 into `out` (7). @returns the commanded gripper scalar */
  commanded(arm: Arm, out: Float64Array): number {
    this.#positions.set(this.trajectory.position.subarray(0, this.#positions.length));
    this.#kinematics.setPositions(this.#positions);
    this.#kinematics.pose(this.#kinematics.frame(this.#robot.gripperFrames[arm]), out);
    return this.#grippers[arm][0]!;
  }

  /** Makes point 1 point 0. */
  #shift(): void {
    const { trajectory } = this;
    const joints = trajectory.joints;
    if (this.#valid < 2) this.#solve(1);
    trajectory.position.copyWithin(0, joints);
    trajectory.effort.copyWithin(0, joints);
    trajectory.time[0]! += planningStep;
    for (const row of Object.values(this.#grippers)) row.copyWithin(0, 1);
    this.#valid = Math.max(this.#valid - 1, 1);
  }

  /** Solves point `k` from point k − 1. */
  #solve(k: number): void {
    const { trajectory } = this;
    const joints = trajectory.joints;
    const time = trajectory.time[0]! + k * planningStep;
    const q = this.#positions;
    const before = this.#before;
    before.set(trajectory.position.subarray((k - 1) * joints, k * joints));
    q.set(before);
    for (const { arm, solver, hand } of this.#arms) {
      const chunk = this.#chunks.get(arm);
      const row = this.#grippers[arm];
      let gripper = row[k - 1]!;
      if (chunk !== undefined) {
        const wanted = sampleChunk(chunk, time, this.#pose);
        const change = gripperRate * planningStep;
        gripper = Math.min(Math.max(wanted, gripper - change), gripper + change);
        solver.step(q, this.#pose);
        this.#limitVelocity(solver.joints);
        if (!this.#clearance.allows(arm, before, q)) {
          for (const joint of solver.joints) q[joint] = before[joint]!;
          this.#held = true;
        }
      }
      row[k] = gripper;
      this.#robot.handPositions(arm, gripper, q);
      this.#limitHand(hand);
    }
    this.#kinematics.setPositions(q);
    this.#kinematics.gravity(this.#effort);
    trajectory.position.set(q, k * joints);
    trajectory.effort.set(this.#effort, k * joints);
  }

  /** Scales the step of a chain so that no joint exceeds its velocity limit. */
  #limitVelocity(joints: Int32Array): void {
    const [q, before] = [this.#positions, this.#before];
    let scale = 1;
    for (let i = 0; i < joints.length; i++) {
      const joint = joints[i]!;
      const largest = this.#robot.velocityLimit[joint]! * planningStep;
      const change = Math.abs(q[joint]! - before[joint]!);
      if (change * scale > largest) scale = largest / change;
    }
    if (scale === 1) return;
    for (let i = 0; i < joints.length; i++) {
      const joint = joints[i]!;
      q[joint] = before[joint]! + scale * (q[joint]! - before[joint]!);
    }
  }

  /** Each finger joint approaches the synergy no faster than its velocity limit. */
  #limitHand(joints: Int32Array): void {
    const [q, before] = [this.#positions, this.#before];
    for (let i = 0; i < joints.length; i++) {
      const joint = joints[i]!;
      const largest = this.#robot.velocityLimit[joint]! * planningStep;
      q[joint] = Math.min(Math.max(q[joint]!, before[joint]! - largest), before[joint]! + largest);
    }
  }

  /** Velocities by central differences, q̇_k = (q_{k+1} − q_{k−1})/2h; the last point rests on its left difference. */
  #differentiate(): void {
    const { position, velocity, joints } = this.trajectory;
    for (let k = 0; k < planningHorizon; k++) {
      const low = Math.max(k - 1, 0) * joints;
      const high = Math.min(k + 1, planningHorizon - 1) * joints;
      const span = (high - low) / joints;
      for (let j = 0; j < joints; j++) {
        velocity[k * joints + j] = (position[high + j]! - position[low + j]!) / (span * planningStep);
      }
    }
  }
}
