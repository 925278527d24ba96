import { multiplyQuaternions, quaternionFromRotationVector, rotationBetween } from '../math/pose.js';
import { type ActionChunk, chunkEnd, sampleChunk } from './action-chunk.js';

/** Numbers of a policy action: position (3), rotation vector (3), gripper (1). */
export const ACTION_DIMENSION = 7;

/** What an {@link ActionChunk} holds beside its waypoints. */
export type ChunkHeader = Pick<ActionChunk, 'stamp' | 'dt' | 'arm' | 'anchor'>;

/**
 * Policy actions of a chunk, horizon × 7, relative to its anchor pose (p₀, R₀): p_k − p₀ and the rotation vector of
 * R_k·R₀ᵀ, both along the axes of base_link (m, rad), then the gripper (0 open … 1 closed).
 */
export function encodeActions(chunk: ActionChunk): Float64Array {
  const horizon = chunk.gripper.length;
  if (chunk.poses.length !== horizon * 7 || chunk.anchor.length !== 7) {
    throw new Error(
      `action chunk: ${chunk.poses.length} pose and ${chunk.anchor.length} anchor numbers for ${horizon} waypoints; ` +
        `expected ${horizon * 7} and 7`,
    );
  }
  checkQuaternion(chunk.anchor, 0, 'anchor');
  const actions = new Float64Array(horizon * ACTION_DIMENSION);
  for (let k = 0; k < horizon; k++) {
    checkQuaternion(chunk.poses, k * 7, `waypoint ${k}`);
    encodePose(chunk.poses, k * 7, chunk.anchor, actions, k * ACTION_DIMENSION);
    actions[k * ACTION_DIMENSION + 6] = chunk.gripper[k]!;
  }
  return actions;
}

/**
 * The chunk in physical units and absolute poses: the inverse of {@link encodeActions}.
 * @param actions horizon × 7
 * @throws Error when the length is no multiple of 7, or a value is not finite
 */
export function decodeActions(actions: ArrayLike<number>, header: ChunkHeader): ActionChunk {
  const horizon = actions.length / ACTION_DIMENSION;
  if (horizon < 1 || !Number.isInteger(horizon)) {
    throw new Error(`actions: ${actions.length} values; expected a multiple of ${ACTION_DIMENSION}`);
  }
  for (let i = 0; i < actions.length; i++) {
    if (!Number.isFinite(actions[i])) {
      throw new Error(
        `actions: value ${i % ACTION_DIMENSION} of waypoint ${Math.floor(i / ACTION_DIMENSION)} is ${actions[i]}`,
      );
    }
  }
  checkQuaternion(header.anchor, 0, 'anchor');
  const anchor = Float64Array.from(header.anchor);
  const relative = Float64Array.from(actions);
  const poses = new Float64Array(horizon * 7);
  const gripper = new Float64Array(horizon);
  const turn = new Float64Array(4);
  for (let k = 0; k < horizon; k++) {
    const at = k * ACTION_DIMENSION;
    for (let i = 0; i < 3; i++) poses[k * 7 + i] = anchor[i]! + relative[at + i]!;
    // R_k = exp(rotation vector)·R₀
    quaternionFromRotationVector(relative, at + 3, turn, 0);
    multiplyQuaternions(turn, 0, anchor, 3, poses, k * 7 + 3);
    gripper[k] = Math.min(1, Math.max(0, relative[at + 6]!));
  }
  return { stamp: header.stamp, dt: header.dt, arm: header.arm, anchor, poses, gripper };
}

/**
 * What is left of a chunk, as policy actions from a later moment: its path sampled at `stamp + (k + 1)·dt` and
 * expressed relative to `anchor`.
 * @param stamp time of the new observation, s
 * @param anchor commanded gripper pose at `stamp`, xyz and xyzw
 * @returns as many waypoints × 7 as the chunk reaches; empty when it has ended
 */
export function reanchorActions(chunk: ActionChunk, stamp: number, anchor: Float64Array): Float64Array {
  const actions: number[] = [];
  const pose = new Float64Array(7);
  const action = new Float64Array(ACTION_DIMENSION);
  const end = chunkEnd(chunk) + 1e-6 * chunk.dt;
  for (let time = stamp + chunk.dt; time >= chunk.stamp && time <= end; time += chunk.dt) {
    action[6] = sampleChunk(chunk, time, pose);
    encodePose(pose, 0, anchor, action, 0);
    actions.push(...action);
  }
  return Float64Array.from(actions);
}

/** Position and rotation vector of a pose relative to `anchor`, along the axes of base_link. */
function encodePose(pose: Float64Array, at: number, anchor: Float64Array, out: Float64Array, outAt: number): void {
  for (let i = 0; i < 3; i++) out[outAt + i] = pose[at + i]! - anchor[i]!;
  rotationBetween(anchor, 3, pose, at + 3, out, outAt + 3);
}

function checkQuaternion(poses: ArrayLike<number>, at: number, name: string): void {
  const q = [poses[at + 3]!, poses[at + 4]!, poses[at + 5]!, poses[at + 6]!];
  if (!(Math.abs(Math.hypot(...q) - 1) < 1e-3)) {
    throw new Error(`action chunk: the quaternion of the ${name} is [${q.join(', ')}]; its length must be 1`);
  }
}

/** Mean and standard deviation of every number of an action chunk (horizon × 7), from the training data. */
export class ActionNormalisation {
  /** horizon × 7 */
  readonly mean: Float64Array;
  /** horizon × 7, all above 0 */
  readonly standardDeviation: Float64Array;

  /** @throws Error when the lengths differ or a deviation is not above 0 */
  constructor(mean: ArrayLike<number>, standardDeviation: ArrayLike<number>) {
    if (mean.length !== standardDeviation.length) {
      throw new Error(`action normalisation: ${mean.length} means but ${standardDeviation.length} deviations`);
    }
    this.mean = Float64Array.from(mean);
    this.standardDeviation = Float64Array.from(standardDeviation);
    const bad = this.standardDeviation.findIndex((deviation) => !(deviation > 0 && Number.isFinite(deviation)));
    if (bad >= 0)
      throw new Error(`action normalisation: deviation ${bad} is ${standardDeviation[bad]}; it must be above 0`);
  }

  /** z = (a − mean)/σ for one or more chunks in a row. */
  normalise(actions: ArrayLike<number>): Float64Array {
    const n = this.#checkLength(actions);
    return Float64Array.from(actions, (a, i) => (a - this.mean[i % n]!) / this.standardDeviation[i % n]!);
  }

  /** a = z·σ + mean for one or more chunks in a row. */
  denormalise(normalised: ArrayLike<number>): Float64Array {
    const n = this.#checkLength(normalised);
    return Float64Array.from(normalised, (z, i) => z * this.standardDeviation[i % n]! + this.mean[i % n]!);
  }

  #checkLength(values: ArrayLike<number>): number {
    const n = this.mean.length;
    if (values.length % n !== 0)
      throw new Error(`action normalisation: ${values.length} values; expected a multiple of ${n}`);
    return n;
  }
}
