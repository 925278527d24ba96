import { multiplyQuaternions, quaternionFromRotationVector, rotationBetween } from '../math/pose.js';
import { InverseKinematics } from '../planning/inverse-kinematics.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { type ActionChunk, type Arm, checkChunk, chunkEnd } from './action-chunk.js';
import { hasRested, takeOver } from './chunk-takeover.js';
import { SlowMotion } from './slow-motion.js';

/** What an {@link ActionDecoder} makes of a chunk. */
export interface ActionDecoderOptions {
  /** Limit on the norm of the arm's seven joint velocities, rad/s; the article's 0.5 rad/s near people. */
  readonly velocityLimit: number;
  /** Standard deviation of the Gaussian that smooths the waypoints, in waypoints. */
  readonly smoothing: number;
  /** Time over which a new chunk takes over from the running one, at least, s. */
  readonly blendTime: number;
  /** Most that this adds to the hand's acceleration, m/s²: the less, the longer it takes. */
  readonly blendAcceleration: number;
  /** Box in base_link that the gripper stays in: [minimum, maximum] of x, y, z, m. */
  readonly workspace: readonly [readonly [number, number], readonly [number, number], readonly [number, number]];
}

/** Away from people, in front of the crouching robot. */
export const defaultActionDecoder: ActionDecoderOptions = {
  velocityLimit: 2,
  smoothing: 1,
  blendTime: 0.3,
  blendAcceleration: 1,
  workspace: [
    [0.1, 0.65],
    [-0.65, 0.65],
    [-0.1, 0.6],
  ],
};

/** Most inverse-kinematics steps a waypoint; each starts from the waypoint before. */
const iterations = 4;
/** A step that began as near to its waypoint as this, m and rad, is the last. */
const NEAR = 5e-4;

/** Longest time between the waypoints of what is executed, s. */
const LONGEST_STEP = 0.025;

/** Share of a waypoint's time that counts as rounding. */
const ROUNDING = 1e-6;

/** What a policy saw longer ago than this, s, is not acted on any more, however still the arm has been. */
const OLDEST = 5;

/**
 * Turns a predicted chunk into one that the arm can execute: workspace limits, Gaussian smoothing that keeps the first
 * point, more waypoints on cubics between those, a blend with the chunk that is running, joint limits, joint velocity and
 * distance from singularities.
 *
 * A chunk takes over while the one before is carried out, at the place in it that its time says: what was due before it
 * arrived is left out. Where the chunk before ended meanwhile, the arm has rested since, and the new one goes on from
 * there, later by that rest: it neither catches up with a jump nor repeats what was done. A policy that takes longer than
 * the motion that it predicts so moves the arm from rest to rest. A chunk is dropped where it ends before it arrives and
 * the arm moved meanwhile, or where what it answers was seen OLDEST ago.
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
  readonly #running = new Map<Arm, ActionChunk>();
  #slowMotion = new SlowMotion();
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

  /** The chunk that the arm executes. */
  running(arm: Arm): ActionChunk | undefined {
    return this.#running.get(arm);
  }

  /** Forgets the running chunks: the next ones start without a blend. */
  reset(): void {
    this.#running.clear();
    this.#slowMotion = new SlowMotion();
  }

  /** Chunks are carried out at this share of their speed, 0…1, from `time` on, s. */
  observeSpeed(time: number, scale: number): void {
    this.#slowMotion.observe(time, scale);
  }

  /**
   * @param chunk predicted waypoints in absolute poses
   * @param positions commanded joint positions at the chunk's time (all joints, rad)
   * @param now time at which the chunk takes over, s
   * @returns the chunk to execute, which also becomes the running one; undefined where it comes too late: the running
   *   one then stays
   * @throws Error where a number is not finite, a length or dt is wrong; the running chunk then stays
   */
  decode(chunk: ActionChunk, positions: ArrayLike<number>, now: number): ActionChunk | undefined {
    checkChunk(chunk);
    checkPositions(positions, this.#positions.length);
    // Where the arm is in its chunk: from an observation on, both chunks are carried out equally slowly.
    const lag = this.#slowMotion.lag(chunk.stamp);
    const place = now - (this.#slowMotion.lag(now) - lag);
    const before = this.#running.get(chunk.arm);
    const running = before && { ...before, stamp: before.stamp + lag - this.#slowMotion.lag(before.stamp) };
    const missed = chunkEnd(chunk) <= place && !hasRested(running, chunk.stamp);
    if (missed || now - chunk.stamp > OLDEST) return undefined;
    const smooth = this.#smooth(chunk);
    const { blendTime, blendAcceleration } = this.#options;
    const placed = takeOver(running, smooth, place, blendTime, blendAcceleration);
    const feasible = this.#makeFeasible(placed, positions);
    this.#running.set(chunk.arm, feasible);
    return feasible;
  }

  /**
   * Smooths positions and rotation vectors relative to the anchor along the waypoints with a normalised Gaussian,
   *   x̄_k = Σ_j exp(−(j−k)²/2σ²)·x_j / Σ_j exp(−(j−k)²/2σ²), j = 0 (the anchor) … H,
   * the anchor itself kept; puts more waypoints between them, on cubics; then clamps positions to the workspace.
   */
  #smooth(chunk: ActionChunk): ActionChunk {
    const { smoothing, workspace } = this.#options;
    const horizon = chunk.gripper.length;
    const relative = new Float64Array(6 * (horizon + 1));
    for (let k = 0; k < horizon; k++) {
      for (let i = 0; i < 3; i++) relative[6 * (k + 1) + i] = chunk.poses[7 * k + i]! - chunk.anchor[i]!;
      rotationBetween(chunk.anchor, 3, chunk.poses, 7 * k + 3, relative, 6 * (k + 1) + 3);
    }
    const means = new Float64Array(relative.length);
    for (let k = 1; k <= horizon; k++) {
      let total = 0;
      // A window that is symmetric around k, so that the ends are not pulled inwards.
      const reach = Math.min(k, horizon - k, Math.ceil(3 * smoothing));
      for (let j = k - reach; j <= k + reach; j++) {
        const weight = smoothing > 0 ? Math.exp(-((j - k) ** 2) / (2 * smoothing ** 2)) : 1;
        total += weight;
        for (let i = 0; i < 6; i++) means[6 * k + i]! += weight * relative[6 * j + i]!;
      }
      for (let i = 0; i < 6; i++) means[6 * k + i]! /= total;
    }
    const parts = Math.ceil(chunk.dt / LONGEST_STEP - ROUNDING);
    const dt = chunk.dt / parts;
    const gripper = new Float64Array(parts * horizon);
    const poses = new Float64Array(7 * gripper.length);
    const mean = new Float64Array(6);
    const turn = new Float64Array(4);
    for (let n = 0; n < gripper.length; n++) {
      const place = (n + 1) / parts;
      interpolate(means, place, mean);
      for (let i = 0; i < 3; i++) {
        const [low, high] = workspace[i]!;
        poses[7 * n + i] = Math.min(Math.max(chunk.anchor[i]! + mean[i]!, low), high);
      }
      quaternionFromRotationVector(mean, 3, turn, 0);
      multiplyQuaternions(turn, 0, chunk.anchor, 3, poses, 7 * n + 3);
      const k = Math.ceil(place - ROUNDING) - 1;
      const before = chunk.gripper[Math.max(k - 1, 0)]!;
      gripper[n] = Math.min(Math.max(before + (place - k) * (chunk.gripper[k]! - before), 0), 1);
    }
    return { ...chunk, dt, poses, gripper };
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
      for (let i = 0; i < iterations; i++) {
        solver.step(q, chunk.poses, 7 * k);
        if (solver.positionError < NEAR && solver.rotationError < NEAR) break;
      }
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
}

/**
 * Six numbers at `place` (0 … rows − 1) among rows of six, on cubics that go through the rows, at each in the direction
 * from the one before to the one after it (Catmull and Rom, 1974).
 */
function interpolate(rows: Float64Array, place: number, out: Float64Array): void {
  const last = rows.length / 6 - 1;
  const k = Math.min(Math.floor(place), last - 1);
  const s = place - k;
  for (let i = 0; i < 6; i++) {
    const [p, q] = [rows[6 * k + i]!, rows[6 * (k + 1) + i]!];
    const leaving = k > 0 ? (q - rows[6 * (k - 1) + i]!) / 2 : q - p;
    const arriving = k + 2 <= last ? (rows[6 * (k + 2) + i]! - p) / 2 : q - p;
    const bend = s * (1 - s);
    out[i] = p + s * s * (3 - 2 * s) * (q - p) + bend * ((1 - s) * leaving - s * arriving);
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
