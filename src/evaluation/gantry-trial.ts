import { Balancer } from '../balance/balancer.js';
import { HoistRequest, isCarried, Suspension, SuspensionPhase } from '../balance/suspension.js';
import { createJointCommand, createRobotState } from '../control/hardware.js';
import { CONTROLLER_DEFAULTS, JointController } from '../control/joint-controller.js';
import { StopMode } from '../control/stop-state.js';
import { createJointTrajectory } from '../control/trajectory.js';
import { TrajectoryBuffer } from '../control/trajectory-buffer.js';
import { describeEstimatorFaults, EstimatorFault } from '../estimation/base-estimate.js';
import { Random } from '../math/random.js';
import type { Robot } from '../robot/robot.js';
import type { SafetyConfig } from '../safety/safety-config.js';
import { SafetyMonitor } from '../safety/safety-monitor.js';
import { createLayout } from '../sim/layout.js';
import type { Task } from '../sim/scene.js';
import { SensorNoise } from '../sim/sensor-noise.js';
import { Simulation } from '../sim/simulation.js';

/** What is asked of the hoist from a time on, s. */
export interface HoistOrder {
  readonly time: number;
  readonly request: HoistRequest;
}

/** How a trial went; all of it is the simulation's truth, but for the stops. */
export interface GantryResult {
  /** When it first hung, and when it stood on its feet again after that, s; NaN where it never did. */
  readonly hung: number;
  readonly stood: number;
  /** How the robot was carried at the end. */
  readonly phase: SuspensionPhase;
  /** Findings of the safety monitor that are stops, in words. */
  readonly stops: readonly string[];
  /** Whether pelvis or torso came too low or leaned too far. */
  readonly fell: boolean;
  /** Time between the moments at which the one and the other sole left the floor, and came back to it, s. */
  readonly left: number;
  readonly landed: number;
  /** Largest distance of the pelvis from its place at the start, horizontally, m, and its largest tilt, rad. */
  readonly swing: number;
  readonly tilt: number;
  /** Largest distance that a sole moved over the floor while it carried load, m. */
  readonly slide: number;
  /** Least height of the soles while it hung, m. */
  readonly clearance: number;
  /** Sum of the forces on both soles, and on the straps, at the end, N. */
  readonly soles: number;
  readonly load: number;
}

/** A pelvis this much lower than at the start has fallen, m, as has one that leans this much, rad. */
const FALL_HEIGHT = 0.2;
const FALL_TILT = 0.5;
/** A sole touches the floor with more than this, N, and carries the robot with more than the second. */
const TOUCH = 5;
const CARRIES = 60;
/** How far the arms' joints are from the posture, rad. */
const REACH = 0.4;
/** Postures that are drawn before the arms are taken to keep off the scene. */
const DRAWS = 50;

/**
 * The robot at its table, standing and hanging, without ROS and in lock step, on noisy sensors and the estimated base:
 * what the 1 kHz loop runs, and the safety monitor beside it, which stops robot and hoist.
 */
export class GantryTrial {
  readonly #robot: Robot;
  readonly #task: Task;
  readonly #safety: SafetyConfig;
  readonly #simulation: Simulation;
  readonly #balancer: Balancer;

  static async create(robot: Robot, task: Task, safety: SafetyConfig): Promise<GantryTrial> {
    const simulation = await Simulation.create(robot, task.scene, 'harness');
    return new GantryTrial(robot, task, safety, simulation, await Balancer.create(robot));
  }

  private constructor(robot: Robot, task: Task, safety: SafetyConfig, simulation: Simulation, balancer: Balancer) {
    this.#robot = robot;
    this.#task = task;
    this.#safety = safety;
    this.#simulation = simulation;
    this.#balancer = balancer;
  }

  /**
   * A posture with arms drawn at random around those of `posture`, so that nothing touches but the soles the floor, rad. A
   * hand may be below the table.
   */
  draw(posture: string, seed: number): Float64Array {
    const robot = this.#robot;
    const random = new Random(seed);
    const layout = createLayout(this.#task, seed);
    const base = robot.posture(posture);
    for (let k = 0; k < DRAWS; k++) {
      const drawn = base.slice();
      for (const i of [...robot.group('left_arm'), ...robot.group('right_arm')]) {
        drawn[i] = robot.clamp(i, base[i]! + random.uniform(-REACH, REACH));
      }
      this.#simulation.reset(layout, drawn);
      if (!this.#arms()) return drawn;
    }
    throw new Error(`no posture like ${posture} keeps off the scene`);
  }

  /** @param posture rad @param orders in the order of their times @param duration s */
  run(seed: number, posture: Float64Array, orders: readonly HoistOrder[], duration: number): GantryResult {
    const simulation = this.#simulation;
    const balancer = this.#balancer;
    const robot = this.#robot;
    const joints = robot.names.length;
    const buffer = TrajectoryBuffer.allocate(joints);
    const controller = new JointController(robot, buffer, { ...CONTROLLER_DEFAULTS, heartbeatTimeout: Infinity });
    const stops: string[] = [];
    const monitor = new SafetyMonitor(this.#safety, { limits: robot, nodes: [], topics: [] }, ({ reaction, text }) => {
      if (reaction?.startsWith('category')) stops.push(text);
    });
    const noise = new SensorNoise(joints, seed);
    const command = createJointCommand(joints);
    const state = createRobotState(joints);
    const trajectory = createJointTrajectory(joints, 20);
    trajectory.count = 20;
    for (let k = 0; k < 20; k++) trajectory.position.set(posture, k * joints);

    simulation.reset(createLayout(this.#task, seed), posture);
    simulation.readState(state);
    const truth = new Observer(simulation);
    noise.apply(state);
    controller.start(state);
    balancer.start(state);
    const suspension = new Suspension(simulation.hoist!, balancer.mass);
    suspension.start();
    let hung = Number.NaN;
    let stood = Number.NaN;
    for (let cycle = 0; cycle < Math.round(duration / Simulation.timeStep); cycle++) {
      const time = cycle * Simulation.timeStep;
      if (cycle % 10 === 0) {
        trajectory.stamp = time;
        for (let k = 0; k < 20; k++) trajectory.time[k] = time + 0.01 * k;
        buffer.write(trajectory);
        const slipped = balancer.estimate.degraded & EstimatorFault.slip;
        const missing = balancer.estimate.degraded & ~(EstimatorFault.slip | EstimatorFault.noContact);
        monitor.observeJoints(time, robot.names, state.position, state.velocity, state.effort);
        monitor.observeImu(time, state);
        monitor.observeEstimate(time, describeEstimatorFaults(slipped), describeEstimatorFaults(missing));
      }
      const { request } = orders.findLast((order) => order.time <= time) ?? { request: HoistRequest.hold };
      if (stops.length > 0) controller.demandStop(StopMode.hold);
      suspension.ask(controller.stop.mode === StopMode.running ? request : HoistRequest.hold, time);
      suspension.update(time, state, Simulation.timeStep);
      controller.update(time, state, command);
      balancer.update(time, Simulation.timeStep, state, command, controller, suspension.share);
      if (cycle % 50 === 0) {
        const carried = isCarried(suspension.phase);
        const loop = { mode: controller.stop.mode, causes: [], speedScale: 1, cycles: cycle, missed: 0, carried };
        monitor.observeLoop(time, loop, { commanded: command.position, measured: state.position });
      }
      simulation.step(command);
      simulation.readState(state);
      const { phase } = suspension;
      truth.observe(time, state.leftFootWrench[2]!, state.rightFootWrench[2]!, phase === SuspensionPhase.hanging);
      noise.apply(state);
      if (Number.isNaN(hung) && phase === SuspensionPhase.hanging) hung = time;
      if (!Number.isNaN(hung) && Number.isNaN(stood) && phase === SuspensionPhase.standing) stood = time;
    }
    const load = simulation.hoist!.load;
    return { ...truth.result(), hung, stood, phase: suspension.phase, stops, load };
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.#simulation.delete();
    this.#balancer.delete();
  }

  /** Whether something of the robot but the soles touches the scene. */
  #arms(): boolean {
    const scene = new Set([0, ...this.#simulation.sceneBodies]);
    const feet = new Set(
      ['left_ankle_pitch_link', 'right_ankle_pitch_link'].map((name) => this.#simulation.link(name)),
    );
    return this.#simulation.touching().some(([a, b]) => scene.has(a) !== scene.has(b) && !feet.has(a) && !feet.has(b));
  }
}

/** Looks at the truth after each step. */
class Observer {
  readonly #simulation: Simulation;
  readonly #base: number;
  readonly #soles: readonly [number, number];
  readonly #start = new Float64Array(7);
  readonly #pose = new Float64Array(7);
  readonly #point = new Float64Array(3);
  /** Where each sole came to carry load. */
  readonly #stand = [new Float64Array(3), new Float64Array(3)] as const;
  readonly #carries = [false, false];
  readonly #lastTouch = [0, 0];
  readonly #firstTouch = [Number.NaN, Number.NaN];
  #hangs = false;
  #fell = false;
  #left = Number.NaN;
  #swing = 0;
  #tilt = 0;
  #slide = 0;
  #clearance = Number.POSITIVE_INFINITY;
  #force = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#base = simulation.link('base_link');
    this.#soles = [simulation.link('l_sole'), simulation.link('r_sole')];
    simulation.linkPose(this.#base, this.#start);
  }

  observe(time: number, left: number, right: number, hangs: boolean): void {
    const simulation = this.#simulation;
    const pose = this.#pose;
    simulation.linkPose(this.#base, pose);
    this.#swing = Math.max(this.#swing, Math.hypot(pose[0]! - this.#start[0]!, pose[1]! - this.#start[1]!));
    const tilt = Math.acos(Math.max(-1, 1 - 2 * (pose[3]! ** 2 + pose[4]! ** 2)));
    this.#tilt = Math.max(this.#tilt, tilt);
    if (pose[2]! < this.#start[2]! - FALL_HEIGHT || tilt > FALL_TILT) this.#fell = true;
    this.#force = left + right;
    if (hangs && !this.#hangs) {
      this.#left = Math.abs(this.#lastTouch[0]! - this.#lastTouch[1]!);
      this.#firstTouch.fill(Number.NaN);
      this.#hangs = true;
    }
    for (let f = 0; f < 2; f++) {
      const force = f === 0 ? left : right;
      simulation.linkPosition(this.#soles[f]!, this.#point);
      if (hangs) this.#clearance = Math.min(this.#clearance, this.#point[2]!);
      if (force > TOUCH) {
        this.#lastTouch[f] = time;
        if (Number.isNaN(this.#firstTouch[f]!)) this.#firstTouch[f] = time;
      }
      const carries = force > CARRIES;
      const stand = this.#stand[f]!;
      if (carries && !this.#carries[f]) stand.set(this.#point);
      if (carries)
        this.#slide = Math.max(this.#slide, Math.hypot(this.#point[0]! - stand[0]!, this.#point[1]! - stand[1]!));
      this.#carries[f] = carries;
    }
  }

  result() {
    const landed = this.#hangs ? Math.abs(this.#firstTouch[0]! - this.#firstTouch[1]!) : Number.NaN;
    return {
      fell: this.#fell,
      left: this.#left,
      landed,
      swing: this.#swing,
      tilt: this.#tilt,
      slide: this.#slide,
      clearance: this.#clearance,
      soles: this.#force,
    };
  }
}
