import type { Layout } from './layout.js';
import type { Task } from './scene.js';
import type { Simulation } from './simulation.js';

/** A body this much above its start was lifted, m. */
const liftHeight = 0.03;

/** Judges an episode on ground truth: the target inside the receptacle and the hands away from it, for a while. */
export class SuccessTest {
  readonly #task: Task;
  readonly #layout: Layout;
  readonly #simulation: Simulation;
  readonly #grippers: readonly number[];
  readonly #target = new Float64Array(3);
  readonly #receptacle = new Float64Array(3);
  readonly #hand = new Float64Array(3);
  readonly #start = new Float64Array(3);
  readonly #others: ReadonlyMap<string, { readonly start: Float64Array; readonly now: Float64Array }>;
  #held = 0;
  #lifted = false;
  #otherLifted: string | undefined;

  /** @param grippers links at the centre of each hand's grasp */
  constructor(task: Task, layout: Layout, simulation: Simulation, grippers: readonly string[]) {
    this.#task = task;
    this.#layout = layout;
    this.#simulation = simulation;
    this.#grippers = grippers.map((gripper) => simulation.link(gripper));
    const { target, receptacle } = layout.instruction;
    this.#others = new Map(
      [...layout.placements.keys()]
        .filter((name) => name !== target && name !== receptacle)
        .map((name) => [name, { start: new Float64Array(3), now: new Float64Array(3) }]),
    );
  }

  /** Looks at the world `dt` seconds after the last look. @returns whether the task is done */
  update(dt: number): boolean {
    const { target, receptacle } = this.#layout.instruction;
    const { inside, released, hold } = this.#task.success;
    if (this.#start.every((value) => value === 0)) {
      this.#simulation.bodyPosition(target, this.#start);
      for (const [name, other] of this.#others) this.#simulation.bodyPosition(name, other.start);
    }
    this.#simulation.bodyPosition(target, this.#target);
    this.#simulation.bodyPosition(receptacle, this.#receptacle);
    const [x, y, z] = [0, 1, 2].map((i) => this.#target[i]! - this.#receptacle[i]!) as [number, number, number];
    const placed = Math.abs(x) < inside.x && Math.abs(y) < inside.y && z > 0 && z < inside.below;
    const away = this.#grippers.every((gripper) => this.#distance(gripper) > released);
    if (this.#target[2]! > this.#start[2]! + liftHeight) this.#lifted = true;
    for (const [name, { start, now }] of this.#others) {
      this.#simulation.bodyPosition(name, now);
      if (now[2]! > start[2]! + liftHeight) this.#otherLifted ??= name;
    }
    this.#held = placed && away ? this.#held + dt : 0;
    return this.#held >= hold - 1e-9;
  }

  /** From a link to the target, m. */
  #distance(link: number): number {
    this.#simulation.linkPosition(link, this.#hand);
    const [t, h] = [this.#target, this.#hand];
    return Math.hypot(t[0]! - h[0]!, t[1]! - h[1]!, t[2]! - h[2]!);
  }

  /** Why the task is not done, in words. */
  cause(): string {
    const { target } = this.#layout.instruction;
    if (!this.#lifted && this.#otherLifted !== undefined) return `lifted ${this.#otherLifted} instead of ${target}`;
    if (this.#target[2]! < this.#start[2]! - 0.2) return `${target} fell off the table`;
    if (!this.#lifted) {
      const moved = Math.hypot(this.#target[0]! - this.#start[0]!, this.#target[1]! - this.#start[1]!);
      return moved > 0.02 ? `${target} was pushed, not grasped` : `${target} was not reached`;
    }
    return this.#held > 0 ? `${target} was placed too late` : `${target} was lifted but not placed`;
  }
}
