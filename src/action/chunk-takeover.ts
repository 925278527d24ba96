import { minimumJerk } from '../math/minimum-jerk.js';
import { interpolatePose, rotationBetween } from '../math/pose.js';
import { type ActionChunk, chunkEnd, sampleChunk } from './action-chunk.js';

/** A fade's largest acceleration is PEAK·d/T² + 2·SLOPE·v/T, see `blend`. */
const PEAK = 10 / Math.sqrt(3);
const SLOPE = 15 / 8;
/** How far ahead it begins where the arm moves, s: the planner looks ahead, and must not see all of it at once. */
const LEAD = 0.05;
/** Longest fade, s. */
const LONGEST_BLEND = 0.8;
/** What a radian weighs beside a metre, m. */
const ARM = 0.15;
/** Time over which the speed is found at which chunks part, s. */
const SPAN = 0.1;
/** Share of a waypoint's time that counts as rounding. */
const ROUNDING = 1e-6;

/** Whether an arm that follows `running` moves no more from `time` on. */
export function hasRested(running: ActionChunk | undefined, time: number): boolean {
  return running === undefined || chunkEnd(running) <= time;
}

/**
 * Lets `chunk` take over from the running one at `now`. Where that ended after the observation of the new one, the arm
 * has rested since; where there is none, since the observation: the new chunk goes on from there, later by that rest.
 * Where the arm moves, nothing changes before the first waypoint that is LEAD ahead.
 * @param least time of the fade from one to the other, s @param acceleration most that the fade adds to the hand's, m/s²
 */
export function takeOver(
  running: ActionChunk | undefined,
  chunk: ActionChunk,
  now: number,
  least: number,
  acceleration: number,
): ActionChunk {
  const before = hasRested(running, chunk.stamp) ? rest(chunk) : running!;
  const { stamp, dt } = chunk;
  const from = chunkEnd(before) > now ? now + LEAD : now;
  const begin = stamp + Math.ceil((from - stamp) / dt - ROUNDING) * dt;
  return blend(before, delay(chunk, from - chunkEnd(before)), begin, least, acceleration);
}

/**
 * Fades from the running chunk to the new one over its waypoints, from t₀ (`begin`, one of them) on, so that nothing
 * changes until then: weight 10s³ − 15s⁴ + 6s⁵ with s = (t − t₀)/T, clamped to 0…1, which begins and ends
 * without acceleration. Where the chunks are d apart at t₀ and part with speed v, the fade adds accelerations up to
 * 5.8·d/T² + 3.8·v/T: T is what keeps them to `most`, and at least `least`.
 */
function blend(running: ActionChunk, chunk: ActionChunk, begin: number, least: number, most: number): ActionChunk {
  const { stamp, dt } = chunk;
  const old = new Float64Array(7);
  const anchor = new Float64Array(7);
  const gripper = new Float64Array(chunk.gripper.length);
  const poses = new Float64Array(chunk.poses.length);
  const apart = between(running, chunk, begin);
  const speed = Math.abs(between(running, chunk, begin + SPAN) - apart) / SPAN;
  const needed = (SLOPE * speed + Math.sqrt((SLOPE * speed) ** 2 + PEAK * most * apart)) / most;
  const duration = Math.min(Math.max(needed, least), LONGEST_BLEND);
  for (let k = 0; k < gripper.length; k++) {
    const time = stamp + (k + 1) * dt;
    const s = Math.min(Math.max((time - begin) / duration, 0), 1);
    const weight = minimumJerk(s);
    const oldGripper = sampleChunk(running, time, old);
    gripper[k] = oldGripper + weight * (chunk.gripper[k]! - oldGripper);
    interpolatePose(old, 0, chunk.poses, 7 * k, weight, poses, 7 * k);
  }
  sampleChunk(running, stamp, anchor);
  return { ...chunk, anchor, poses, gripper };
}

/** How far two chunks are apart at `time`, m; a radian counts as ARM. */
function between(a: ActionChunk, b: ActionChunk, time: number): number {
  const [p, q, turn] = [new Float64Array(7), new Float64Array(7), new Float64Array(3)];
  sampleChunk(a, time, p);
  sampleChunk(b, time, q);
  rotationBetween(p, 3, q, 3, turn, 0);
  return Math.hypot(p[0]! - q[0]!, p[1]! - q[1]!, p[2]! - q[2]!) + ARM * Math.hypot(...turn);
}

/** Rest at the anchor of a chunk, which ends when the chunk begins. */
function rest({ stamp, dt, arm, anchor, gripper }: ActionChunk): ActionChunk {
  const poses = Float64Array.of(...anchor, ...anchor);
  return { stamp: stamp - 2 * dt, dt, arm, anchor, poses, gripper: new Float64Array(2).fill(gripper[0]!) };
}

/**
 * The same motion later by `time` (s), with as many more waypoints as that takes: until then the hand rests at the
 * anchor. Where `time` is not above 0, the chunk itself.
 */
function delay(chunk: ActionChunk, time: number): ActionChunk {
  const more = Math.ceil(time / chunk.dt - ROUNDING);
  if (more <= 0) return chunk;
  const horizon = chunk.gripper.length + more;
  const poses = new Float64Array(7 * horizon);
  const gripper = new Float64Array(horizon);
  const pose = new Float64Array(7);
  for (let k = 0; k < horizon; k++) {
    gripper[k] = sampleChunk(chunk, chunk.stamp + (k + 1) * chunk.dt - time, pose);
    poses.set(pose, 7 * k);
  }
  return { ...chunk, poses, gripper };
}
