import type { Arm } from '../../action/action-chunk.js';
import { mirrorPoses } from '../../math/mirror.js';
import type { Task, TaskInstruction } from '../scene.js';
import type { Scene } from '../scene-bodies.js';
import type { Simulation } from '../simulation.js';
import type { SuccessCriterion } from '../success-criteria.js';
import type { ExpertView } from './expert.js';

/** What an expert sees of the simulation's present state. */
export class TruthView implements ExpertView {
  readonly scene: Scene;
  readonly instruction: TaskInstruction;
  readonly criterion: SuccessCriterion;
  readonly gripper = new Float64Array(7);
  readonly #simulation: Simulation;
  readonly #mirrored: boolean;

  /** @param gripper link at the centre of the acting hand's grasp @param arm for the left one all is mirrored */
  constructor(simulation: Simulation, task: Task, instruction: TaskInstruction, arm: Arm, gripper: string) {
    this.scene = task.scene;
    this.instruction = instruction;
    this.criterion = task.success[instruction.goal]!;
    this.#simulation = simulation;
    this.#mirrored = arm === 'left';
    simulation.linkPoseInBase(simulation.link(gripper), this.gripper);
    if (this.#mirrored) mirrorPoses(this.gripper);
  }

  pose(body: string): Float64Array {
    const pose = new Float64Array(7);
    this.#simulation.linkPoseInBase(this.#simulation.body(body), pose);
    if (this.#mirrored) mirrorPoses(pose);
    return pose;
  }

  opening(body: string): number {
    return this.#simulation.opening(body);
  }
}
