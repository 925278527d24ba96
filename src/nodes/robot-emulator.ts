import { LatencyHistogram } from '../control/latency-histogram.js';
import { monotonicSeconds } from '../control/monotonic-clock.js';
import { requestRealtimeProcess } from '../control/realtime.js';
import { HAND_JOINTS, handDriverNames, handJointName, MOTORS, SIDES, type Side } from '../control/unitree-h2/motors.js';
import { Robot } from '../robot/robot.js';
import { Level } from '../ros/diagnostics.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { JointStateWriter } from '../ros/joint-state-writer.js';
import { groundTruthMessage } from '../ros/loop-messages.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { sensorData } from '../ros/qos.js';
import { LOW_COMMAND_TOPIC, LOW_STATE_TOPIC } from '../ros/robot-carrier.js';
import { runNode } from '../ros/run-node.js';
import { NOMINAL_SUPPLY, RobotEmulator } from '../sim/emulator/robot-emulator.js';
import { loadTask } from '../sim/scene.js';

/** Of LowState, s. */
const PERIOD = 0.002;
/** The hands report with every so-manieth LowState, the ground truth as often. */
const HAND_DIVIDER = 5;
const TRUTH_DIVIDER = 8;

const PARAMETERS = {
  realtime: { type: 'boolean', default: true, description: 'Whether to ask the system for real-time priority.' },
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  task: { type: 'string', default: 'pick_and_place', description: 'A file in config/scenes, no extension.' },
  seed: { type: 'integer', default: 0, minimum: 0, description: 'Places the objects.' },
  instruction: {
    type: 'string',
    default: '',
    description: 'The instruction whose target is put within reach; empty: chosen by the seed.',
  },
  packet_loss: {
    type: 'double',
    default: 0,
    minimum: 0,
    maximum: 1,
    description: 'Share of LowCmd and LowState that is lost.',
    dynamic: true,
  },
  latency: {
    type: 'double',
    default: 0,
    minimum: 0,
    maximum: 0.4,
    description: 'Delay of LowCmd and of LowState, s.',
    dynamic: true,
  },
  bit_errors: {
    type: 'double',
    default: 0,
    minimum: 0,
    maximum: 1,
    description: 'Share of LowCmd and LowState in which a bit is turned over.',
    dynamic: true,
  },
  silent: { type: 'boolean', default: false, description: 'Whether LowState stays away.', dynamic: true },
  hot_motor: { type: 'string', default: '', choices: ['', ...MOTORS], description: 'Overheats.', dynamic: true },
  broken_motor: {
    type: 'string',
    default: '',
    choices: ['', ...MOTORS],
    description: 'Reports an error and exerts nothing.',
    dynamic: true,
  },
  dead_hand: {
    type: 'string',
    default: '',
    choices: ['', ...SIDES],
    description: 'Neither reports nor moves.',
    dynamic: true,
  },
  remote_stop: {
    type: 'boolean',
    default: false,
    description: "Whether the remote control's emergency stop is pressed.",
    dynamic: true,
  },
  supply: {
    type: 'double',
    default: NOMINAL_SUPPLY,
    minimum: 0,
    maximum: 100,
    description: 'What the motors are supplied with, V.',
    dynamic: true,
  },
} as const satisfies ParameterDeclarations;

/** A robot made of messages: what the H2 Plus and its hands say and hear on their topics, with MuJoCo behind. */
class RobotEmulatorNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  readonly #gaps = new LatencyHistogram();
  #emulator!: RobotEmulator;
  #turn = 0;
  #arrival = Number.NaN;
  #received = 0;
  /** Since when the faults are as they are, and how long after that the motors damped, s. */
  #faultAt = 0;
  #dampedAfter = Number.NaN;
  #faults = '';

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  async configure(): Promise<void> {
    const { robot, task, seed, instruction } = this.#node.parameters;
    const scene = loadTask(packagePath(`config/scenes/${task}.yaml`));
    this.#emulator = await RobotEmulator.create(Robot.load(packagePath(robot)), scene, seed, instruction);
  }

  cleanup(): void {
    this.#emulator.delete();
  }

  activate(): void {
    const node = this.#node;
    const emulator = this.#emulator;
    // A robot does not wait for the computer that drives it.
    const complaint = node.parameters.realtime ? requestRealtimeProcess() : undefined;
    if (complaint !== undefined) node.log.info(complaint);
    node.createRawSubscription('unitree_hg/msg/LowCmd', LOW_COMMAND_TOPIC, sensorData(10), (bytes) => {
      const now = monotonicSeconds();
      if (this.#received++ > 0) this.#gaps.record((now - this.#arrival) * 1e6);
      this.#arrival = now;
      emulator.commands.send(bytes, now);
    });
    const states = node.createPublisher('unitree_hg/msg/LowState', LOW_STATE_TOPIC, sensorData(1));
    const hands = SIDES.map((side) => this.#openHand(side));
    const truth = this.#openTruth();
    node.createService('std_srvs/srv/Trigger', 'robot_emulator/restore', () => {
      emulator.restore();
      return { success: true, message: 'the robot holds its posture, the objects are where they were' };
    });
    const bytes = Buffer.alloc(emulator.stateBytes);
    node.createTimer(PERIOD, () => {
      const now = monotonicSeconds();
      this.#setFaults(now);
      // What was measured goes out first: nobody waits for the physics.
      emulator.report(now);
      for (let state = emulator.states.receive(now); state !== undefined; state = emulator.states.receive(now)) {
        bytes.set(state);
        states.publishRaw(bytes);
      }
      emulator.advance(now, (refusal) => node.warn(refusal, `LowCmd refused: ${refusal}`));
      if (Number.isNaN(this.#dampedAfter) && emulator.firmware.damped) this.#dampedAfter = now - this.#faultAt;
      this.#turn++;
      if (this.#turn % HAND_DIVIDER === 0) for (const report of hands) report();
      if (this.#turn % TRUTH_DIVIDER === 0) truth();
    });
    node.own(node.diagnostics.addSource(() => this.#report()));
  }

  /** @returns publishes the hand's state */
  #openHand(side: Side): () => void {
    const node = this.#node;
    const names = handDriverNames(side);
    const positions = new Float64Array(HAND_JOINTS);
    const topic = `wave/${side}`;
    node.createSubscription('sensor_msgs/msg/JointState', `${topic}/joint_commands`, sensorData(1), (message) => {
      const given = message.name.map(handJointName);
      const at = names.map((name) => given.indexOf(handJointName(name)));
      if (at.some((from) => !Number.isFinite(message.position[from]))) {
        node.warn(side, `joint_commands of the ${side} hand lack joints; dropped`);
        return;
      }
      at.forEach((from, k) => {
        positions[k] = message.position[from];
      });
      this.#emulator.commandHand(side, positions);
    });
    const publisher = node.createPublisher('sensor_msgs/msg/JointState', `${topic}/joint_states`, sensorData(1));
    const writer = new JointStateWriter(node.codec('sensor_msgs/msg/JointState'), names);
    return () => {
      const hand = this.#emulator.hand(side);
      if (hand === undefined) return;
      publisher.publishRaw(writer.write(node.stamp(), hand.position, hand.velocity, hand.effort));
    };
  }

  /** @returns publishes the ground truth, for the simulated cameras and for evaluation */
  #openTruth(): () => void {
    const node = this.#node;
    const { task: scene, seed, instruction } = node.parameters;
    const emulator = this.#emulator;
    const { simulation } = emulator;
    const publisher = node.createPublisher('cosmos_humanoid/msg/SimState', 'sim/state', sensorData());
    const truth = new Float64Array(emulator.groundTruthSize);
    let [time, simulated] = [monotonicSeconds(), simulation.time];
    let factor = 1;
    return () => {
      emulator.copyGroundTruth(truth);
      const now = monotonicSeconds();
      if (now - time >= 1) {
        factor = (truth[0] - simulated) / (now - time);
        [time, simulated] = [now, truth[0]];
      }
      publisher.publish({
        ...groundTruthMessage(truth, emulator.joints),
        header: { stamp: node.stamp(), frame_id: 'world' },
        scene,
        seed: BigInt(seed),
        instruction,
        episode: emulator.episode,
        real_time_factor: factor,
      });
    };
  }

  /** @param now s */
  #setFaults(now: number): void {
    const { packet_loss, latency, bit_errors, silent, hot_motor, broken_motor, dead_hand, remote_stop, supply } =
      this.#node.parameters;
    const { commands, states, faults } = this.#emulator;
    for (const { faults: channel } of [commands, states]) {
      channel.loss = packet_loss;
      channel.latency = latency;
      channel.bitErrors = bit_errors;
    }
    faults.silent = silent;
    faults.hotMotor = hot_motor;
    faults.brokenMotor = broken_motor;
    faults.deadHand = dead_hand as Side | '';
    faults.remoteStop = remote_stop;
    faults.supply = supply;
    const key = [packet_loss, latency, bit_errors, ...Object.values(faults)].join();
    if (key === this.#faults) return;
    this.#faults = key;
    this.#faultAt = now;
    this.#dampedAfter = Number.NaN;
  }

  #report(): void {
    const { diagnostics } = this.#node;
    const { firmware } = this.#emulator;
    const refused = Object.values(firmware.refused).reduce((sum, count) => sum + count, 0);
    diagnostics.report(
      'firmware',
      refused > 0 ? Level.warning : Level.ok,
      refused > 0 ? 'commands were refused' : 'ok',
      {
        mode: firmware.mode,
        accepted: firmware.accepted,
        largest_gap_ms: 1e3 * firmware.takeLargestGap(),
        damped_after_ms: 1e3 * this.#dampedAfter,
        gap_p50_us: this.#gaps.quantile(0.5),
        gap_p99_us: this.#gaps.quantile(0.99),
        ...firmware.refused,
      },
    );
  }
}

await runNode({
  name: 'robot_emulator',
  niceness: -10,
  parameters: PARAMETERS,
  autostart: true,
  create: (node) => new RobotEmulatorNode(node),
});
