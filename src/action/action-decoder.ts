import { interpolatePose, multiplyQuaternions, quaternionFromRotationVector, rotationBetween } from '../math/pose.js';
import { InverseKinematics } from '../planning/inverse-kinematics.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { type ActionChunk, type Arm, checkChunk, chunkEnd, sampleChunk } from './action-chunk.js';

/** What an {@link ActionDecoder} makes of a chunk. */
export interface ActionDecoderOptions {
  /** Limit on the norm of the arm's seven joint velocities, rad/s; the article's 0.5 rad/s near people. */
  readonly velocityLimit: number;
  /** Standard deviation of the Gaussian that smooths the waypoints, in waypoints. */
  readonly smoothing: number;
  /** Time over which a new chunk takes over from the running one, s. */
  readonly blendTime: number;
  /** Box in base_link that the gripper stays in: [minimum, maximum] of x, y, z, m. */
  readonly workspace: readonly [readonly [number, number], readonly [number, number], readonly [number, number]];
}

/** Away from people, in front of the crouching robot. */
export const defaultActionDecoder: ActionDecoderOptions = {
  velocityLimit: 2,
  smoothing: 1,
  blendTime: 0.2,
  workspace: [
    [0.1, 0.65],
    [-0.65, 0.65],
    [-0.1, 0.6],
  ],
};

/** Inverse-kinematics steps a waypoint; each starts from the waypoint before. */
const iterations = 4;

/**
 * Turns a predicted chunk into one that the arm can execute: workspace limits, Gaussian smoothing that keeps the first
 * point, joint limits, joint velocity, distance from singularities, and a blend with the chunk that is running.
 *
 * The article (section 3.3) limits velocity by |Δq| over steps; here the finite difference is divided by dt, and the
 * smoothing keeps the first point, from which the motion continues.
 */
export class ActionDecoder {
  readonly #robot: Robot;
  readonly #kinematics: Kinematics;
  readonly #options: ActionDecoderOptions;
  readonly #solvers: Readonly<Record<Arm, InverseKinematics>>;
  readonly #positions: Float64Array;
  readonly #previous: Float64Array;
  #running: ActionChunk | undefined;
  #slowed = 0;

  /** @param preferred joint positions (all joints) that a redundant arm prefers */
  constructor(robot: Robot, kinematics: Kinematics, preferred: Float64Array, options = defaultActionDecoder) {
    this.#robot = robot;
    this.#kinematics = kinematics;
    this.#options = options;
    const solver = (arm: Arm) =>
      new InverseKinematics(robot, kinematics, robot.gripperFrames[arm], robot.group(`${arm}_arm`), preferred);
    this.#solvers = { left: solver('left'), right: solver('right') };
    this.#positions = new Float64Array(robot.names.length);
    this.#previous = new Float64Array(robot.names.length);
  }

  /** Waypoints of the last chunk that the velocity limit slowed down. */
  get slowed(): number {
    return this.#slowed;
  }

  /** The chunk being executed. */
  get running(): ActionChunk | undefined {
    return this.#running;
  }

  /** Forgets the running chunk: the next one starts without a blend. */
  reset(): void {
    this.#running = undefined;
  }

  /**
   * @param chunk predicted waypoints in absolute poses
   * @param positions commanded joint positions at the chunk's time (all joints, rad)
   * @param now time at which the chunk takes over, s
   * @returns the chunk to execute, which also becomes the running one
   * @throws Error where a number is not finite or a length is wrong; the running chunk then stays
   */
  decode(chunk: ActionChunk, positions: ArrayLike<number>, now: number): ActionChunk {
    checkChunk(chunk);
    checkPositions(positions, this.#positions.length);
    const feasible = this.#makeFeasible(this.#smooth(chunk), positions);
    const running = this.#running;
    const blended =
      running !== undefined && running.arm === feasible.arm && chunkEnd(running) > now
        ? this.#blend(running, feasible, now)
        : feasible;
    this.#running = blended;
    return blended;
  }

  /**
   * Smooths positions and rotation vectors relative to the anchor along the waypoints with a normalised Gaussian,
   *   x̄_k = Σ_j exp(−(j−k)²/2σ²)·x_j / Σ_j exp(−(j−k)²/2σ²), j = 0 (the anchor) … H,
   * the anchor itself kept; then clamps positions to the workspace.
   */
  #smooth(chunk: ActionChunk): ActionChunk {
    const { smoothing, workspace } = this.#options;
    const horizon = chunk.gripper.length;
    const relative = new Float64Array(6 * (horizon + 1));
    for (let k = 0; k < horizon; k++) {
      for (let i = 0; i < 3; i++) relative[6 * (k + 1) + i] = chunk.poses[7 * k + i]! - chunk.anchor[i]!;
      rotationBetween(chunk.anchor, 3, chunk.poses, 7 * k + 3, relative, 6 * (k + 1) + 3);
    }
    const poses = new Float64Array(7 * horizon);
    const mean = new Float64Array(6);
    const turn = new Float64Array(4);
    for (let k = 1; k <= horizon; k++) {
      mean.fill(0);
      let total = 0;
      // A window that is symmetric around k, so that the ends are not pulled inwards.
      const reach = Math.min(k, horizon - k, Math.ceil(3 * smoothing));
      for (let j = k - reach; j <= k + reach; j++) {
        const weight = smoothing > 0 ? Math.exp(-((j - k) ** 2) / (2 * smoothing ** 2)) : 1;
        total += weight;
        for (let i = 0; i < 6; i++) mean[i]! += weight * relative[6 * j + i]!;
      }
      for (let i = 0; i < 6; i++) mean[i]! /= total;
      const row = 7 * (k - 1);
      for (let i = 0; i < 3; i++) {
        const [low, high] = workspace[i]!;
        poses[row + i] = Math.min(Math.max(chunk.anchor[i]! + mean[i]!, low), high);
      }
      quaternionFromRotationVector(mean, 3, turn, 0);
      multiplyQuaternions(turn, 0, chunk.anchor, 3, poses, row + 3);
    }
    return { ...chunk, poses, gripper: chunk.gripper.map((g) => Math.min(Math.max(g, 0), 1)) };
  }

  /**
   * Follows the waypoints with the arm's inverse kinematics, which knows joint limits and singularities, and slows
   * every step whose joint velocity |q_k − q_{k−1}|/dt exceeds the limit. The poses become those that the arm reaches.
   */
  #makeFeasible(chunk: ActionChunk, positions: ArrayLike<number>): ActionChunk {
    const solver = this.#solvers[chunk.arm];
    const frame = this.#kinematics.frame(this.#robot.gripperFrames[chunk.arm]);
    const q = this.#positions;
    q.set(positions);
    this.#slowed = 0;
    for (let i = 0; i < iterations; i++) solver.step(q, chunk.anchor);
    for (let k = 0; k < chunk.gripper.length; k++) {
      this.#previous.set(q);
      for (let i = 0; i < iterations; i++) solver.step(q, chunk.poses, 7 * k);
      let squared = 0;
      for (const joint of solver.joints) squared += (q[joint]! - this.#previous[joint]!) ** 2;
      const scale = (this.#options.velocityLimit * chunk.dt) / Math.sqrt(squared);
      if (scale < 1) {
        this.#slowed++;
        for (const joint of solver.joints) {
          q[joint] = this.#previous[joint]! + scale * (q[joint]! - this.#previous[joint]!);
        }
      }
      this.#kinematics.setPositions(q);
      this.#kinematics.pose(frame, chunk.poses, 7 * k);
    }
    return chunk;
  }

  /** Fades from the running chunk to the new one by time: weight (t − now)/blendTime, clamped to 0…1. */
  #blend(running: ActionChunk, chunk: ActionChunk, now: number): ActionChunk {
    const old = new Float64Array(7);
    const anchor = new Float64Array(7);
    const gripper = new Float64Array(chunk.gripper.length);
    const poses = new Float64Array(chunk.poses.length);
    for (let k = 0; k < gripper.length; k++) {
      const time = chunk.stamp + (k + 1) * chunk.dt;
      const weight = Math.min(Math.max((time - now) / this.#options.blendTime, 0), 1);
      const oldGripper = sampleChunk(running, time, old);
      gripper[k] = oldGripper + weight * (chunk.gripper[k]! - oldGripper);
      interpolatePose(old, 0, chunk.poses, 7 * k, weight, poses, 7 * k);
    }
    sampleChunk(running, chunk.stamp, anchor);
    return { ...chunk, anchor, poses, gripper };
  }
}

function checkPositions(positions: ArrayLike<number>, joints: number): void {
  if (positions.length !== joints) {
    throw new Error(`action chunk: ${positions.length} commanded joint positions; the robot has ${joints} joints`);
  }
  for (let joint = 0; joint < joints; joint++) {
    if (!Number.isFinite(positions[joint])) {
      throw new Error(`action chunk: commanded position ${joint} is ${positions[joint]}; it must be finite`);
    }
  }
}
