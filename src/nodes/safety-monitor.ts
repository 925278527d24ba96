import { monotonicSeconds } from '../control/monotonic-clock.js';
import { createJointTrajectory } from '../control/trajectory.js';
import { TRAJECTORY_CAPACITY } from '../control/trajectory-buffer.js';
import { Robot } from '../robot/robot.js';
import { Level } from '../ros/diagnostics.js';
import { HEARTBEAT_TOPIC, parseHeartbeat } from '../ros/heartbeat.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { readJointTrajectory } from '../ros/joint-trajectory.js';
import type { Message } from '../ros/messages.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import type { Publisher } from '../ros/publisher.js';
import { latched, reliable, sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { measureClockOffset, toStamp } from '../ros/time.js';
import { SafetyLevel } from '../safety/findings.js';
import { LOOP_RULE_DEFAULTS } from '../safety/loop-rules.js';
import { SafetyMonitor, type SafetyState } from '../safety/safety-monitor.js';

/** Silence is looked for at this rate; the state is published every second time, and when it changes. */
const JUDGEMENT_PERIOD = 0.05;

const JOINT_STATES = 'joint_states';
const CONTROLLER_STATE = 'joint_controller/state';
const TRAJECTORY = 'motion_planner/joint_trajectory';

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  nodes: {
    type: 'string_array',
    default: ['joint_controller', 'motion_planner', 'action_decoder', 'cosmos_inference', 'camera_fusion'],
    description: 'Nodes, of the same namespace, without which the robot stops.',
  },
  node_timeout: {
    type: 'double',
    default: 0.7,
    minimum: 0.4,
    maximum: 10,
    description: 'Longest time without a heartbeat of an active node before a protective stop, s.',
  },
  topics: {
    type: 'string_array',
    default: [JOINT_STATES, CONTROLLER_STATE, TRAJECTORY],
    description: `Topics without which the robot stops; of ${JOINT_STATES}, ${CONTROLLER_STATE}, ${TRAJECTORY}.`,
  },
  topic_timeout: {
    type: 'double',
    default: 0.3,
    minimum: 0.1,
    maximum: 10,
    description: 'Longest silence of those topics before a protective stop, s.',
  },
  missed_stop: {
    type: 'double',
    default: LOOP_RULE_DEFAULTS.missedStop,
    minimum: 0,
    maximum: 1,
    description: 'Share of cycles that the 1 kHz loop may miss in a second before a protective stop.',
  },
} as const satisfies ParameterDeclarations;

/** Hears all nodes and topics that matter and publishes what follows on safety/state. */
class SafetyMonitorNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  #robot: Robot | undefined;
  #published: SafetyState | undefined;

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  configure(): void {
    const { robot, topics } = this.#node.parameters;
    const known = [JOINT_STATES, CONTROLLER_STATE, TRAJECTORY];
    const unknown = topics.filter((topic) => !known.includes(topic));
    if (unknown.length > 0)
      throw new Error(`parameter topics: ${unknown.join(', ')}: needs some of ${known.join(', ')}`);
    this.#robot = Robot.load(packagePath(robot));
  }

  activate(): void {
    const node = this.#node;
    const robot = this.#robot;
    if (robot === undefined) throw new Error('safety_monitor is not configured');
    const { nodes, node_timeout, topics, topic_timeout, missed_stop } = node.parameters;
    const monitor = new SafetyMonitor({
      limits: robot,
      loop: { ...LOOP_RULE_DEFAULTS, missedStop: missed_stop },
      nodes: watches(nodes, node_timeout),
      topics: watches(topics, topic_timeout),
    });
    const publisher = node.createPublisher('cosmos_humanoid/msg/SafetyState', 'safety/state', latched());
    this.#published = undefined;
    const publish = (): void => this.#publish(publisher, monitor.state(monotonicSeconds()));
    /** What was heard may call for a stop: then nobody waits for the next publication. */
    const react = (): void => {
      if (monitor.level > (this.#published?.level ?? SafetyLevel.ok)) publish();
    };
    this.#hear(monitor, robot, react);
    this.#serve(monitor, publish);
    let tick = 0;
    node.createTimer(JUDGEMENT_PERIOD, () => {
      const state = monitor.state(monotonicSeconds());
      if (tick++ % 2 === 0 || differs(state, this.#published)) this.#publish(publisher, state);
    });
    publish();
  }

  #hear(monitor: SafetyMonitor, robot: Robot, react: () => void): void {
    const node = this.#node;
    node.createSubscription('sensor_msgs/msg/JointState', JOINT_STATES, sensorData(), (message) => {
      const time = monotonicSeconds();
      monitor.observeTopic(JOINT_STATES, time);
      monitor.observeJoints(time, message.position, message.velocity, message.effort);
      react();
    });
    node.createSubscription('cosmos_humanoid/msg/ControllerState', CONTROLLER_STATE, sensorData(), (message) => {
      const time = monotonicSeconds();
      const { mode, stop_causes: causes, timing } = message;
      monitor.observeTopic(CONTROLLER_STATE, time);
      const counters = { cycles: Number(timing.cycles), missed: Number(timing.missed) };
      monitor.observeLoop(time, { mode, causes, ...counters });
      react();
    });
    const trajectory = createJointTrajectory(robot.names.length, TRAJECTORY_CAPACITY);
    node.createSubscription('trajectory_msgs/msg/JointTrajectory', TRAJECTORY, reliable(1), (message) => {
      const time = monotonicSeconds();
      monitor.observeTopic(TRAJECTORY, time);
      try {
        readJointTrajectory(message, robot.names, node.now(), trajectory);
        monitor.observeTrajectory(time, trajectory);
      } catch (error) {
        node.warn('trajectory', (error as Error).message);
        monitor.observeTrajectory(time, misshapen(message));
      }
      react();
    });
    const namespace = node.name.slice(0, node.name.lastIndexOf('/') + 1);
    node.createSubscription('std_msgs/msg/String', HEARTBEAT_TOPIC, sensorData(50), ({ data }) => {
      const beat = parseHeartbeat(data);
      // A node that is up but not at work is missed like one that is gone.
      if (beat?.state !== 'active' || !beat.name.startsWith(namespace)) return;
      monitor.observeNode(beat.name.slice(namespace.length), monotonicSeconds());
    });
  }

  #serve(monitor: SafetyMonitor, publish: () => void): void {
    const node = this.#node;
    node.createService('std_srvs/srv/Trigger', 'safety/emergency_stop', () => {
      monitor.emergencyStop('safety/emergency_stop');
      publish();
      return { success: true, message: 'emergency stop' };
    });
    node.createService('std_srvs/srv/Trigger', 'safety/protective_stop', () => {
      monitor.protectiveStop('safety/protective_stop');
      publish();
      return { success: true, message: 'protective stop' };
    });
    node.createService('std_srvs/srv/Trigger', 'safety/reset', () => {
      const { accepted, message } = monitor.reset(monotonicSeconds());
      publish();
      return { success: accepted, message };
    });
  }

  #publish(publisher: Publisher<'cosmos_humanoid/msg/SafetyState'>, state: SafetyState): void {
    const node = this.#node;
    const { level, reasons, latched: isLatched, since } = state;
    const offset = measureClockOffset(() => node.now());
    publisher.publish({
      header: { stamp: node.stamp() },
      level,
      reasons,
      latched: isLatched,
      since: toStamp(since + offset),
    });
    if (level !== this.#published?.level) this.#log(state);
    this.#published = state;
    const severity = [Level.ok, Level.warning, Level.error, Level.error][level];
    node.diagnostics.report('safety', severity, reasons[0] ?? 'ok', { level, reasons: reasons.length });
  }

  #log({ level, reasons }: SafetyState): void {
    const { log } = this.#node;
    const why = reasons.join('; ');
    if (level >= SafetyLevel.emergencyStop) log.error(`emergency stop: ${why}`);
    else if (level >= SafetyLevel.protectiveStop) log.error(`protective stop: ${why}`);
    else if (level === SafetyLevel.warning) log.info(`no stop; ${why}`);
    else log.info('no stop');
  }
}

function watches(names: readonly string[], timeout: number): Record<string, { timeout: number; level: SafetyLevel }> {
  return Object.fromEntries(names.map((name) => [name, { timeout, level: SafetyLevel.protectiveStop }]));
}

/** A trajectory of a wrong shape, as far as it can be judged: by its number of joints. */
function misshapen({
  points,
}: Message<'trajectory_msgs/msg/JointTrajectory'>): Parameters<SafetyMonitor['observeTrajectory']>[1] {
  return { joints: points[0]?.positions.length ?? 0, count: 0, time: [], position: [], velocity: [] };
}

function differs(a: SafetyState, b: SafetyState | undefined): boolean {
  return b === undefined || a.level !== b.level || a.latched !== b.latched || a.reasons.length !== b.reasons.length;
}

await runNode({
  name: 'safety_monitor',
  niceness: -10,
  parameters: PARAMETERS,
  create: (node) => new SafetyMonitorNode(node),
});
