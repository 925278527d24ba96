import { minimumJerk, minimumJerkRate } from '../math/minimum-jerk.js';
import type { JointSample } from './trajectory.js';

/** s */
const DURATION = 0.5;

/**
 * Begins a motion where the joints are commanded, though it begins a little elsewhere: with the difference Δ,
 *   q = q_motion − Δ·(1 − w),  w that of the least jerk over DURATION.
 * Legs that carry the robot would make its feet slip if they jerked there. Real-time safe.
 */
export class EaseIn {
  readonly #difference: Float64Array;
  #begin = Number.NEGATIVE_INFINITY;

  constructor(joints: number) {
    this.#difference = new Float64Array(joints);
  }

  /** @param time s @param motion first positions of the motion, rad @param command present ones, rad */
  start(time: number, motion: Float64Array, command: Float64Array): void {
    this.#begin = time;
    for (let j = 0; j < this.#difference.length; j++) this.#difference[j] = motion[j] - command[j];
  }

  /** @param time s @param sample of the motion, changed */
  apply(time: number, sample: JointSample): void {
    const s = (time - this.#begin) / DURATION;
    if (s >= 1) return;
    const left = 1 - minimumJerk(s);
    const rate = minimumJerkRate(s) / DURATION;
    for (let j = 0; j < this.#difference.length; j++) {
      sample.position[j] -= left * this.#difference[j];
      sample.velocity[j] += rate * this.#difference[j];
    }
  }
}
