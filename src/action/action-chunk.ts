import { interpolatePose } from '../math/pose.js';

/** The arm that a chunk moves. */
export type Arm = 'left' | 'right';

/**
 * A sequence of gripper poses in physical units and absolute time: waypoint k (from 0) is to be reached at
 * `stamp + (k + 1)·dt`. The gripper frame is `l_gripper` or `r_gripper`; all poses are in base_link.
 */
export interface ActionChunk {
  /** Time of the observation that the chunk answers, s. */
  stamp: number;
  /** Time between waypoints, s. */
  dt: number;
  arm: Arm;
  /** Commanded gripper pose at `stamp`: position x, y, z (m) and quaternion x, y, z, w. */
  anchor: Float64Array;
  /** horizon × 7: position and quaternion of each waypoint. */
  poses: Float64Array;
  /** horizon: 0 open … 1 closed. */
  gripper: Float64Array;
}

/** Time of the last waypoint, s. */
export function chunkEnd(chunk: ActionChunk): number {
  return chunk.stamp + chunk.gripper.length * chunk.dt;
}

/**
 * Where the chunk wants the gripper at `time`: linear in position, geodesic in orientation between waypoints, held
 * before the anchor's time and after the last waypoint. Allocates nothing.
 * @param pose written: position x, y, z and quaternion x, y, z, w
 * @returns the gripper scalar
 */
export function sampleChunk(chunk: ActionChunk, time: number, pose: Float64Array): number {
  const horizon = chunk.gripper.length;
  // Waypoint −1 is the anchor.
  const place = Math.min(Math.max((time - chunk.stamp) / chunk.dt - 1, -1), horizon - 1);
  const before = Math.min(Math.floor(place), horizon - 2);
  const s = place - before;
  if (before < 0) interpolatePose(chunk.anchor, 0, chunk.poses, 0, s, pose, 0);
  else interpolatePose(chunk.poses, 7 * before, chunk.poses, 7 * (before + 1), s, pose, 0);
  const start = chunk.gripper[Math.max(before, 0)]!;
  return start + (chunk.gripper[before + 1]! - start) * s;
}

/** How far ahead of its observation a chunk may seem to be, s: clocks and the planner's grid. */
const EARLIEST = 0.1;

/**
 * A chunk from another time would call the hand to where it was then, or is to be then.
 * @param now s @param running the chunk that the arm follows @throws Error where it begins later than now, has ended,
 * or is older than the running one
 */
export function checkTimes(chunk: ActionChunk, now: number, running: ActionChunk | undefined): void {
  const ahead = chunk.stamp - now;
  if (ahead > EARLIEST) {
    throw new Error(`action chunk: it begins ${ahead.toFixed(2)} s ahead, at most ${EARLIEST} s are: check the clocks`);
  }
  const ago = now - chunkEnd(chunk);
  if (ago >= 0) throw new Error(`action chunk: it ended ${ago.toFixed(2)} s ago: check the clocks and the latency`);
  const older = running === undefined ? 0 : running.stamp - chunk.stamp;
  if (older > 0) throw new Error(`action chunk: it is ${older.toFixed(2)} s older than the one that is followed`);
}

/** Shortest and longest time between waypoints, s. */
const DT = [1e-3, 1] as const;

/** @throws Error where a length or dt is wrong or a number is not finite */
export function checkChunk(chunk: ActionChunk): void {
  const horizon = chunk.gripper.length;
  if (horizon < 2) throw new Error(`action chunk: ${horizon} waypoints; at least 2 are needed`);
  if (chunk.poses.length !== 7 * horizon || chunk.anchor.length !== 7) {
    throw new Error(
      `action chunk: ${chunk.poses.length} pose numbers for ${horizon} waypoints; expected ${7 * horizon}`,
    );
  }
  if (!Number.isFinite(chunk.stamp)) throw new Error(`action chunk: stamp is ${chunk.stamp}; it must be finite`);
  if (!(chunk.dt >= DT[0] && chunk.dt <= DT[1])) {
    throw new Error(`action chunk: dt is ${chunk.dt} s, needs ${DT[0]} to ${DT[1]} s`);
  }
  const bad = [...chunk.anchor, ...chunk.poses, ...chunk.gripper].findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new Error(`action chunk: number ${bad} of anchor, poses, gripper is not finite`);
}
