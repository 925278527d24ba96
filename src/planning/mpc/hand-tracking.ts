import { type ActionChunk, type Arm, sampleChunk } from '../../action/action-chunk.js';
import { rotationBetween } from '../../math/pose.js';
import { quaternionFromMatrix } from '../../math/rotation.js';
import type { KinematicTree } from '../../robot/kinematic-tree.js';
import type { Kinematics } from '../../robot/kinematics.js';
import type { Robot } from '../../robot/robot.js';
import type { ProgressClock } from '../progress-clock.js';
import { Block } from './block.js';
import type { HorizonProblem } from './horizon-problem.js';
import { positionRow, positionTime, rowCount, stages, stageTime, stateSize, velocityRow } from './joint-chain.js';
import { stageWeight } from './modal-basis.js';

/** Error of a hand's position that weighs as much as one unit of a joint's, m. */
const handUnit = 0.075;
/** Arm of a hand's orientation error, m/rad: what a radian weighs beside a metre. */
const rotationArm = 0.5;
/** Damping near singularities, m/rad (Levenberg): a step, not the result, is held back. */
const damping = 0.02;
/** Weight of the preferred posture beside a unit of the hand, and the share of the way back to it in 10 ms. */
const postureWeight = 1e-3;
const postureRate = 0.02;
/** Largest error that a plan answers to, m and rad: more than it can cover in a horizon. */
const reach = [0.25, 0.6] as const;

/**
 * Makes an arm's tracking of an action chunk a quadratic cost over its seven joints: Gauss–Newton around the nominal
 * plan. With error e_k = (p* − p, rotation vector of R*·Rᵀ), its velocity, weights W and Jacobian J_k at stage k,
 *   gradient −J_kᵀ·W·e_k,  Hessian Q = Σ_k d_k·J_kᵀ·W·J_k / Σ_k d_k + (damping, posture)
 * in the units of the chains: one Q for the horizon keeps the problem's structure, the gradient is exact.
 */
export class HandTracking {
  readonly arm: Arm;
  readonly block: Block;
  readonly #problem: HorizonProblem;
  readonly #tree: KinematicTree;
  readonly #robot: Robot;
  readonly #frame: number;
  readonly #path: Int32Array;
  readonly #pathJoints: Int32Array;
  readonly #preferred: Float64Array;
  readonly #q: Float64Array;
  readonly #targets = new Float64Array(7 * (stages + 2));
  readonly #grippers = new Float64Array(stages + 2);
  readonly #sample = new Float64Array(7);
  readonly #turn = new Float64Array(9);
  readonly #pose = new Float64Array(7);
  readonly #error = new Float64Array(6);
  readonly #rate = new Float64Array(6);
  readonly #jacobian: Float64Array;
  readonly #weights = Float64Array.of(1, 1, 1, rotationArm ** 2, rotationArm ** 2, rotationArm ** 2);

  /** @param preferred joint positions (all joints, rad) that a redundant arm prefers */
  constructor(
    robot: Robot,
    kinematics: Kinematics,
    tree: KinematicTree,
    problem: HorizonProblem,
    arm: Arm,
    preferred: Float64Array,
  ) {
    this.arm = arm;
    this.block = new Block(problem, robot.group(`${arm}_arm`));
    this.#problem = problem;
    this.#tree = tree;
    this.#robot = robot;
    this.#frame = kinematics.frame(robot.gripperFrames[arm]);
    this.#path = tree.path(this.#frame);
    this.#pathJoints = this.#path.map((body) => tree.description.joint[body]).filter((joint) => joint >= 0);
    this.#preferred = preferred;
    this.#q = new Float64Array(robot.names.length);
    this.#jacobian = new Float64Array(6 * this.block.joints.length);
    for (let i = 0; i < 6; i++) this.#weights[i] /= handUnit ** 2;
  }

  /** Gripper scalar that the chunk wants at the start (0) and at the end of each stage (1…20), from the last call. */
  wantedGripper(point: number): number {
    return this.#grippers[point];
  }

  /**
   * Sets the block's Q and the problem's gradient for `chunk`.
   * @param progress time along paths at the start (0) and at the end of each stage (1…21)
   * @param offset to be added to that for the chunk's time, s
   */
  linearise(chunk: ActionChunk, progress: ProgressClock, offset: number): void {
    for (let k = 0; k < stages + 2; k++) {
      this.#grippers[k] = sampleChunk(chunk, offset + progress.at(k), this.#sample);
      for (let i = 0; i < 7; i++) this.#targets[7 * k + i] = this.#sample[i];
    }
    const { coupling } = this.block;
    coupling.fill(0);
    let total = 0;
    for (let k = 0; k < stages; k++) {
      this.#stage(k);
      this.#addGradient(k);
      const weight = stageWeight[k];
      this.#addHessian(weight);
      total += weight;
    }
    const n = this.block.joints.length;
    for (let i = 0; i < n * n; i++) coupling[i] /= total;
    for (let i = 0; i < n; i++) {
      const unit = this.#unit(i);
      coupling[i * (n + 1)] += (damping / handUnit) ** 2 * unit ** 2 + postureWeight;
    }
  }

  /** Pose of the gripper for joint positions (all joints, rad), into `out` (7). */
  pose(positions: Float64Array, out: Float64Array): void {
    this.#tree.updateBodies(this.#path, this.#path.length, positions);
    const { position, rotation } = this.#tree;
    for (let i = 0; i < 9; i++) this.#turn[i] = rotation[9 * this.#frame + i];
    quaternionFromMatrix(this.#turn, this.#sample);
    for (let i = 0; i < 3; i++) out[i] = position[3 * this.#frame + i];
    for (let i = 0; i < 4; i++) out[3 + i] = this.#sample[i];
  }

  /** Radians in one unit of P of the block's joint `i`. */
  #unit(i: number): number {
    return this.#robot.velocityLimit[this.block.joints[i]] * positionTime;
  }

  /** Error, its rate and the Jacobian at the end of stage `k` of the nominal plan. */
  #stage(k: number): void {
    const { nominalRows } = this.#problem;
    const { velocityLimit } = this.#robot;
    const tree = this.#tree;
    for (let i = 0; i < this.#pathJoints.length; i++) {
      const j = this.#pathJoints[i];
      this.#q[j] = nominalRows[rowCount * j + positionRow + k] * velocityLimit[j] * positionTime;
    }
    this.pose(this.#q, this.#pose);
    const error = this.#error;
    const rate = this.#rate;
    const targets = this.#targets;
    const at = 7 * (k + 1);
    for (let i = 0; i < 3; i++) {
      error[i] = targets[at + i] - this.#pose[i];
      rate[i] = (targets[at + 7 + i] - targets[at - 7 + i]) / (2 * stageTime);
    }
    rotationBetween(this.#pose, 3, targets, at + 3, error, 3);
    rotationBetween(targets, at - 4, targets, at + 10, rate, 3);
    for (let i = 3; i < 6; i++) rate[i] /= 2 * stageTime;
    const size = Math.sqrt(error[0] ** 2 + error[1] ** 2 + error[2] ** 2) / reach[0];
    const turn = Math.sqrt(error[3] ** 2 + error[4] ** 2 + error[5] ** 2) / reach[1];
    const scale = 1 / Math.max(1, size, turn);
    for (let i = 0; i < 6; i++) error[i] *= scale;

    const { joints } = this.block;
    const jacobian = this.#jacobian;
    const n = joints.length;
    const x = this.#pose[0];
    const y = this.#pose[1];
    const z = this.#pose[2];
    for (let i = 0; i < n; i++) {
      const j = joints[i];
      const b = 3 * tree.jointBody[j];
      const dx = x - tree.position[b];
      const dy = y - tree.position[b + 1];
      const dz = z - tree.position[b + 2];
      const ax = tree.axis[3 * j];
      const ay = tree.axis[3 * j + 1];
      const az = tree.axis[3 * j + 2];
      jacobian[i] = ay * dz - az * dy;
      jacobian[n + i] = az * dx - ax * dz;
      jacobian[2 * n + i] = ax * dy - ay * dx;
      jacobian[3 * n + i] = ax;
      jacobian[4 * n + i] = ay;
      jacobian[5 * n + i] = az;
      const speed = nominalRows[rowCount * j + velocityRow + k] * velocityLimit[j];
      for (let row = 0; row < 6; row++) rate[row] -= jacobian[row * n + i] * speed;
    }
    // Far from the target the way counts, not the target's velocity.
    for (let i = 0; i < 6; i++) rate[i] *= scale;
  }

  /** Tracking of the hand and of the preferred posture, P* = P₀ + (1 − (1 − rate)^k)·(P_preferred − P₀). */
  #addGradient(k: number): void {
    const { nominalRows, tracking, state } = this.#problem;
    const { joints } = this.block;
    const n = joints.length;
    const jacobian = this.#jacobian;
    const back = 1 - (1 - postureRate) ** (k + 1);
    for (let i = 0; i < n; i++) {
      const j = joints[i];
      const unit = this.#unit(i);
      let position = 0;
      let velocity = 0;
      for (let row = 0; row < 6; row++) {
        const force = jacobian[row * n + i] * this.#weights[row];
        position -= force * this.#error[row];
        velocity -= force * this.#rate[row];
      }
      const start = state[stateSize * j];
      const wanted = start + back * (this.#preferred[j] / unit - start);
      const p = nominalRows[rowCount * j + positionRow + k];
      const v = nominalRows[rowCount * j + velocityRow + k];
      tracking[2 * stages * j + k] = positionTime * unit * velocity + postureWeight * v;
      tracking[2 * stages * j + stages + k] = unit * position + postureWeight * (p - wanted);
    }
  }

  #addHessian(weight: number): void {
    const { coupling } = this.block;
    const n = this.block.joints.length;
    const jacobian = this.#jacobian;
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < n; k++) {
        let sum = 0;
        for (let row = 0; row < 6; row++) {
          sum += jacobian[row * n + i] * this.#weights[row] * jacobian[row * n + k];
        }
        coupling[i * n + k] += weight * this.#unit(i) * this.#unit(k) * sum;
      }
    }
  }
}
