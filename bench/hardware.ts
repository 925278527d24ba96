import { setTimeout as pause } from 'node:timers/promises';
import { CONTROLLER_DEFAULTS } from '../src/control/joint-controller.js';
import { type LoopHandle, startControlLoop } from '../src/control/loop.js';
import { requestRealtimeProcess } from '../src/control/realtime.js';
import { describeStopCauses, StopMode } from '../src/control/stop-state.js';
import { RAMP_TIME } from '../src/control/unitree-h2/handover.js';
import { LowCommand } from '../src/control/unitree-h2/low-command.js';
import { describeFaults } from '../src/control/unitree-h2/robot-fault.js';
import { loadSupplyLimits } from '../src/control/unitree-h2/supply-limits.js';
import { Robot } from '../src/robot/robot.js';
import { readLaunchFile } from '../src/ros/launcher/launch-file.js';
import { Launcher } from '../src/ros/launcher/launcher.js';
import { openNode } from '../src/ros/open-node.js';
import { packagePath } from '../src/ros/package-path.js';
import { reliable } from '../src/ros/qos.js';
import { LOW_COMMAND_TOPIC, RobotCarrier } from '../src/ros/robot-carrier.js';
import type { RosNode } from '../src/ros/ros-node.js';
import { NOMINAL_SUPPLY } from '../src/sim/emulator/robot-emulator.js';

/** How long the commands are counted, s. */
const SECONDS = 60;
/** Time for a fault to be seen, s. */
const FAULT_TIME = 1.5;
/** Time for a command to go out and for the emulator to start, s. */
const PATIENCE = 30;

const LIMITS = packagePath('config/unitree_h2.yaml');

type Parameters = Readonly<Record<string, string | number | boolean>>;

/** Each fault: what is set in the emulator, and what takes it back. */
const FAULTS: Readonly<Record<string, Parameters>> = {
  state_lost: { silent: true },
  every_crc_wrong: { bit_errors: 1 },
  motor_error: { broken_motor: 'left_elbow_joint' },
  motor_hot: { hot_motor: 'right_knee_joint' },
  hand_dead: { dead_hand: 'left' },
  remote_stop: { remote_stop: true },
  supply_low: { supply: 50 },
  supply_high: { supply: 82 },
};

/** What the robot is to survive. */
const DISTURBANCES: Readonly<Record<string, Parameters>> = {
  loss_20_percent: { packet_loss: 0.2 },
  latency_10_ms: { latency: 0.01 },
  bit_errors_1_in_1000: { bit_errors: 0.001 },
};

const HEALTHY: Parameters = {
  silent: false,
  bit_errors: 0,
  broken_motor: '',
  hot_motor: '',
  dead_hand: '',
  remote_stop: false,
  supply: NOMINAL_SUPPLY,
  packet_loss: 0,
  latency: 0,
};

/**
 * The control loop drives the emulated robot, which runs in a process of its own: rate of the commands that it takes,
 * time between them, and for each fault the time until the motors damp (all as the robot sees it). The peer is a typed
 * publication by rclnodejs: a ratio says how many times longer it takes.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const { processes } = readLaunchFile(packagePath('launch/emulator.launch.xml'), { arguments: {} });
  const launcher = new Launcher(
    processes.filter(({ name }) => name === 'robot_emulator'),
    { onOutput: (name, line) => console.error(`[${name}] ${line}`) },
  );
  const { node, close } = await openNode('bench_hardware');
  launcher.start();
  try {
    const robot = new EmulatorProbe(node);
    const controller = new Controller(node, robot);
    const figures: Record<string, number> = await controller.drive(async ({ shared }) => {
      await pause(RAMP_TIME * 1e3);
      return countCommands(robot, controller.carrier, shared.statistics);
    });
    for (const [name, parameters] of Object.entries(DISTURBANCES)) {
      figures[`${name}_stopped`] = await controller.drive(async ({ shared }) => {
        await robot.set(parameters);
        await pause(2 * FAULT_TIME * 1e3);
        const { stopMode, stopCauses } = shared.readStatus();
        console.error(`${name}: ${controller.faults} ${describeStopCauses(stopCauses).join('; ')}`);
        return stopMode === StopMode.running ? 0 : 1;
      });
    }
    for (const [name, parameters] of Object.entries(FAULTS)) {
      figures[`${name}_damped_ms`] = await controller.drive(async ({ shared }) => {
        if (shared.readStatus().stopMode !== StopMode.running) return Number.NaN;
        await robot.set(parameters);
        await pause(FAULT_TIME * 1e3);
        console.error(`${name}: ${controller.faults}`);
        return robot.dampedAfter();
      });
    }
    const ratios = { publish_rclnodejs_over_ours: comparePublishing(node, figures) };
    return { figures, ratios };
  } finally {
    await launcher.stop();
    close();
  }
}

/** The control loop with the robot's messages carried by this thread, as in joint_controller. */
class Controller {
  readonly carrier: RobotCarrier;
  readonly #robot: EmulatorProbe;
  #loop: LoopHandle | undefined;
  #faults = 0;

  constructor(node: RosNode, robot: EmulatorProbe) {
    this.#robot = robot;
    this.carrier = new RobotCarrier(node, loadSupplyLimits(LIMITS));
    this.carrier.link.setConfirmed(true);
    this.carrier.link.want();
    const complaint = requestRealtimeProcess();
    if (complaint !== undefined) console.error(complaint);
    node.createTimer(0.01, () => {
      const faults = this.carrier.link.takeFaultsSeen();
      if (faults === 0 || this.#loop === undefined) return;
      this.#faults |= faults;
      this.#loop.shared.raiseStop(StopMode.damping);
    });
  }

  /** What went wrong since the robot was taken over, in words. */
  get faults(): string {
    return describeFaults(this.#faults).join('; ');
  }

  /** Takes the robot over, well and in its posture, through the start-up gate; and lets it go. */
  async drive<T>(work: (loop: LoopHandle) => Promise<T>): Promise<T> {
    // The last command of before is on its way.
    await pause(1000);
    await this.#robot.heal();
    this.#faults = 0;
    const loop = await startControlLoop({
      hardware: 'unitree_h2',
      hardwareOptions: { link: this.carrier.link.buffer, limits: LIMITS, gateTimeout: PATIENCE },
      parameters: Robot.load(packagePath('config/robot.yaml')),
      controller: { ...CONTROLLER_DEFAULTS, heartbeatTimeout: Number.POSITIVE_INFINITY },
    });
    this.#loop = loop;
    try {
      await pause(RAMP_TIME * 1e3);
      return await work(loop);
    } finally {
      this.#loop = undefined;
      await loop.stop();
    }
  }
}

/** Counts the commands, as they leave and as the robot takes them. */
async function countCommands(
  robot: EmulatorProbe,
  carrier: RobotCarrier,
  loop: { report(): { cycles: number; missed: number; lateUs: { p99: number } } },
): Promise<Record<string, number>> {
  const before = loop.report();
  const accepted = await robot.count();
  carrier.takeGaps();
  const begin = performance.now();
  await pause(SECONDS * 1e3);
  const { count, p50, p99, max } = carrier.takeGaps();
  const seconds = (performance.now() - begin) * 1e-3;
  const arrived = await robot.count();
  const after = loop.report();
  const cycles = after.cycles - before.cycles;
  const missed = after.missed - before.missed;
  return {
    command_rate_hz: count / seconds,
    command_gap_p50_ms: p50 * 1e-3,
    command_gap_p99_ms: p99 * 1e-3,
    command_gap_max_ms: max * 1e-3,
    taken_rate_hz: (arrived.accepted - accepted.accepted) / ((arrived.time - accepted.time) * 1e-3),
    taken_gap_max_ms: arrived.largestGap,
    refused: arrived.refused,
    loop_missed_share: missed / (cycles + missed),
    loop_late_p99_us: after.lateUs.p99,
  };
}

/** The emulator, as its parameters and diagnostics show it. */
class EmulatorProbe {
  readonly #node: RosNode;
  #values: ReadonlyMap<string, string> = new Map();
  #reports = 0;
  #largestGap = 0;

  constructor(node: RosNode) {
    this.#node = node;
    node.createSubscription('diagnostic_msgs/msg/DiagnosticArray', '/diagnostics', reliable(), ({ status }) => {
      const firmware = status.find(({ name }) => name === 'robot_emulator: firmware');
      if (firmware === undefined) return;
      this.#values = new Map(firmware.values.map(({ key, value }) => [key, value]));
      this.#reports++;
      this.#largestGap = Math.max(this.#largestGap, this.#value('largest_gap_ms'));
    });
  }

  async set(values: Parameters): Promise<void> {
    const parameters = Object.entries(values).map(([name, value]) => ({
      name,
      value:
        typeof value === 'boolean'
          ? { type: 1, bool_value: value }
          : typeof value === 'number'
            ? { type: 3, double_value: value }
            : { type: 4, string_value: value },
    }));
    const client = this.#node.createClient('rcl_interfaces/srv/SetParameters', 'robot_emulator/set_parameters');
    const { results } = await client.call({ parameters } as never, PATIENCE);
    const refused = results.find(({ successful }) => !successful);
    if (refused !== undefined) throw new Error(`robot_emulator: ${refused.reason}`);
  }

  /** Makes the robot well and puts it back into its posture. */
  async heal(): Promise<void> {
    await this.set(HEALTHY);
    await this.#node.createClient('std_srvs/srv/Trigger', 'robot_emulator/restore').call({}, PATIENCE);
  }

  /** Time from the last change of the faults to damping, ms; NaN where the motors do not damp. */
  async dampedAfter(): Promise<number> {
    await this.#nextReport();
    return this.#value('damped_after_ms');
  }

  /** Commands taken and refused so far; and the longest time between two since the last call, ms. */
  async count(): Promise<{ time: number; accepted: number; refused: number; largestGap: number }> {
    await this.#nextReport();
    const refused = ['size', 'crc', 'mode_pr', 'mode_machine', 'reserve', 'not_finite', 'order', 'jump'];
    const figures = {
      time: performance.now(),
      accepted: this.#value('accepted'),
      refused: refused.reduce((sum, key) => sum + this.#value(key), 0),
      largestGap: this.#largestGap,
    };
    this.#largestGap = 0;
    return figures;
  }

  #value(key: string): number {
    return Number(this.#values.get(key) ?? Number.NaN);
  }

  async #nextReport(): Promise<void> {
    const seen = this.#reports;
    const deadline = performance.now() + PATIENCE * 1e3;
    while (this.#reports < seen + 1) {
      if (performance.now() > deadline)
        throw new Error(`robot_emulator says nothing on /diagnostics for ${PATIENCE} s`);
      await pause(20);
    }
  }
}

/** @returns how many times longer rclnodejs' typed publication of a LowCmd takes than ours, CRC included */
function comparePublishing(node: RosNode, figures: Record<string, number>): number {
  const topic = `bench${LOW_COMMAND_TOPIC}`;
  const count = 300;
  const command = new LowCommand();
  const bytes = Buffer.from(command.bytes.buffer);
  const ours = node.createPublisher('unitree_hg/msg/LowCmd', topic, reliable(1));
  const theirs = node.native.createPublisher('unitree_hg/msg/LowCmd', topic);
  const message = node.codec('unitree_hg/msg/LowCmd').decode(command.bytes);
  const time = (publish: () => void): number => {
    for (let k = 0; k < count; k++) publish();
    const begin = performance.now();
    for (let k = 0; k < count; k++) publish();
    return ((performance.now() - begin) * 1e3) / count;
  };
  figures.publish_ours_us = time(() => {
    for (let i = 0; i < 31; i++) command.setMotor(i, 0.1, 0, 0, 100, 2);
    command.seal();
    ours.publishRaw(bytes);
  });
  figures.publish_rclnodejs_us = time(() => theirs.publish(message as never));
  return figures.publish_rclnodejs_us / figures.publish_ours_us;
}
