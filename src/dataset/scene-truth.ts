import type { Robot } from '../robot/robot.js';
import type { Message } from '../ros/messages.js';
import { packagePath } from '../ros/package-path.js';
import { createLayout } from '../sim/layout.js';
import { loadTask, type Task } from '../sim/scene.js';
import { Simulation } from '../sim/simulation.js';

type SimState = Message<'cosmos_humanoid/msg/SimState'>;

/** Where the objects of a recorded simulation were. */
export class SceneTruth {
  readonly #robot: Robot;
  #task: Task | undefined;
  #simulation: Simulation | undefined;
  #placement = '';

  constructor(robot: Robot) {
    this.#robot = robot;
  }

  /**
   * Positions of an instruction's target and receptacle in base_link, m, 6.
   * @returns undefined where the task of the recording does not know the instruction
   * @throws Error where the state is not of the scene that it names
   */
  async objects(state: SimState, instruction: string): Promise<number[] | undefined> {
    const { scene, seed, episode, qpos } = state;
    if (this.#task?.task !== scene || this.#simulation === undefined) {
      this.#task = loadTask(packagePath(`config/scenes/${scene}.yaml`));
      this.#simulation?.delete();
      this.#simulation = await Simulation.create(this.#robot, this.#task.scene);
      this.#placement = '';
    }
    const simulation = this.#simulation;
    const placement = `${episode} ${seed} ${state.instruction}`;
    if (placement !== this.#placement) {
      simulation.reset(createLayout(this.#task, Number(seed), state.instruction || undefined));
      this.#placement = placement;
    }
    const known = this.#task.instructions.find(({ texts }) => texts.includes(instruction));
    if (known === undefined) return undefined;
    simulation.setState(qpos);
    const [target, receptacle] = [new Float64Array(3), new Float64Array(3)];
    simulation.bodyPositionInBase(known.target, target);
    simulation.bodyPositionInBase(known.receptacle, receptacle);
    return [...target, ...receptacle];
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.#simulation?.delete();
  }
}
