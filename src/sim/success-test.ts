import type { Layout } from './layout.js';
import type { Task } from './scene.js';
import type { Simulation } from './simulation.js';
import { createJudge, type Judge, type Subjects } from './success-judges.js';

/** Judges an episode on ground truth: whether the instruction's goal is met, for a while. */
export class SuccessTest {
  readonly #simulation: Simulation;
  readonly #criterion: Task['success'][string];
  readonly #subjects: Subjects;
  #judge: Judge | undefined;
  #held = 0;

  /** @param grippers links at the centre of each hand's grasp */
  constructor(task: Task, layout: Layout, simulation: Simulation, grippers: readonly string[]) {
    const { target, receptacle, goal } = layout.instruction;
    this.#simulation = simulation;
    this.#criterion = task.success[goal]!;
    this.#subjects = {
      target,
      receptacle,
      others: [...layout.placements.keys()].filter((name) => name !== target && name !== receptacle),
      grippers: grippers.map((gripper) => simulation.link(gripper)),
    };
  }

  /** Looks at the world `dt` seconds after the last look; the first look is at the start. @returns whether the task is done */
  update(dt: number): boolean {
    this.#judge ??= createJudge(this.#criterion, this.#subjects, this.#simulation);
    this.#held = this.#judge.look() ? this.#held + dt : 0;
    return this.#held >= this.#criterion.hold - 1e-9;
  }

  /** Why the task is not done, in words. */
  cause(): string {
    return this.#judge?.cause(this.#held > 0) ?? 'it was not begun';
  }
}
