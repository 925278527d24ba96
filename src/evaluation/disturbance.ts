import type { ActionChunk } from '../action/action-chunk.js';
import { multiplyQuaternions, quaternionFromRotationVector } from '../math/pose.js';
import { Random } from '../math/random.js';

/** Disturbance of what is executed; the plan that is recorded stays clean (so the data show how to recover). */
const disturbance = {
  /** Share of episodes that are not disturbed. */
  clean: 0.25,
  /** Largest standard deviation of the white part; each episode draws its own scale. m, rad */
  position: 0.012,
  rotation: 0.06,
  /** Chance of a kick at a decision, its size (m) and how many decisions it lasts. */
  kickChance: 0.04,
  kickSize: [0.02, 0.05],
  kickDecisions: 3,
  /** Share of disturbed episodes that start elsewhere: kicks of this size (m) at the start, and the hand this far closed. */
  startShare: 0.5,
  startSize: [0.03, 0.1],
  startDecisions: 5,
  startGripper: 0.6,
  /** Share of disturbed episodes in which the target is pushed: how far (m), in how many and by when (decisions). */
  pushShare: 0.15,
  pushSize: [0.015, 0.04],
  pushDecisions: 4,
  pushBegin: [2, 30],
} as const;

/** A push of the target on the floor plan for one decision, m. */
export type Push = readonly [dx: number, dy: number];

/** Random disturbances of one demonstration, drawn from its seed. */
export class Disturbance {
  readonly #random: Random;
  readonly #scale: number;
  readonly #kick = new Float64Array(3);
  #kickLeft = 0;
  #startLeft = 0;
  readonly #startGripper: number;
  #pushIn: number;
  #pushLeft = 0;
  #push: Push = [0, 0];

  /** @param active false: nothing is disturbed */
  constructor(seed: number, active: boolean) {
    const random = new Random(seed + 0x5eed);
    this.#random = random;
    const clean = !active || random.uniform() < disturbance.clean;
    this.#scale = clean ? 0 : random.uniform();
    const starts = !clean && random.uniform() < disturbance.startShare;
    if (starts) {
      this.#startLeft = disturbance.startDecisions;
      this.#aim(random.uniform(...disturbance.startSize), this.#kick);
    }
    this.#startGripper = starts ? random.uniform(0, disturbance.startGripper) : 0;
    const pushes = !clean && random.uniform() < disturbance.pushShare;
    const [first, last] = disturbance.pushBegin;
    this.#pushIn = pushes ? first + random.integer(last - first) : Number.POSITIVE_INFINITY;
  }

  /**
   * The push of the target that is due at this decision.
   * @param free whether the target may be pushed: nothing is near it
   */
  push(free: boolean): Push | undefined {
    const random = this.#random;
    if (this.#pushLeft > 0) {
      this.#pushLeft--;
      return this.#push;
    }
    this.#pushIn--;
    if (this.#pushIn > 0 || !free) return undefined;
    this.#pushIn = Number.POSITIVE_INFINITY;
    this.#pushLeft = disturbance.pushDecisions - 1;
    const angle = random.uniform(0, 2 * Math.PI);
    const step = random.uniform(...disturbance.pushSize) / disturbance.pushDecisions;
    this.#push = [step * Math.cos(angle), step * Math.sin(angle)];
    return this.#push;
  }

  /**
   * The plan with a random offset that fades in over its first waypoints.
   * @param tolerance share of the disturbance that the present part of the task bears
   */
  apply(plan: ActionChunk, tolerance: number): ActionChunk {
    if (this.#scale === 0) return plan;
    const random = this.#random;
    const poses = plan.poses.slice();
    let { gripper } = plan;
    if (this.#startLeft > 0) {
      this.#startLeft--;
      gripper = gripper.map((value) => Math.max(value, this.#startGripper));
      if (this.#startLeft === 0) this.#kick.fill(0);
    } else if (tolerance < 1) {
      this.#kickLeft = 0;
    } else if (this.#kickLeft > 0) {
      this.#kickLeft--;
    } else if (random.uniform() < disturbance.kickChance) {
      this.#kickLeft = disturbance.kickDecisions;
      this.#aim(random.uniform(...disturbance.kickSize), this.#kick);
    }
    const kicked = this.#startLeft > 0 || this.#kickLeft > 0;
    const offset = Float64Array.from({ length: 3 }, (_, i) => {
      const white = random.normal(0, disturbance.position * this.#scale * tolerance);
      return white + (kicked ? this.#kick[i]! : 0);
    });
    const turn = Float64Array.from({ length: 3 }, () =>
      random.normal(0, disturbance.rotation * this.#scale * tolerance),
    );
    const faded = new Float64Array(3);
    const rotation = new Float64Array(4);
    for (let k = 0; k < plan.gripper.length; k++) {
      const fade = Math.min(1, (k + 1) / 2);
      for (let i = 0; i < 3; i++) {
        poses[7 * k + i]! += fade * offset[i]!;
        faded[i] = fade * turn[i]!;
      }
      quaternionFromRotationVector(faded, 0, rotation, 0);
      multiplyQuaternions(rotation, 0, poses, 7 * k + 3, poses, 7 * k + 3);
    }
    return { ...plan, poses, gripper };
  }

  /** A random direction, upwards rather than down, of length `size`. */
  #aim(size: number, out: Float64Array): void {
    const random = this.#random;
    const direction = [random.normal(), random.normal(), Math.abs(random.normal())];
    const length = Math.hypot(...direction);
    for (let i = 0; i < 3; i++) out[i] = (size * direction[i]!) / length;
  }
}
