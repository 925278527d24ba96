import type { ActionChunk, Arm } from '../action/action-chunk.js';
import { Random } from '../math/random.js';
import { PickAndPlaceExpert } from '../sim/expert/pick-and-place-expert.js';
import type { Layout } from '../sim/layout.js';
import type { Agent, Moment } from './rollout.js';

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
} as const;

/** How much of the disturbance acts in a stage: little where the fingers are at the target. */
const sensitivity: Readonly<Record<string, number>> = {
  approach: 0.4,
  close: 0.15,
  lift: 0.4,
  release: 0.15,
  retreat: 0.4,
};

/** The scripted expert as an agent of the lock-step rollout. */
export class ExpertAgent implements Agent {
  readonly arm: Arm = 'right';
  readonly period = 0.1;
  readonly latency = 0;
  /** The clean plan of the last decision: the label. */
  plan: ActionChunk | undefined;
  /** Ground truth of the last decision, in base_link. */
  readonly truth = {
    target: new Float64Array(3),
    receptacle: new Float64Array(3),
    gripper: new Float64Array(7),
  };
  readonly #rest = new Float64Array(7);
  readonly #disturbed: boolean;
  #layout: Layout | undefined;
  #expert: PickAndPlaceExpert;
  #random = new Random(0);
  #scale = 0;
  readonly #kick = new Float64Array(3);
  #kickLeft = 0;

  /**
   * @param rest gripper pose in base_link at the start
   * @param disturbed whether noise is added to what is executed
   */
  constructor(rest: Float64Array, disturbed: boolean) {
    this.#rest.set(rest);
    this.#disturbed = disturbed;
    this.#expert = new PickAndPlaceExpert(this.#rest);
  }

  reset(layout: Layout): void {
    this.#layout = layout;
    this.#expert = new PickAndPlaceExpert(this.#rest);
    this.#random = new Random(layout.seed + 0x5eed);
    const clean = !this.#disturbed || this.#random.uniform() < disturbance.clean;
    this.#scale = clean ? 0 : this.#random.uniform();
    this.#kickLeft = 0;
  }

  act({ time, commanded, simulation }: Moment): readonly ActionChunk[] {
    const { target, receptacle } = this.#layout!.instruction;
    simulation.bodyPositionInBase(target, this.truth.target);
    simulation.bodyPositionInBase(receptacle, this.truth.receptacle);
    simulation.linkPoseInBase(simulation.link('r_gripper'), this.truth.gripper);
    this.plan = this.#expert.plan(time, this.truth, {
      arm: this.arm,
      ...commanded[this.arm],
    });
    return [this.#scale > 0 ? this.#disturb(this.plan) : this.plan];
  }

  /** The plan with a random offset that fades in over its first waypoints. */
  #disturb(plan: ActionChunk): ActionChunk {
    const random = this.#random;
    const poses = plan.poses.slice();
    const share = sensitivity[this.#expert.stage] ?? 1;
    if (share < 1) this.#kickLeft = 0;
    if (this.#kickLeft > 0) {
      this.#kickLeft--;
    } else if (share === 1 && random.uniform() < disturbance.kickChance) {
      this.#kickLeft = disturbance.kickDecisions;
      const size = random.uniform(...disturbance.kickSize);
      const direction = [random.normal(), random.normal(), Math.abs(random.normal())];
      const length = Math.hypot(...direction);
      for (let i = 0; i < 3; i++) this.#kick[i] = (size * direction[i]!) / length;
    }
    const offset = Float64Array.from({ length: 3 }, (_, i) => {
      const white = random.normal(0, disturbance.position * this.#scale * share);
      return white + (this.#kickLeft > 0 ? this.#kick[i]! : 0);
    });
    const turn = Float64Array.from({ length: 3 }, () => random.normal(0, disturbance.rotation * this.#scale * share));
    for (let k = 0; k < plan.gripper.length; k++) {
      const fade = Math.min(1, (k + 1) / 2);
      for (let i = 0; i < 3; i++) poses[7 * k + i]! += fade * offset[i]!;
      // Small angles: q ← q + ½(turn, 0) ⊗ q, normalised.
      const [x, y, z, w] = [poses[7 * k + 3]!, poses[7 * k + 4]!, poses[7 * k + 5]!, poses[7 * k + 6]!];
      const [a, b, c] = [0.5 * fade * turn[0]!, 0.5 * fade * turn[1]!, 0.5 * fade * turn[2]!];
      const turned = [
        x + a * w + b * z - c * y,
        y - a * z + b * w + c * x,
        z + a * y - b * x + c * w,
        w - a * x - b * y - c * z,
      ];
      const norm = Math.hypot(...turned);
      for (let i = 0; i < 4; i++) poses[7 * k + 3 + i] = turned[i]! / norm;
    }
    return { ...plan, poses };
  }
}
