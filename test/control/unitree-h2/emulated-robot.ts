import { createJointCommand, createRobotState } from '../../../src/control/hardware.js';
import { CONTROLLER_DEFAULTS, JointController } from '../../../src/control/joint-controller.js';
import { StopMode } from '../../../src/control/stop-state.js';
import { TrajectoryBuffer } from '../../../src/control/trajectory-buffer.js';
import { LowCommand } from '../../../src/control/unitree-h2/low-command.js';
import { LowState } from '../../../src/control/unitree-h2/low-state.js';
import { HAND_JOINTS, SIDES } from '../../../src/control/unitree-h2/motors.js';
import { RobotLink } from '../../../src/control/unitree-h2/robot-link.js';
import { loadSupplyLimits } from '../../../src/control/unitree-h2/supply-limits.js';
import { UnitreeH2Hardware } from '../../../src/control/unitree-h2/unitree-h2-hardware.js';
import { Robot } from '../../../src/robot/robot.js';
import { RobotEmulator } from '../../../src/sim/emulator/robot-emulator.js';
import { loadTask } from '../../../src/sim/scene.js';

const SUPPLY = loadSupplyLimits('config/unitree_h2.yaml');
const DT = 0.001;
const START = 100;

/** Controller, plugin and emulated robot in lock step, with the messages carried from hand to hand. */
export class EmulatedRobot {
  readonly link = new RobotLink();
  readonly hardware: UnitreeH2Hardware;
  readonly controller: JointController;
  readonly state;
  readonly command;
  /** The latest command on the wire. */
  readonly sent = new LowCommand();
  /** Called with each command that is sent. */
  onCommand: (command: LowCommand, time: number) => void = () => {};
  /** Whether the carrier passes LowStates on, and commands. */
  carriesStates = true;
  /** Changes a LowState on its way, whose CRC is right again afterwards. */
  onState: (state: LowState) => void = () => {};
  #cycle = 0;
  #seen = 0;
  readonly #hands = new Float64Array(2 * HAND_JOINTS);
  readonly #take: () => boolean;

  private constructor(
    readonly robot: Robot,
    readonly emulator: RobotEmulator,
  ) {
    this.hardware = new UnitreeH2Hardware(
      { link: this.link.buffer, supply: SUPPLY, gateTimeout: 1, patience: 1 },
      robot,
      () => this.time,
    );
    this.controller = new JointController(robot, TrajectoryBuffer.allocate(robot.names.length), {
      ...CONTROLLER_DEFAULTS,
      heartbeatTimeout: Infinity,
    });
    this.state = createRobotState(robot.names.length);
    this.command = createJointCommand(robot.names.length);
    this.#take = this.link.commandReader(this.sent.bytes, this.#hands);
  }

  static async create(): Promise<EmulatedRobot> {
    const robot = Robot.load('config/robot.yaml');
    const task = loadTask('config/scenes/pick_and_place.yaml');
    return new EmulatedRobot(robot, await RobotEmulator.create(robot, task, 3, ''));
  }

  get time(): number {
    return START + this.#cycle * DT;
  }

  /** The robot lives and speaks, nobody drives it. */
  idle(seconds: number): void {
    for (let k = 0; k < Math.round(seconds / DT); k++) this.#pass();
  }

  /** Opens the gate. @throws what configure throws */
  async configure(): Promise<void> {
    let done = false;
    const ready = this.hardware.configure().finally(() => {
      done = true;
    });
    // Waited for below; until then nobody handles it.
    ready.catch(() => {});
    while (!done) {
      this.idle(0.02);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return ready;
  }

  /** Confirms, opens the gate and takes the robot over. */
  async start(): Promise<void> {
    this.link.setConfirmed(true);
    this.link.want();
    await this.configure();
    this.hardware.activate(this.state);
    this.controller.start(this.state);
  }

  /** Drives. @param before called at the beginning of each cycle */
  run(seconds: number, before: () => void = () => {}): void {
    for (let k = 0; k < Math.round(seconds / DT); k++) {
      before();
      this.hardware.read(this.state);
      if (this.link.takeFaultsSeen() !== 0) this.controller.demandStop(StopMode.damping);
      this.controller.update(this.time, this.state, this.command);
      this.controller.demandStop(StopMode.running);
      this.hardware.write(this.command);
      if (this.link.commands !== this.#seen) {
        this.#seen = this.link.commands;
        this.#take();
        this.onCommand(this.sent, this.time);
        this.emulator.commands.send(this.sent.bytes, this.time);
        SIDES.forEach((side, s) => {
          this.emulator.commandHand(side, this.#hands.subarray(s * HAND_JOINTS, (s + 1) * HAND_JOINTS));
        });
      }
      this.#pass();
    }
  }

  #pass(): void {
    this.#cycle++;
    const { emulator, link, time } = this;
    emulator.advance(time, () => {});
    if (this.#cycle % 2 === 0) emulator.report(time);
    for (let state = emulator.states.receive(time); state !== undefined; state = emulator.states.receive(time)) {
      const passed = new LowState(state.slice());
      const intact = passed.intact;
      this.onState(passed);
      if (intact) passed.seal();
      if (this.carriesStates) link.putState(passed.bytes, time);
    }
    if (this.#cycle % 10 !== 0) return;
    for (const side of SIDES) {
      const hand = emulator.hand(side);
      if (hand !== undefined) link.putHand(side, hand.position, hand.velocity, hand.effort, time);
    }
  }
}
