import {
  matrixFromQuaternion,
  multiplyByTransposed,
  multiplyMatrices,
  quaternionFromMatrix,
  rotate,
} from '../math/rotation.js';
import type { LegKinematics } from './leg-kinematics.js';

/** Where a loaded sole stands. */
class Anchor {
  readonly position = new Float64Array(3);
  readonly rotation = new Float64Array(9);
  set = false;
}

/**
 * The base's motion by the legs alone: what is loaded stands still. Without a filter and without a notion of slipping;
 * the orientation is given, or read from the soles. Real-time safe.
 */
export class LegOdometry {
  /** m and m/s, odom. */
  readonly position = new Float64Array(3);
  readonly velocity = new Float64Array(3);
  /** Orientation of base_link in odom, row-major. */
  readonly rotation = new Float64Array(9);
  /** Angular velocity of base_link, rad/s, base_link axes. */
  readonly angularVelocity = new Float64Array(3);
  readonly #legs: readonly LegKinematics[];
  readonly #anchors = [new Anchor(), new Anchor()];
  readonly #loaded = [false, false];
  readonly #vector = new Float64Array(3);
  readonly #matrix = new Float64Array(9);
  readonly #quaternion = new Float64Array(4);
  readonly #mean = new Float64Array(4);

  constructor(legs: readonly [LegKinematics, LegKinematics]) {
    this.#legs = legs;
  }

  /** Starts anew from a pose. @param rotation row-major */
  reset(position: Float64Array, rotation: Float64Array): void {
    this.position.set(position);
    this.rotation.set(rotation);
    this.velocity.fill(0);
    this.angularVelocity.fill(0);
    for (let foot = 0; foot < 2; foot++) this.#anchors[foot].set = false;
  }

  /**
   * One cycle, after the legs' kinematics is computed. @param left whether the left foot is loaded @param right likewise
   * @param rotation orientation of base_link in odom @param rate angular velocity, rad/s, base_link axes; both are
   * read from the loaded soles where they are left out
   */
  update(left: boolean, right: boolean, rotation?: Float64Array, rate?: Float64Array): void {
    this.#loaded[0] = left;
    this.#loaded[1] = right;
    if (rotation !== undefined) this.rotation.set(rotation);
    else this.#readRotation();
    if (rate !== undefined) this.angularVelocity.set(rate);
    else this.#readRate();
    this.#readVelocity();
    this.#readPosition();
    this.#anchor();
  }

  /** Mean of S·S_bᵀ, a sole's orientation in odom and in base_link, over the anchored feet; quaternions are averaged. */
  #readRotation(): void {
    const q = this.#quaternion;
    const mean = this.#mean;
    mean.fill(0);
    for (let foot = 0; foot < 2; foot++) {
      if (!this.#loaded[foot] || !this.#anchors[foot].set) continue;
      multiplyByTransposed(this.#anchors[foot].rotation, this.#legs[foot].rotation, this.#matrix);
      quaternionFromMatrix(this.#matrix, q);
      const sign = q[0] * mean[0] + q[1] * mean[1] + q[2] * mean[2] + q[3] * mean[3] < 0 ? -1 : 1;
      for (let k = 0; k < 4; k++) mean[k] += sign * q[k];
    }
    const length = Math.sqrt(mean[0] * mean[0] + mean[1] * mean[1] + mean[2] * mean[2] + mean[3] * mean[3]);
    if (length === 0) return;
    for (let k = 0; k < 4; k++) mean[k] /= length;
    matrixFromQuaternion(mean, this.rotation);
  }

  /** The soles stand still: the base turns against them. */
  #readRate(): void {
    const feet = this.#count();
    for (let k = 0; k < 3; k++) {
      let sum = 0;
      for (let foot = 0; foot < 2; foot++) if (this.#loaded[foot]) sum -= this.#legs[foot].angularVelocity[k];
      this.angularVelocity[k] = feet === 0 ? 0 : sum / feet;
    }
  }

  /** v = −R·mean of ω × h + ḣ over the loaded feet. */
  #readVelocity(): void {
    const { velocity: v, angularVelocity: w } = this;
    const feet = this.#count();
    v.fill(0);
    for (let foot = 0; foot < 2; foot++) {
      if (!this.#loaded[foot]) continue;
      const { position: h, velocity: dh } = this.#legs[foot];
      v[0] -= (w[1] * h[2] - w[2] * h[1] + dh[0]) / feet;
      v[1] -= (w[2] * h[0] - w[0] * h[2] + dh[1]) / feet;
      v[2] -= (w[0] * h[1] - w[1] * h[0] + dh[2]) / feet;
    }
    rotate(this.rotation, v, v);
  }

  /** p = mean of d − R·h over the anchored feet. */
  #readPosition(): void {
    const h = this.#vector;
    let known = 0;
    for (let foot = 0; foot < 2; foot++) if (this.#loaded[foot] && this.#anchors[foot].set) known++;
    if (known === 0) return;
    this.position.fill(0);
    for (let foot = 0; foot < 2; foot++) {
      const anchor = this.#anchors[foot];
      if (!this.#loaded[foot] || !anchor.set) continue;
      rotate(this.rotation, this.#legs[foot].position, h);
      for (let k = 0; k < 3; k++) this.position[k] += (anchor.position[k] - h[k]) / known;
    }
  }

  /** Anchors the feet that have become loaded, releases the others. */
  #anchor(): void {
    for (let foot = 0; foot < 2; foot++) {
      const anchor = this.#anchors[foot];
      if (this.#loaded[foot] && !anchor.set) {
        const leg = this.#legs[foot];
        rotate(this.rotation, leg.position, anchor.position);
        for (let k = 0; k < 3; k++) anchor.position[k] += this.position[k];
        multiplyMatrices(this.rotation, leg.rotation, anchor.rotation);
      }
      anchor.set = this.#loaded[foot];
    }
  }

  #count(): number {
    return (this.#loaded[0] ? 1 : 0) + (this.#loaded[1] ? 1 : 0);
  }
}
