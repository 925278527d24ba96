import { Robot } from '../robot/robot.js';
import { FaultPort, InjectedFaults } from '../sim/injected-faults.js';
import { createLayout } from '../sim/layout.js';
import { PlacementPort } from '../sim/placement-port.js';
import { loadTask, type Task } from '../sim/scene.js';
import { SensorNoise } from '../sim/sensor-noise.js';
import { Simulation } from '../sim/simulation.js';
import type { Support } from '../sim/support.js';
import { TRUTH_SIZE, TruthRecorder } from '../sim/truth-recorder.js';
import { createJointCommand, createRobotState, type JointCommand, type RobotState } from './hardware.js';
import type { Hoist } from './hoist.js';
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
  /** What carries the robot. */
  readonly support: Support;
  /** Memory of a `FaultPort`, through which things are made to go wrong; left out where nothing is. */
  readonly faults?: SharedArrayBuffer;
  /** Memory of a `PlacementPort`, through which the robot and the objects are placed anew; left out where they are not. */
  readonly placement?: SharedArrayBuffer;
  /** Whether the sensors have noise and bias, drawn with the seed; false when left out. */
  readonly sensorNoise?: boolean;
}

/** Steps a cycle may make beyond its own one, to catch up with the clock. */
const CATCH_UP = 2;
/** Time behind the clock that is given up instead of caught up with, s. */
const MAX_DEBT = 0.05;
/** Steps made before the start, so that the engine's code is compiled when the clock runs. */
const WARM_UP = 200;
/** Time over which the real-time factor is averaged, s. */
const WINDOW = 1;
/** The gains that hold a robot that was placed anew, relative to its drives': nothing else bears its weight. */
const HOLD = 3;
/** Where pushes act. */
const TORSO = 'torso_link';
/** Viscous friction of a joint that is stuck, N·m·s/rad. */
const STUCK = 1e4;

/**
 * The simulated robot as hardware: physics of 1 ms steps, paced to the clock. `write` steps once a cycle, and up to
 * twice more while it is behind; when it falls behind further, simulated time is given up, which the real-time factor
 * shows.
 *
 * A robot that is placed anew is held in its posture until its drives have stiffness, as by people who hold it up.
 */
export class MujocoHardware implements SimulatedHardware {
  readonly standsStill = true;
  readonly #options: MujocoOptions;
  #simulation: Simulation | undefined;
  #faults: InjectedFaults | undefined;
  #noise: SensorNoise | undefined;
  #truth: TruthRecorder | undefined;
  /** What the robot's sensors would say if they told the truth. */
  #true = createRobotState(0);
  #pelvis = 0;
  readonly #height = new Float64Array(3);
  #task: Task | undefined;
  #robot: Robot | undefined;
  readonly #placement: PlacementPort | undefined;
  #placedAnew = false;
  /** What holds a robot that was placed anew, until its drives do. */
  #hold = createJointCommand(0);
  #held = false;
  #base = 0;
  #windowStart = 0;
  #windowTime = 0;
  #realTimeFactor = 1;

  constructor(options: MujocoOptions) {
    this.#options = options;
    if (options.placement !== undefined) this.#placement = new PlacementPort(options.placement);
  }

  get placedAnew(): boolean {
    return this.#placedAnew;
  }

  get hoist(): Hoist | undefined {
    return this.#active().hoist;
  }

  get groundTruthSize(): number {
    const { model } = this.#active();
    return 1 + model.nq + model.nv + TRUTH_SIZE;
  }

  get realTimeFactor(): number {
    return this.#realTimeFactor;
  }

  /** @throws Error that names the file and what is wrong with it */
  async configure(): Promise<void> {
    const { robot, task: file, seed, instruction, support, faults, sensorNoise } = this.#options;
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
    this.#task = task;
    this.#robot = description;
    const joints = description.names.length;
    this.#true = createRobotState(joints);
    this.#noise = sensorNoise ? new SensorNoise(joints, seed) : undefined;
    this.#pelvis = simulation.link(description.baseFrame);
    this.#truth = new TruthRecorder(description);
    this.#hold = createJointCommand(joints);
    for (let j = 0; j < joints; j++) {
      this.#hold.kp[j] = HOLD * description.kp[j]!;
      this.#hold.kd[j] = HOLD * description.kd[j]!;
    }
    if (faults !== undefined) {
      const torso = simulation.link(TORSO);
      const friction = Float64Array.from(simulation.model.dof_damping);
      this.#faults = new InjectedFaults(new FaultPort(faults), joints, {
        lock: (joint, locked) => {
          simulation.model.dof_damping[6 + joint] = locked ? STUCK : friction[6 + joint]!;
        },
        push: (force) => simulation.push(torso, force),
      });
    }
  }

  activate(state: RobotState): void {
    const now = monotonicSeconds();
    this.#base = now - this.#active().time;
    this.#windowStart = now;
    this.#windowTime = this.#active().time;
    this.read(state);
  }

  read(state: RobotState): void {
    const simulation = this.#active();
    this.#placedAnew = this.#placement?.pending === true && this.#place(this.#placement);
    simulation.readState(state);
    this.#noise?.apply(state);
    this.#faults?.distortState(simulation.time, state);
  }

  write(command: JointCommand): void {
    const simulation = this.#active();
    if (this.#held && command.kp.some((stiffness) => stiffness > 0)) {
      this.#held = false;
      simulation.release();
    }
    const drives = this.#faults?.distortCommand(command) ?? command;
    const applied = this.#held ? this.#hold : drives;
    this.#step(applied);
    const now = monotonicSeconds();
    for (let extra = 0; extra < CATCH_UP && this.#debt(now) >= Simulation.timeStep; extra++) this.#step(applied);
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
    this.#truth?.copy(out, out.length - TRUTH_SIZE);
  }

  deactivate(): void {
    this.#simulation?.delete();
    this.#simulation = undefined;
  }

  /** Does what is asked for. @returns whether robot and objects were placed */
  #place(port: PlacementPort): boolean {
    const { seed, instruction } = port.take();
    try {
      this.#active().reset(createLayout(this.#task!, seed, instruction || undefined));
    } catch (error) {
      port.answer((error as Error).message);
      return false;
    }
    const simulation = this.#active();
    simulation.readState(this.#true);
    this.#hold.position.set(this.#true.position);
    this.#held = true;
    this.#faults?.end();
    this.#truth = new TruthRecorder(this.#robot!);
    this.#noise = this.#options.sensorNoise ? new SensorNoise(this.#robot!.names.length, seed) : undefined;
    this.#base = monotonicSeconds() - simulation.time;
    [this.#windowStart, this.#windowTime] = [monotonicSeconds(), simulation.time];
    port.answer();
    return true;
  }

  #step(command: JointCommand): void {
    const simulation = this.#active();
    if (this.#held) simulation.steady();
    simulation.step(command);
    simulation.readState(this.#true);
    simulation.linkPosition(this.#pelvis, this.#height);
    this.#truth?.observe(this.#true, command.kp, command.kd);
    this.#truth?.observeBase(this.#height[2]!, this.#true.orientation, simulation.harnessLoad);
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
