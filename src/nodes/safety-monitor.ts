import { isCarried } from '../balance/suspension.js';
import { monotonicSeconds } from '../control/monotonic-clock.js';
import { requestRealtimeProcess } from '../control/realtime.js';
import { SafetyWordSender } from '../control/safety-link.js';
import { StopMode } from '../control/stop-state.js';
import { createJointTrajectory } from '../control/trajectory.js';
import { TRAJECTORY_CAPACITY } from '../control/trajectory-buffer.js';
import { describeEstimatorFaults, EstimatorFault } from '../estimation/base-estimate.js';
import { Kinematics } from '../robot/kinematics.js';
import { Robot } from '../robot/robot.js';
import { COMMANDERS_PARAMETER, Commanders } from '../ros/commanders.js';
import { Level } from '../ros/diagnostics.js';
import { parseHeartbeat } from '../ros/heartbeat.js';
import { hearHeartbeats, linkPorts } from '../ros/heartbeat-link.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { readJointTrajectory } from '../ros/joint-trajectory.js';
import { safetyMarkers } from '../ros/marker-messages.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import type { Publisher } from '../ros/publisher.js';
import { latched, reliable, sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { safetyEventMessage, safetyStateMessage } from '../ros/safety-messages.js';
import { SAFETY_PARAMETERS } from '../ros/safety-parameters.js';
import { measureClockOffset } from '../ros/time.js';
import type { OperatorCause, Reaction } from '../safety/causes.js';
import { levelOf, type SafetyEvent, SafetyLevel } from '../safety/findings.js';
import { FloodGuard } from '../safety/flood-guard.js';
import { beMorePatient, loadSafetyConfig, type SafetyConfig } from '../safety/safety-config.js';
import { describeReaction, JUDGEMENT_PERIOD, SafetyMonitor, type SafetyState } from '../safety/safety-monitor.js';

/** The state is published every so many judgements, and when it changes. */
const PUBLISHED = 5;
/** How often the graph is asked who publishes, s. */
const FOREIGN_PERIOD = 0.1;
/** A warning that comes and goes is told at most this often, s. */
const WARNING_PERIOD = 5;
/** The loop may take this long to run after a reset, s. */
const FOLLOWING = 0.5;

const JOINT_STATES = 'joint_states';
/** Joint states that are read, and in which time, s: reading ten thousand a second would take the others' processor. */
const FLOOD = [8, 0.02] as const;
const CONTROLLER_STATE = 'joint_controller/state';
/** Who alone publishes what the robot is judged by. */
const SOURCES = {
  [JOINT_STATES]: 'joint_controller',
  [CONTROLLER_STATE]: 'joint_controller',
  'imu/data': 'joint_controller',
  'state_estimator/state': 'state_estimator',
} as const;
const TRAJECTORY = 'motion_planner/joint_trajectory';

/** Faults of the estimator that are those of a sensor: a robot that hangs, or that was just started, has others. */
const SENSOR_FAULTS =
  EstimatorFault.imuInvalid |
  EstimatorFault.imuFrozen |
  EstimatorFault.imuImplausible |
  EstimatorFault.jointInvalid |
  EstimatorFault.jointFrozen |
  EstimatorFault.wrenchInvalid;
/** What the loop is told. */
const MODE: Readonly<Record<Reaction, StopMode>> = {
  warn: StopMode.running,
  slow: StopMode.running,
  category_2: StopMode.hold,
  category_1: StopMode.crouch,
  category_0: StopMode.damping,
};
/** Services by which a stop is asked for. */
const REQUESTS = ['protective_stop', 'controlled_stop', 'emergency_stop'] as const satisfies readonly OperatorCause[];

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  ...SAFETY_PARAMETERS,
  nodes: {
    type: 'string_array',
    default: ['joint_controller', 'motion_planner', 'action_decoder', 'cosmos_inference', 'camera_fusion'],
    description: 'Nodes, of the same namespace, without which the robot stops.',
  },
  topics: {
    type: 'string_array',
    default: [JOINT_STATES, CONTROLLER_STATE, TRAJECTORY],
    description: `Topics without which the robot stops; of ${JOINT_STATES}, ${CONTROLLER_STATE}, ${TRAJECTORY}.`,
  },
  ...COMMANDERS_PARAMETER,
  node_silence: {
    type: 'double',
    default: 0,
    minimum: 0,
    maximum: 60,
    description:
      'Longest silence of any node, s, in place of those of the safety configuration; 0: as configured. A machine ' +
      'with real-time priorities keeps 0.05; heartbeats come every 0.02 s.',
  },
  missed_stop: {
    type: 'double',
    default: -1,
    minimum: -1,
    maximum: 1,
    description:
      'Share of cycles that the 1 kHz loop may miss in a second before it stops, in place of that of the safety ' +
      'configuration; -1: as configured. Physics in a simulation may need longer than a cycle, and catches up.',
  },
  realtime: {
    type: 'boolean',
    default: true,
    description:
      'Whether to ask the system for real-time priority, below that of the loop: its silence stops the robot.',
  },
  speed_scale: {
    type: 'double',
    default: 1,
    minimum: 0,
    maximum: 1,
    description: 'Share of the velocity limits that the robot may use.',
    dynamic: true,
  },
} as const satisfies ParameterDeclarations;

/**
 * Hears all nodes and topics that matter, publishes what follows on safety/state and safety/events, and tells it to the
 * loop by the safety link, which neither needs ROS nor the thread of joint_controller that speaks it.
 */
class SafetyMonitorNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  #robot!: Robot;
  #kinematics: Kinematics | undefined;
  #config!: SafetyConfig;
  #monitor!: SafetyMonitor;
  #link!: SafetyWordSender;
  #publishState!: () => void;
  #published: SafetyState | undefined;
  /** What the loop last said, and when, s. */
  #loop: { readonly time: number; readonly mode: number; readonly causes: readonly string[] } | undefined;
  readonly #warned = new Map<string, number>();

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  async configure(): Promise<void> {
    const { robot, topics, safety, patience, missed_stop, node_silence, realtime } = this.#node.parameters;
    const complaint = realtime ? requestRealtimeProcess() : undefined;
    if (complaint !== undefined) this.#node.log.info(complaint);
    const known = [JOINT_STATES, CONTROLLER_STATE, TRAJECTORY];
    const unknown = topics.filter((topic) => !known.includes(topic));
    if (unknown.length > 0)
      throw new Error(`parameter topics: ${unknown.join(', ')}: needs some of ${known.join(', ')}`);
    this.#robot = Robot.load(packagePath(robot));
    this.#kinematics = await Kinematics.create(this.#robot);
    const config = beMorePatient(loadSafetyConfig(packagePath(safety)), patience);
    const overruns = missed_stop < 0 ? config.limits.overruns : { ...config.limits.overruns, stop: missed_stop };
    const { silence } = config.limits;
    const strict = node_silence > 0 ? strictSilence(silence, this.#node.parameters.nodes, node_silence) : silence;
    this.#config = { ...config, limits: { ...config.limits, overruns, silence: strict } };
  }

  cleanup(): void {
    this.#kinematics?.delete();
    this.#kinematics = undefined;
  }

  async activate(): Promise<void> {
    const node = this.#node;
    const robot = this.#robot;
    const kinematics = this.#kinematics;
    if (kinematics === undefined) throw new Error('safety_monitor is not configured');
    const { nodes, topics } = node.parameters;
    const events = node.createPublisher('cosmos_humanoid/msg/SafetyEvent', 'safety/events', reliable(50));
    const state = node.createPublisher('cosmos_humanoid/msg/SafetyState', 'safety/state', latched());
    const markers = node.createPublisher('visualization_msgs/msg/MarkerArray', 'safety/markers', reliable());
    const monitor = new SafetyMonitor(
      this.#config,
      { limits: robot, nodes, topics, body: { robot, kinematics } },
      (event) => this.#tell(events, event),
    );
    this.#monitor = monitor;
    this.#published = undefined;
    this.#publishState = () => this.#publish(state, markers, monitor.state(monotonicSeconds()));
    const ports = linkPorts(node.name);
    this.#link = new SafetyWordSender(ports.controller);
    node.own(() => this.#link.close());
    // First: of messages that wait together, those of the first subscription are handled first.
    this.#serve();
    this.#hear();
    this.#hearBase();
    this.#watchPublishers();
    await this.#hearNodes(ports.monitor);
    node.own(
      node.diagnostics.addSource(() =>
        node.diagnostics.report('silence', Level.ok, 'longest so far, s', monitor.longestSilences()),
      ),
    );
    node.own(
      node.diagnostics.addSource(() =>
        node.diagnostics.report('heartbeats', Level.ok, '99.9 % come within, s', monitor.usualSilences()),
      ),
    );
    let tick = 0;
    node.createTimer(JUDGEMENT_PERIOD, () => {
      monitor.allowSpeed(node.parameters.speed_scale);
      const judged = monitor.state(monotonicSeconds());
      this.#command();
      if (tick++ % PUBLISHED === 0 || differs(judged, this.#published)) this.#publish(state, markers, judged);
    });
    this.#act();
  }

  /** Tells the loop what follows. */
  #command(): void {
    const { reaction, speedScale, resets } = this.#monitor;
    this.#link.send(reaction === undefined ? StopMode.running : MODE[reaction], speedScale, resets);
  }

  /** Tells everybody what follows, the loop first. */
  #act(): void {
    this.#command();
    this.#publishState();
  }

  /** What was heard may call for a stop: then nobody waits for the next judgement. */
  #react(): void {
    if (this.#monitor.reaction !== this.#published?.reaction) this.#act();
  }

  #hear(): void {
    const node = this.#node;
    const monitor = this.#monitor;
    const { names } = this.#robot;
    const states = new FloodGuard(...FLOOD);
    node.createSubscription(
      'sensor_msgs/msg/JointState',
      JOINT_STATES,
      sensorData(),
      (message) => {
        const time = monotonicSeconds();
        monitor.observe('topic', JOINT_STATES, time);
        monitor.observeJoints(time, message.name, message.position, message.velocity, message.effort);
        this.#react();
      },
      () => states.admits(monotonicSeconds()),
    );
    node.createSubscription('cosmos_humanoid/msg/ControllerState', CONTROLLER_STATE, sensorData(), (message) => {
      const time = monotonicSeconds();
      const { mode, stop_causes: causes, speed_scale: speedScale, suspension, timing } = message;
      const { reference_position: commanded, position: measured } = message;
      monitor.observe('topic', CONTROLLER_STATE, time);
      this.#loop = { time, mode, causes };
      const counters = { cycles: Number(timing.cycles), missed: Number(timing.missed) };
      const carried = isCarried(suspension);
      monitor.observeLoop(time, { mode, causes, speedScale, carried, ...counters }, { commanded, measured });
      this.#react();
      if (measured.every(Number.isFinite)) monitor.observePosture(time, measured);
    });
    const trajectory = createJointTrajectory(names.length, TRAJECTORY_CAPACITY);
    node.createSubscription('trajectory_msgs/msg/JointTrajectory', TRAJECTORY, reliable(1), (message) => {
      const time = monotonicSeconds();
      monitor.observe('topic', TRAJECTORY, time);
      try {
        readJointTrajectory(message, names, node.now(), trajectory);
        monitor.observeTrajectory(time, trajectory);
      } catch (error) {
        const { message: reason } = error as Error;
        node.warn('trajectory', reason);
        // One without points moves nothing.
        if (message.points.length > 0) monitor.observeMalformedTrajectory(time, reason);
      }
      this.#react();
    });
  }

  #hearBase(): void {
    this.#node.createSubscription('sensor_msgs/msg/Imu', 'imu/data', sensorData(), (message) => {
      const { orientation: q, angular_velocity: w, linear_acceleration: a } = message;
      this.#monitor.observeImu(monotonicSeconds(), {
        orientation: [q.x, q.y, q.z, q.w],
        angularVelocity: [w.x, w.y, w.z],
        linearAcceleration: [a.x, a.y, a.z],
      });
      this.#react();
    });
    // Without a state estimator these are not judged.
    this.#node.createSubscription(
      'cosmos_humanoid/msg/BodyState',
      'state_estimator/state',
      sensorData(),
      ({ faults }) => {
        const slip = faults & EstimatorFault.slip;
        const missing = describeEstimatorFaults(faults & SENSOR_FAULTS);
        this.#monitor.observeEstimate(monotonicSeconds(), describeEstimatorFaults(slip), missing);
        this.#react();
      },
    );
  }

  /** Asks the graph who publishes what moves the robot, and what it is judged by. */
  #watchPublishers(): void {
    const node = this.#node;
    const commanders = new Commanders(node, TRAJECTORY, node.parameters.commanders);
    const sources = Object.entries(SOURCES).map(
      ([topic, source]) => [topic, new Commanders(node, topic, [source])] as const,
    );
    node.createTimer(FOREIGN_PERIOD, () => {
      this.#monitor.observeForeign(commanders.foreign());
      for (const [topic, own] of sources) this.#monitor.observeForeignMeasurements(topic, own.foreign());
      this.#react();
    });
  }

  async #hearNodes(port: number): Promise<void> {
    const node = this.#node;
    const { namespace } = node;
    // A node that is up but not at work is missed like one that is gone.
    const atWork = (text: string) => {
      const beat = parseHeartbeat(text);
      return beat?.state === 'active' && beat.name.startsWith(namespace)
        ? beat.name.slice(namespace.length)
        : undefined;
    };
    const close = await hearHeartbeats(port, {
      beat: (text) => {
        const name = atWork(text);
        if (name !== undefined) this.#monitor.observe('node', name, monotonicSeconds());
      },
      closed: (lastBeat) => {
        const name = atWork(lastBeat);
        if (name === undefined) return;
        this.#monitor.observeEnd(name);
        this.#react();
      },
    });
    node.own(close);
  }

  #serve(): void {
    const node = this.#node;
    const monitor = this.#monitor;
    for (const cause of REQUESTS) {
      node.createService('std_srvs/srv/Trigger', `safety/${cause}`, () => {
        monitor.request(cause, `service safety/${cause}`);
        this.#act();
        return { success: true, message: describeReaction(this.#config.causes[cause].reaction) };
      });
    }
    node.createSubscription('std_msgs/msg/Empty', 'safety/emergency_stop', reliable(10), () => {
      monitor.request('emergency_stop', 'topic safety/emergency_stop');
      this.#act();
    });
    node.createService('std_srvs/srv/Trigger', 'safety/reset', async () => {
      const { accepted, message } = monitor.reset(monotonicSeconds());
      this.#act();
      if (!accepted) return { success: false, message };
      const causes = await this.#loopStays();
      if (causes === undefined) return { success: true, message };
      return { success: false, message: `joint_controller stays stopped: ${causes.join('; ')}` };
    });
  }

  /** Waits a moment for the loop to run after a reset. @returns causes for which it stays stopped; undefined: it runs, or is silent */
  async #loopStays(): Promise<readonly string[] | undefined> {
    const asked = monotonicSeconds();
    while (monotonicSeconds() < asked + FOLLOWING) {
      if (this.#loop?.mode === StopMode.running) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.#loop !== undefined && this.#loop.time > asked ? this.#loop.causes : undefined;
  }

  #publish(
    publisher: Publisher<'cosmos_humanoid/msg/SafetyState'>,
    markers: Publisher<'visualization_msgs/msg/MarkerArray'>,
    state: SafetyState,
  ): void {
    const node = this.#node;
    const { level, reasons } = state;
    publisher.publish(
      safetyStateMessage(
        state,
        node.stamp(),
        measureClockOffset(() => node.now()),
      ),
    );
    if (markers.subscriptionCount > 0) {
      markers.publish(safetyMarkers(level, reasons, this.#robot.baseFrame, node.stamp()));
    }
    if (this.#published !== undefined && level === SafetyLevel.ok && this.#published.level !== level) {
      node.log.info('no stop');
    }
    this.#published = state;
    const severity = [Level.ok, Level.warning, Level.error, Level.error][level];
    node.diagnostics.report('safety', severity, reasons[0] ?? 'ok', {
      level,
      reasons: reasons.length,
      hottest_motor: monitorHeat(this.#monitor),
    });
  }

  /** Publishes an event, and logs it; of a stop the loop hears first. */
  #tell(publisher: Publisher<'cosmos_humanoid/msg/SafetyEvent'>, event: SafetyEvent): void {
    const node = this.#node;
    if (levelOf(event.reaction) >= SafetyLevel.protectiveStop) this.#command();
    const time = monotonicSeconds();
    const { cause, reaction, text } = event;
    if (reaction === 'warn') {
      // The same but for its figures.
      const key = `${cause} ${text.replace(/[-\d.]+/g, '')}`;
      if (time - (this.#warned.get(key) ?? -Infinity) < WARNING_PERIOD) return;
      this.#warned.set(key, time);
    }
    publisher.publish(safetyEventMessage(event, node.stamp()));
    const line = reaction === undefined ? text : `${describeReaction(reaction)}: ${cause}: ${text}`;
    if (levelOf(reaction) >= SafetyLevel.protectiveStop) node.log.error(line);
    else node.log.info(line);
  }
}

/** The same limits, but for the silence of nodes. @param limit s */
function strictSilence(
  silence: SafetyConfig['limits']['silence'],
  nodes: readonly string[],
  limit: number,
): SafetyConfig['limits']['silence'] {
  const others = Object.entries(silence.by_name).filter(([name]) => !nodes.includes(name));
  return { ...silence, nodes: limit, by_name: Object.fromEntries(others) };
}

/** The largest temperature rise of a motor, 1 at its continuous torque. */
function monitorHeat({ temperatureRise }: SafetyMonitor): number {
  return temperatureRise.reduce((most, rise) => Math.max(most, rise), 0);
}

function differs(a: SafetyState, b: SafetyState | undefined): boolean {
  if (b === undefined || a.reaction !== b.reaction || a.speedScale !== b.speedScale) return true;
  return a.latched !== b.latched || a.causes.join() !== b.causes.join();
}

await runNode({
  name: 'safety_monitor',
  niceness: -10,
  parameters: PARAMETERS,
  create: (node) => new SafetyMonitorNode(node),
});
