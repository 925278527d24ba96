import { Robot } from '../robot/robot.js';
import { createLayout } from '../sim/layout.js';
import { loadTask } from '../sim/scene.js';
import { Simulation } from '../sim/simulation.js';
import { createJointCommand, createRobotState, type JointCommand, type RobotState } from './hardware.js';
import { monotonicSeconds } from './monotonic-clock.js';
import type { SimulatedHardware } from './simulated-hardware.js';

export interface MujocoOptions {
  /** The robot's configuration, `config/robot.yaml`. */
  readonly robot: string;
  /** The task's file, which names the scene. */
  readonly task: string;
  /** Places the bodies of the scene. */
  readonly seed: number;
  /** The instruction whose target is put within reach; empty: the seed's own. */
  readonly instruction: string;
  /** What holds the pelvis. */
  readonly support: 'gantry';
}

/** Steps a cycle may make beyond its own one, to catch up with the clock. */
const CATCH_UP = 2;
/** Time behind the clock that is given up instead of caught up with, s. */
const MAX_DEBT = 0.05;
/** Steps made before the start, so that the engine's code is compiled when the clock runs. */
const WARM_UP = 200;
/** Time over which the real-time factor is averaged, s. */
const WINDOW = 1;

/**
 * The simulated robot as hardware: physics of 1 ms steps, paced to the clock. `write` steps once a cycle, and up to
 * twice more while it is behind; when it falls behind further, simulated time is given up, which the real-time factor
 * shows.
 */
export class MujocoHardware implements SimulatedHardware {
  readonly #options: MujocoOptions;
  #simulation: Simulation | undefined;
  #base = 0;
  #windowStart = 0;
  #windowTime = 0;
  #realTimeFactor = 1;

  constructor(options: MujocoOptions) {
    this.#options = options;
  }

  get groundTruthSize(): number {
    const { model } = this.#active();
    return 1 + model.nq + model.nv;
  }

  get realTimeFactor(): number {
    return this.#realTimeFactor;
  }

  /** @throws Error that names the file and what is wrong with it */
  async configure(): Promise<void> {
    const { robot, task: file, seed, instruction, support } = this.#options;
    const task = loadTask(file);
    const description = Robot.load(robot);
    const layout = createLayout(task, seed, instruction || undefined);
    const simulation = await Simulation.create(description, task.scene, support);
    simulation.reset(layout);
    const state = createRobotState(description.names.length);
    const command = createJointCommand(description.names.length);
    for (let k = 0; k < WARM_UP; k++) {
      simulation.readState(state);
      simulation.step(command);
    }
    simulation.reset(layout);
    this.#simulation = simulation;
  }

  activate(state: RobotState): void {
    const now = monotonicSeconds();
    this.#base = now - this.#active().time;
    this.#windowStart = now;
    this.#windowTime = this.#active().time;
    this.read(state);
  }

  read(state: RobotState): void {
    this.#active().readState(state);
  }

  write(command: JointCommand): void {
    const simulation = this.#active();
    simulation.step(command);
    const now = monotonicSeconds();
    for (let extra = 0; extra < CATCH_UP && this.#debt(now) >= Simulation.timeStep; extra++) simulation.step(command);
    if (this.#debt(now) > MAX_DEBT) this.#base = now - simulation.time;
    if (now - this.#windowStart >= WINDOW) {
      this.#realTimeFactor = (simulation.time - this.#windowTime) / (now - this.#windowStart);
      this.#windowStart = now;
      this.#windowTime = simulation.time;
    }
  }

  copyGroundTruth(out: Float64Array): void {
    const simulation = this.#active();
    out[0] = simulation.time;
    simulation.copyState(out, 1);
    simulation.copyVelocity(out, 1 + simulation.stateSize);
  }

  deactivate(): void {
    this.#simulation?.delete();
    this.#simulation = undefined;
  }

  /** How far the simulation is behind the clock, s. */
  #debt(now: number): number {
    return now - this.#base - this.#active().time;
  }

  #active(): Simulation {
    if (this.#simulation === undefined) throw new Error('mujoco hardware is not configured: call configure() first');
    return this.#simulation;
  }
}
