import type { ActionChunk, Arm } from '../action/action-chunk.js';
import { encodeActions } from '../action/action-space.js';
import { interpolatePose } from '../math/pose.js';

/** Of a chunk: waypoints, and the time between them, s. */
const HORIZON = 10;
const WAYPOINT_PERIOD = 0.1;

/** What a hand was commanded to do over time, from which the action chunk at any moment follows in hindsight. */
export class CommandedMotion {
  readonly #arm: Arm;
  readonly #times: number[] = [];
  readonly #poses: Float64Array[] = [];
  readonly #grippers: number[] = [];

  constructor(arm: Arm) {
    this.#arm = arm;
  }

  /** Commands known so far. */
  get length(): number {
    return this.#times.length;
  }

  /** @param time s; commands that are not later than the last one are left out @param pose xyz and xyzw in base_link */
  push(time: number, pose: Float64Array, gripper: number): void {
    if (time <= (this.#times.at(-1) ?? Number.NEGATIVE_INFINITY)) return;
    this.#times.push(time);
    this.#poses.push(pose);
    this.#grippers.push(gripper);
  }

  /**
   * The policy actions, 10 × 7, that lead from a moment along what was commanded afterwards; where nothing more was,
   * the hand stays.
   * @param stamp s
   * @param anchor commanded pose at the stamp
   * @throws Error where no command is known
   */
  actions(stamp: number, anchor: Float64Array): Float64Array {
    const chunk: ActionChunk = {
      stamp,
      dt: WAYPOINT_PERIOD,
      arm: this.#arm,
      anchor,
      poses: new Float64Array(7 * HORIZON),
      gripper: new Float64Array(HORIZON),
    };
    for (let k = 0; k < HORIZON; k++) this.#sample(stamp + (k + 1) * WAYPOINT_PERIOD, chunk, k);
    return encodeActions(chunk);
  }

  #sample(time: number, { poses, gripper }: ActionChunk, k: number): void {
    const times = this.#times;
    if (times.length === 0) throw new Error('no command of the hand is known');
    const later = this.#firstFrom(time);
    const [before, after] = [Math.max(later - 1, 0), Math.min(later, times.length - 1)];
    const span = times[after]! - times[before]!;
    const share = span > 0 ? Math.min((time - times[before]!) / span, 1) : 0;
    interpolatePose(this.#poses[before]!, 0, this.#poses[after]!, 0, share, poses, 7 * k);
    gripper[k] = this.#grippers[before]! + share * (this.#grippers[after]! - this.#grippers[before]!);
  }

  /** Index of the first command at or after a time; their number where there is none. */
  #firstFrom(time: number): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
