import { LatencyHistogram } from '../control/latency-histogram.js';
import { monotonicSeconds } from '../control/monotonic-clock.js';
import { LOW_COMMAND_BYTES } from '../control/unitree-h2/low-command.js';
import { LowState } from '../control/unitree-h2/low-state.js';
import { HAND_JOINTS, handDriverNames, handJointName, MOTORS, SIDES, type Side } from '../control/unitree-h2/motors.js';
import { describeFaults, WARM } from '../control/unitree-h2/robot-fault.js';
import { RobotLink } from '../control/unitree-h2/robot-link.js';
import type { SupplyLimits } from '../control/unitree-h2/supply-limits.js';
import { type Diagnostics, Level } from './diagnostics.js';
import { JointStateWriter } from './joint-state-writer.js';
import type { Message } from './messages.js';
import { latched, reliable, sensorData } from './qos.js';
import type { RosNode } from './ros-node.js';

/** The vendor's topics: of the robot, whatever namespace this node is in. */
export const LOW_COMMAND_TOPIC = '/lowcmd';
export const LOW_STATE_TOPIC = '/lowstate';

/** The hands are commanded with every so-manieth command of the body. */
const HAND_DIVIDER = 5;
/** How often the graph is searched for other controllers, s. */
const GRAPH_PERIOD = 0.2;

/**
 * Carries the messages between the H2 Plus with its hands and the control loop, as bytes. Belongs to the thread that
 * speaks ROS; is woken for each command.
 */
export class RobotCarrier {
  readonly link = new RobotLink();
  readonly #node: RosNode;
  readonly #supply: SupplyLimits;
  readonly #publish: (bytes: Buffer) => void;
  readonly #hands: Readonly<Record<Side, { readonly writer: JointStateWriter; publish(bytes: Buffer): void }>>;
  readonly #state = new LowState();
  readonly #zeros = new Float64Array(HAND_JOINTS);
  #gaps = new LatencyHistogram();
  #publishedAt = Number.NaN;
  #largestGap = 0;
  #malformed = 0;
  #closed = false;

  /** Opens the topics, in the node's scope. @param supply beyond which the diagnostics warn */
  constructor(node: RosNode, supply: SupplyLimits) {
    this.#node = node;
    this.#supply = supply;
    this.#lookForOthers(0);
    const publisher = node.createPublisher('unitree_hg/msg/LowCmd', LOW_COMMAND_TOPIC, reliable(1));
    this.#publish = (bytes) => publisher.publishRaw(bytes);
    this.#hands = { left: this.#openHand('left'), right: this.#openHand('right') };
    node.createTimer(GRAPH_PERIOD, () => this.#lookForOthers(1));
    node.createRawSubscription('unitree_hg/msg/LowState', LOW_STATE_TOPIC, sensorData(1), (bytes) => {
      if (this.link.putState(bytes, monotonicSeconds())) this.#state.bytes.set(bytes);
      else this.#malformed++;
    });
    node.createSubscription('cosmos_humanoid/msg/SafetyState', 'safety/state', latched(), ({ causes }) => {
      this.link.setStopRequested(causes.includes('emergency_stop'));
    });
    node.own(() => {
      this.#closed = true;
      this.link.wake();
    });
    void this.#carry();
  }

  /** Says how the robot is. */
  report(diagnostics: Diagnostics): void {
    const { link } = this;
    const state = this.#state;
    const motors = MOTORS.map((name, i) => ({ name, celsius: state.temperature(i), volts: state.voltage(i), i }));
    const hottest = motors.reduce((a, b) => (b.celsius > a.celsius ? b : a));
    const lowest = motors.reduce((a, b) => (b.volts < a.volts ? b : a));
    const highest = motors.reduce((a, b) => (b.volts > a.volts ? b : a));
    const faulty = motors.filter(({ i }) => state.error(i) !== 0);
    const off = motors.filter(({ i }) => state.mode(i) !== 1);
    const volts = (motor: { volts: number }) => `${motor.volts.toFixed(1)} V`;
    const faults = describeFaults(link.faults);
    const warnings = [
      ...(hottest.celsius >= WARM ? [`${hottest.name} is hot: it is given less torque`] : []),
      ...(lowest.volts < this.#supply.lowest.warn ? [`the supply of ${lowest.name} is low: ${volts(lowest)}`] : []),
      ...(highest.volts > this.#supply.highest.warn
        ? [`the supply of ${highest.name} is high: ${volts(highest)}`]
        : []),
      ...(off.length > 0 ? [`${off.length} motors are off`] : []),
    ];
    const level = faults.length > 0 ? Level.error : warnings.length > 0 ? Level.warning : Level.ok;
    diagnostics.report('robot', level, [...faults, ...warnings].join('; ') || 'ok', {
      states: link.states,
      commands: link.commands,
      command_gap_p50_us: this.#gaps.quantile(0.5),
      command_gap_p99_us: this.#gaps.quantile(0.99),
      command_gap_max_us: this.#largestGap,
      crc_errors: link.crcErrors,
      malformed: this.#malformed,
      mode_machine: state.modeMachine,
      hottest_motor: hottest.name,
      hottest_celsius: hottest.celsius,
      lowest_supply_V: lowest.volts,
      highest_supply_V: highest.volts,
      motors_with_error: faulty.map(({ name, i }) => `${name} 0x${state.error(i).toString(16)}`).join(' '),
    });
  }

  #openHand(side: Side): { readonly writer: JointStateWriter; publish(bytes: Buffer): void } {
    const node = this.#node;
    const names = handDriverNames(side);
    const wanted = names.map(handJointName);
    const values = () => new Float64Array(HAND_JOINTS);
    const [position, velocity, effort] = [values(), values(), values()];
    const take = (message: Message<'sensor_msgs/msg/JointState'>): void => {
      const given = message.name.map(handJointName);
      const at = wanted.map((name) => given.indexOf(name));
      const missing = names.filter((_, k) => !(at[k] < message.position.length) || at[k] < 0);
      if (missing.length > 0) {
        node.warn(`${side} hand`, `joint states of the ${side} hand lack ${missing.join(', ')}; dropped`);
        return;
      }
      const wrong = names.filter((_, k) => !Number.isFinite(message.position[at[k]]));
      if (wrong.length > 0) {
        node.warn(`${side} hand`, `positions of the ${side} hand are no numbers: ${wrong.join(', ')}; dropped`);
        return;
      }
      at.forEach((from, k) => {
        position[k] = message.position[from];
        velocity[k] = message.velocity[from] ?? 0;
        effort[k] = message.effort[from] ?? 0;
      });
      this.link.putHand(side, position, velocity, effort, monotonicSeconds());
    };
    node.createSubscription('sensor_msgs/msg/JointState', `wave/${side}/joint_states`, sensorData(1), take);
    const topic = `wave/${side}/joint_commands`;
    const publisher = node.createPublisher('sensor_msgs/msg/JointState', topic, reliable(1));
    const writer = new JointStateWriter(node.codec('sensor_msgs/msg/JointState'), names);
    return { writer, publish: (bytes) => publisher.publishRaw(bytes) };
  }

  /** @param own publishers of commands that this carrier has */
  #lookForOthers(own: number): void {
    this.link.setForeign(Math.max(0, this.#node.native.countPublishers(LOW_COMMAND_TOPIC) - own));
  }

  /** Time between publications of commands since the last call, µs, and how many there were. */
  takeGaps(): { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number } {
    const gaps = this.#gaps;
    const figures = {
      count: gaps.count(),
      p50: gaps.quantile(0.5),
      p99: gaps.quantile(0.99),
      max: this.#largestGap,
    };
    this.#gaps = new LatencyHistogram();
    this.#largestGap = 0;
    return figures;
  }

  #measureGap(): void {
    const now = monotonicSeconds();
    const gap = (now - this.#publishedAt) * 1e6;
    this.#publishedAt = now;
    if (Number.isNaN(gap)) return;
    this.#gaps.record(gap);
    if (gap > this.#largestGap) this.#largestGap = gap;
  }

  /** Publishes each command as soon as it is given. */
  async #carry(): Promise<void> {
    const bytes = Buffer.alloc(LOW_COMMAND_BYTES);
    const positions = new Float64Array(2 * HAND_JOINTS);
    const hands = SIDES.map((side, k) => ({
      ...this.#hands[side],
      positions: positions.subarray(k * HAND_JOINTS, (k + 1) * HAND_JOINTS),
    }));
    const read = this.link.commandReader(bytes, positions);
    let seen = this.link.commands;
    for (let turn = 0; ; turn++) {
      await this.link.nextCommand(seen);
      if (this.#closed) return;
      seen = this.link.commands;
      if (!read()) continue;
      this.#publish(bytes);
      this.#measureGap();
      if (turn % HAND_DIVIDER !== 0) continue;
      const stamp = this.#node.stamp();
      for (const { writer, publish, positions } of hands)
        publish(writer.write(stamp, positions, this.#zeros, this.#zeros));
    }
  }
}
