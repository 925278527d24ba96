import type { ActionChunk, Arm } from '../action/action-chunk.js';
import { ActionDecoder, type ActionDecoderOptions, defaultActionDecoder } from '../action/action-decoder.js';
import { Balancer } from '../balance/balancer.js';
import { createJointCommand, createRobotState, type RobotState } from '../control/hardware.js';
import { CONTROLLER_DEFAULTS, JointController } from '../control/joint-controller.js';
import { TrajectoryBuffer } from '../control/trajectory-buffer.js';
import { Clearance, defaultClearance } from '../planning/clearance.js';
import { MotionPlanner } from '../planning/motion-planner.js';
import { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import type { Layout } from '../sim/layout.js';
import type { Task } from '../sim/scene.js';
import { SensorNoise } from '../sim/sensor-noise.js';
import { Simulation } from '../sim/simulation.js';
import { SuccessTest } from '../sim/success-test.js';
import type { Support } from '../sim/support.js';
import { TruthRecorder } from '../sim/truth-recorder.js';

/** A robot whose pelvis is lower than this has fallen, m. */
const FALLEN = 0.4;

/** What a hand is commanded. */
export interface HandCommand {
  /** Pose of the gripper frame in base_link, x, y, z (m) and quaternion x, y, z, w. */
  readonly pose: Float64Array;
  /** 0 open … 1 closed */
  gripper: number;
}

/** What an agent may use at a decision: the policy its cameras and joints, the expert the simulation's truth. */
export interface Moment {
  /** s since the start of the episode */
  readonly time: number;
  /** Measured now. */
  readonly state: RobotState;
  /** What each hand is commanded now. */
  readonly commanded: Readonly<Record<Arm, HandCommand>>;
  readonly simulation: Simulation;
  readonly kinematics: Kinematics;
}

/** Something that decides what the arms do: the policy or the scripted expert. */
export interface Agent {
  /** Time between decisions, s. */
  readonly period: number;
  /** Time from an observation to the moment its chunk takes over, s. */
  readonly latency: number;
  /** An episode begins. */
  reset(layout: Layout): void;
  /** @returns what the arms are to do from now on; an arm without a chunk goes on with its last one */
  act(moment: Moment): readonly ActionChunk[] | Promise<readonly ActionChunk[]>;
}

/** How an episode ended. */
export interface EpisodeResult {
  readonly seed: number;
  readonly instruction: string;
  readonly success: boolean;
  /** Simulated time until success, or the task's limit, s. */
  readonly duration: number;
  /** Why it failed; empty on success. */
  readonly cause: string;
  /** Control cycles with a joint beyond its position, velocity or torque limit. */
  readonly violations: number;
}

export interface RolloutOptions {
  /** How chunks are made feasible. */
  readonly decoder?: ActionDecoderOptions;
  /** What carries the robot; on the ground it keeps its balance, with sensors that have noise and bias. */
  readonly support?: Support;
}

/**
 * The whole chain without ROS, in lock step: decoder → planner (100 Hz) → controller (1 kHz) → physics, the classes
 * that the nodes run, on simulated time. The same seed gives the same bits.
 */
export class Rollout {
  readonly robot: Robot;
  readonly simulation: Simulation;
  readonly #task: Task;
  readonly #kinematics: Kinematics;
  readonly #decoder: ActionDecoder;
  readonly #planner: MotionPlanner;
  readonly #state: RobotState;
  readonly #balancer: Balancer | undefined;

  static async create(robot: Robot, task: Task, options: RolloutOptions = {}): Promise<Rollout> {
    const { decoder = defaultActionDecoder, support = 'gantry' } = options;
    const simulation = await Simulation.create(robot, task.scene, support);
    const balancer = support !== 'gantry' ? await Balancer.create(robot) : undefined;
    return new Rollout(robot, task, simulation, await Kinematics.create(robot), decoder, balancer);
  }

  private constructor(
    robot: Robot,
    task: Task,
    simulation: Simulation,
    kinematics: Kinematics,
    decoder: ActionDecoderOptions,
    balancer: Balancer | undefined,
  ) {
    this.#balancer = balancer;
    this.robot = robot;
    this.simulation = simulation;
    this.#task = task;
    this.#kinematics = kinematics;
    const posture = robot.posture(task.scene.robot.posture);
    const clearance = new Clearance(robot, kinematics, { ...defaultClearance, ...surfaceOf(task) });
    this.#decoder = new ActionDecoder(robot, kinematics, posture, decoder);
    this.#planner = new MotionPlanner(robot, kinematics, posture, clearance);
    this.#state = createRobotState(robot.names.length);
  }

  /** Kinematics of the robot, shared with the planner: set its positions before use. */
  get kinematics(): Kinematics {
    return this.#kinematics;
  }

  /** Runs one episode to success or to the task's time limit. */
  async run(agent: Agent, layout: Layout): Promise<EpisodeResult> {
    const { robot, simulation } = this;
    const joints = robot.names.length;
    const buffer = TrajectoryBuffer.allocate(joints);
    const controller = new JointController(robot, buffer, {
      ...CONTROLLER_DEFAULTS,
      heartbeatTimeout: Number.POSITIVE_INFINITY,
    });
    const command = createJointCommand(joints);
    const success = new SuccessTest(this.#task, layout, simulation, Object.values(robot.gripperFrames));
    const truth = new TruthRecorder(robot);
    const noise = this.#balancer && new SensorNoise(joints, layout.seed);
    simulation.reset(layout);
    simulation.readState(this.#state);
    noise?.apply(this.#state);
    this.#decoder.reset();
    this.#planner.reset(robot.posture(this.#task.scene.robot.posture), 0);
    controller.start(this.#state);
    this.#balancer?.start(this.#state);
    agent.reset(layout);

    const commanded: Record<Arm, HandCommand> = {
      left: { pose: new Float64Array(7), gripper: 0 },
      right: { pose: new Float64Array(7), gripper: 0 },
    };
    const cycles = Math.round(this.#task.time_limit / Simulation.timeStep);
    const period = Math.round(agent.period / Simulation.timeStep);
    const latency = Math.round(agent.latency / Simulation.timeStep);
    // Chunks on their way; more than one where the latency exceeds the period.
    const pending: { chunks: readonly ActionChunk[]; positions: Float64Array; due: number }[] = [];
    const episode = { seed: layout.seed, instruction: layout.text };
    const pelvis = simulation.link(robot.baseFrame);
    const position = new Float64Array(3);
    let violations = 0;
    for (let cycle = 0; cycle < cycles; cycle++) {
      const time = cycle * Simulation.timeStep;
      if (cycle % period === 0) {
        for (const arm of ['left', 'right'] as const) {
          commanded[arm].gripper = this.#planner.commanded(arm, commanded[arm].pose);
        }
        const moment = { time, state: this.#state, commanded, simulation, kinematics: this.#kinematics };
        const chunks = await agent.act(moment);
        pending.push({ chunks, positions: this.#planner.trajectory.position.slice(0, joints), due: cycle + latency });
      }
      if (pending.length > 0 && cycle >= pending[0]!.due) {
        const { chunks, positions } = pending.shift()!;
        for (const chunk of chunks) {
          const decoded = this.#decoder.decode(chunk, positions, time);
          if (decoded !== undefined) this.#planner.follow(decoded);
        }
      }
      if (cycle % 10 === 0) buffer.write(this.#planner.plan(time));
      controller.update(time, this.#state, command);
      this.#balancer?.update(time, Simulation.timeStep, this.#state, command, controller);
      simulation.step(command);
      simulation.readState(this.#state);
      if (truth.observe(this.#state, command.kp, command.kd)) violations++;
      noise?.apply(this.#state);
      if (cycle % 10 !== 9) continue;
      if (success.update(0.01)) return { ...episode, success: true, duration: time, cause: '', violations };
      simulation.linkPosition(pelvis, position);
      if (position[2]! < FALLEN) return { ...episode, success: false, duration: time, cause: 'fell', violations };
    }
    const cause = success.cause();
    return { ...episode, success: false, duration: this.#task.time_limit, cause, violations };
  }
}

/** The work surface of a task's scene in base_link, for the planner. */
export function surfaceOf(task: Task): { surface?: { height: number; edge: number } } {
  const table = task.scene.bodies.table;
  if (table === undefined) return {};
  const top = table.parts[0]!;
  return {
    surface: {
      height: table.position[2] + top.position[2] + top.size[2] / 2 - task.scene.robot.pelvis_height,
      edge: table.position[0] + top.position[0] - top.size[0] / 2,
    },
  };
}
