import { createJointCommand, createRobotState, type JointCommand, type RobotState } from '../../control/hardware.js';
import { LOW_COMMAND_BYTES } from '../../control/unitree-h2/low-command.js';
import { EMERGENCY_STOP_BUTTONS, LowState } from '../../control/unitree-h2/low-state.js';
import { HAND_JOINTS, type JointMap, MOTORS, mapJoints, SIDES, type Side } from '../../control/unitree-h2/motors.js';
import type { Robot } from '../../robot/robot.js';
import { createLayout, type Layout } from '../layout.js';
import type { Task } from '../scene.js';
import { SensorNoise } from '../sensor-noise.js';
import { Simulation } from '../simulation.js';
import { TRUTH_SIZE, TruthRecorder } from '../truth-recorder.js';
import { BodyFirmware, FirmwareMode, type Refusal } from './body-firmware.js';
import { FaultyChannel } from './faulty-channel.js';

/** The kind of robot it says it is: a number that means nothing but must come back. */
const MODE_MACHINE = 5;
const TEMPERATURE = 41;
const TEMPERATURE_HOT = 108;
/** What the battery gives: 18 cells of 3.6 V. */
export const NOMINAL_SUPPLY = 64.8;
/** An error word: over-current, say. What the bits mean is the vendor's. */
const ERROR = 0x4;

/** Steps made at most at once, to catch up with the clock: two are due, messages must not wait for many more. */
const CATCH_UP = 3;
/** Time behind the clock that is given up instead of caught up with, s. */
const MAX_DEBT = 0.02;
/** Steps before the start, so that the engine's code is compiled when the clock runs. */
const WARM_UP = 200;

/** What is wrong with the robot; may change while it runs. */
export interface EmulatedFaults {
  /** The body sends no LowState. */
  silent: boolean;
  /** Motor that is too hot, by the joint's name; '' for none. */
  hotMotor: string;
  /** Motor that reports an error and exerts nothing; '' for none. */
  brokenMotor: string;
  /** Hand that reports nothing and has no power; '' for none. */
  deadHand: Side | '';
  /** The remote control's emergency stop is pressed. */
  remoteStop: boolean;
  /** What the motors are supplied with, V. */
  supply: number;
}

/** What a hand reports: rad, rad/s, N·m, in its driver's order. */
export interface HandReport {
  readonly position: Float64Array;
  readonly velocity: Float64Array;
  readonly effort: Float64Array;
}

/**
 * A robot that speaks as the H2 Plus does, messages in and messages out, with MuJoCo behind. Knows nothing of ROS, and
 * of time only what it is told.
 */
export class RobotEmulator {
  readonly simulation: Simulation;
  readonly firmware: BodyFirmware;
  readonly faults: EmulatedFaults = {
    silent: false,
    hotMotor: '',
    brokenMotor: '',
    deadHand: '',
    remoteStop: false,
    supply: NOMINAL_SUPPLY,
  };
  /** From the controller to the body, and back. */
  readonly commands: FaultyChannel;
  readonly states: FaultyChannel;
  readonly #map: JointMap;
  readonly #robot: Robot;
  readonly #layout: Layout;
  readonly #state: RobotState;
  /** The state as the robot's sensors see it. */
  readonly #measured: RobotState;
  readonly #noise: SensorNoise;
  readonly #command: JointCommand;
  readonly #lowState = new LowState();
  readonly #hands: Readonly<Record<Side, HandReport>>;
  readonly #posture: Float64Array;
  readonly #pelvis: number;
  readonly #height = new Float64Array(3);
  #truth: TruthRecorder;
  #episode = 0;
  #base = Number.NaN;

  /**
   * @param instruction whose target is put within reach; empty: the seed's own
   * @throws Error naming what the task lacks
   */
  static async create(robot: Robot, task: Task, seed: number, instruction: string): Promise<RobotEmulator> {
    const simulation = await Simulation.create(robot, task.scene, 'gantry');
    const layout = createLayout(task, seed, instruction || undefined);
    simulation.reset(layout);
    const emulator = new RobotEmulator(robot, simulation, layout);
    for (let k = 0; k < WARM_UP; k++) emulator.#step(0);
    emulator.restore();
    return emulator;
  }

  private constructor(robot: Robot, simulation: Simulation, layout: Layout) {
    const joints = robot.names.length;
    this.#robot = robot;
    this.#layout = layout;
    this.simulation = simulation;
    this.#map = mapJoints(robot.names);
    this.#state = createRobotState(joints);
    this.#measured = createRobotState(joints);
    this.#noise = new SensorNoise(joints, layout.seed);
    this.#command = createJointCommand(joints);
    simulation.readState(this.#state);
    const { position } = this.#state;
    this.firmware = new BodyFirmware(robot, this.#map.body, position, MODE_MACHINE);
    this.commands = new FaultyChannel(LOW_COMMAND_BYTES, layout.seed);
    this.states = new FaultyChannel(this.#lowState.bytes.length, layout.seed + 1);
    const vector = () => new Float64Array(HAND_JOINTS);
    const hand = () => ({ position: vector(), velocity: vector(), effort: vector() });
    this.#hands = { left: hand(), right: hand() };
    this.#lowState.modeMachine = MODE_MACHINE;
    this.#posture = position.slice();
    this.#pelvis = simulation.link(robot.baseFrame);
    this.#truth = new TruthRecorder(robot);
  }

  /** What people would do: puts the robot back into its posture, held by its own controller, and the objects back. */
  restore(): void {
    const { simulation, firmware } = this;
    simulation.reset(this.#layout);
    simulation.readState(this.#state);
    firmware.hold();
    for (const side of SIDES) {
      for (const j of this.#map.hands[side]) this.#command.position[j] = this.#posture[j]!;
    }
    this.#truth = new TruthRecorder(this.#robot);
    this.#episode++;
    this.#base = Number.NaN;
  }

  /** How many joints it has. */
  get joints(): number {
    return this.#robot.names.length;
  }

  /** Counts how often robot and objects were put where they belong. */
  get episode(): number {
    return this.#episode;
  }

  /** Doubles that `copyGroundTruth` fills. */
  get groundTruthSize(): number {
    const { model } = this.simulation;
    return 1 + model.nq + model.nv + TRUTH_SIZE;
  }

  /** Copies what no robot knows: simulated time, qpos, qvel, and the worst that happened (TruthRecorder). */
  copyGroundTruth(out: Float64Array): void {
    const { simulation } = this;
    out[0] = simulation.time;
    simulation.copyState(out, 1);
    simulation.copyVelocity(out, 1 + simulation.stateSize);
    this.#truth.copy(out, out.length - TRUTH_SIZE);
  }

  /** Bytes of a LowState. */
  get stateBytes(): number {
    return this.#lowState.bytes.length;
  }

  /** Tells a hand where to go. @param positions rad, in the driver's order */
  commandHand(side: Side, positions: Float64Array): void {
    this.#map.hands[side].forEach((j, k) => {
      this.#command.position[j] = positions[k]!;
    });
  }

  /** What a hand reports; undefined while it is dead. */
  hand(side: Side): HandReport | undefined {
    const { deadHand } = this.faults;
    if (deadHand === side) return undefined;
    const report = this.#hands[side];
    this.#map.hands[side].forEach((j, k) => {
      report.position[k] = this.#measured.position[j]!;
      report.velocity[k] = this.#measured.velocity[j]!;
      report.effort[k] = this.#measured.effort[j]!;
    });
    return report;
  }

  /**
   * Lets time pass up to `now`: takes in the commands that have come, steps the physics. Simulated time that the
   * machine is too slow for is given up.
   * @param now s @param refuse told of each command that was refused
   */
  advance(now: number, refuse: (refusal: Refusal) => void): void {
    if (Number.isNaN(this.#base) || now - this.#base - this.simulation.time > MAX_DEBT) {
      this.#base = now - this.simulation.time - Simulation.timeStep;
    }
    for (let bytes = this.commands.receive(now); bytes !== undefined; bytes = this.commands.receive(now)) {
      const refusal = this.firmware.receive(bytes, now, this.#state);
      if (refusal !== undefined) refuse(refusal);
    }
    for (let k = 0; k < CATCH_UP && now - this.#base - this.simulation.time >= Simulation.timeStep; k++)
      this.#step(now);
  }

  /** Sends what the body measures into the channel `states`. @param now s */
  report(now: number): void {
    const { silent, hotMotor, brokenMotor, remoteStop, supply } = this.faults;
    this.simulation.readState(this.#measured);
    this.#noise.apply(this.#measured);
    if (silent) return;
    const message = this.#lowState;
    const { position, velocity, effort, orientation, angularVelocity, linearAcceleration } = this.#measured;
    message.tick = Math.round(1e3 * this.simulation.time) >>> 0;
    message.buttons = remoteStop ? EMERGENCY_STOP_BUTTONS : 0;
    message.setOrientation(orientation);
    message.setInertial(angularVelocity, linearAcceleration);
    for (let i = 0; i < MOTORS.length; i++) {
      const j = this.#map.body[i]!;
      message.setMode(i, this.firmware.mode === FirmwareMode.commanded ? 1 : 0);
      message.setMotor(i, position[j]!, velocity[j]!, effort[j]!);
      message.setHealth(
        i,
        MOTORS[i] === hotMotor ? TEMPERATURE_HOT : TEMPERATURE,
        supply,
        MOTORS[i] === brokenMotor ? ERROR : 0,
      );
    }
    message.seal();
    this.states.send(message.bytes, now);
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.simulation.delete();
  }

  #step(now: number): void {
    const command = this.#command;
    this.firmware.drive(now, this.#state, command);
    const { brokenMotor, deadHand } = this.faults;
    const broken = MOTORS.indexOf(brokenMotor);
    if (broken >= 0) this.#release(this.#map.body[broken]!);
    for (const side of SIDES) {
      for (const j of this.#map.hands[side]) {
        command.kp[j] = deadHand === side ? 0 : this.#robot.kp[j]!;
        command.kd[j] = this.#robot.kd[j]!;
      }
    }
    this.simulation.step(command);
    this.simulation.readState(this.#state);
    this.simulation.linkPosition(this.#pelvis, this.#height);
    this.#truth.observe(this.#state, command.kp, command.kd);
    this.#truth.observeBase(this.#height[2]!, this.#state.orientation);
  }

  #release(j: number): void {
    const { kp, kd, effort } = this.#command;
    kp[j] = 0;
    kd[j] = 0;
    effort[j] = 0;
  }
}
