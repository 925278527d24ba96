import { hardwareNames } from '../control/hardware-registry.js';
import { CONTROLLER_DEFAULTS } from '../control/joint-controller.js';
import { type LoopHandle, startControlLoop } from '../control/loop.js';
import { createLoopSnapshot, type LoopSnapshot } from '../control/loop-snapshot.js';
import { StopMode } from '../control/stop-state.js';
import { Robot } from '../robot/robot.js';
import { Level } from '../ros/diagnostics.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { JointStateWriter } from '../ros/joint-state-writer.js';
import { reportLoop } from '../ros/loop-diagnostics.js';
import { controllerStateMessage, groundTruthMessage, imuMessage, wrenchMessage } from '../ros/loop-messages.js';
import type { Message, Stamp } from '../ros/messages.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { latched, reliable, sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { measureClockOffset, toStamp } from '../ros/time.js';
import { TrajectoryInput } from '../ros/trajectory-input.js';
import { SafetyLevel } from '../safety/findings.js';

const STATE_PERIOD = 1 / 20;
const SIMULATION_PERIOD = 1 / 60;

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  hardware: { type: 'string', default: 'mock', choices: hardwareNames(), description: 'What moves the joints.' },
  rate: { type: 'double', default: 100, minimum: 1, maximum: 500, description: 'Rate of the measurements, Hz.' },
  monitor_timeout: {
    type: 'double',
    default: CONTROLLER_DEFAULTS.heartbeatTimeout,
    minimum: 0.15,
    maximum: 5,
    description: 'Longest silence of safety_monitor before a protective stop, s.',
  },
  reference_timeout: {
    type: 'double',
    default: CONTROLLER_DEFAULTS.reference.timeout,
    minimum: 0.05,
    maximum: 5,
    description: 'Longest silence of motion_planner, once it was heard, before a protective stop, s.',
  },
  realtime: { type: 'boolean', default: true, description: 'Whether to ask the system for real-time priority.' },
  support: {
    type: 'string',
    default: 'gantry',
    choices: ['gantry'],
    description: 'Simulation: what holds the pelvis.',
  },
  task: {
    type: 'string',
    default: 'pick_and_place',
    description: 'Simulation: a file in config/scenes, no extension.',
  },
  seed: {
    type: 'integer',
    default: 0,
    minimum: 0,
    description: 'Simulation: places the objects; when it is set later, with the next sim/reset.',
    dynamic: true,
  },
  instruction: {
    type: 'string',
    default: '',
    description: 'Simulation: the instruction whose target is put within reach; empty: chosen by the seed.',
    dynamic: true,
  },
} as const satisfies ParameterDeclarations;

/** The running loop, and its latest cycle. */
interface Running {
  readonly loop: LoopHandle;
  readonly snapshot: LoopSnapshot;
  readonly input: TrajectoryInput;
  readonly seed: number;
  readonly instruction: string;
}

/** Runs the 1 kHz loop in a thread of its own and speaks ROS for it. */
class JointControllerNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  #robot: Robot | undefined;
  #running: Running | undefined;
  /** ROS time minus the loop's, s. */
  #offset = 0;
  #level: number = SafetyLevel.ok;
  #episode = 0;

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  configure(): void {
    this.#robot = Robot.load(packagePath(this.#node.parameters.robot));
  }

  async activate(): Promise<void> {
    const node = this.#node;
    this.#measureOffset();
    const { snapshot } = await this.#start();
    this.#publishMeasurements();
    this.#publishState();
    if (snapshot.groundTruth.length > 0) this.#publishSimulation();
    this.#followTrajectories();
    node.createSubscription('cosmos_humanoid/msg/SafetyState', 'safety/state', latched(), (m) => this.#obey(m));
    node.createTimer(1, () => this.#measureOffset());
    node.own(node.diagnostics.addSource(() => this.#report()));
  }

  async deactivate(): Promise<void> {
    await this.#stop();
  }

  /** Starts the loop; resolves when its first cycle has run. */
  async #start(): Promise<Running> {
    const { hardware, realtime, robot, task, seed, instruction, support, monitor_timeout, reference_timeout } =
      this.#node.parameters;
    const file = packagePath(`config/scenes/${task}.yaml`);
    const parameters = this.#configured();
    const loop = await startControlLoop(
      {
        hardware,
        hardwareOptions:
          hardware === 'mujoco' ? { robot: packagePath(robot), task: file, seed, instruction, support } : {},
        parameters,
        controller: {
          ...CONTROLLER_DEFAULTS,
          heartbeatTimeout: monitor_timeout,
          reference: { ...CONTROLLER_DEFAULTS.reference, timeout: reference_timeout },
        },
        realtime,
      },
      (line) => this.#node.log.info(line),
    );
    const snapshot = createLoopSnapshot(loop.shared.layout);
    while (!loop.shared.readSnapshot(snapshot)) {
      await Promise.race([loop.finished, new Promise((resolve) => setTimeout(resolve, 1))]);
    }
    this.#running = { loop, snapshot, input: new TrajectoryInput(parameters.names), seed, instruction };
    this.#demand();
    this.#episode++;
    this.#node.log.info(`${hardware}: ${parameters.names.length} joints at 1 kHz`);
    return this.#running;
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.loop.stop();
  }

  #configured(): Robot {
    if (this.#robot === undefined) throw new Error('joint_controller is not configured');
    return this.#robot;
  }

  #measureOffset(): void {
    this.#offset = measureClockOffset(() => this.#node.now());
  }

  /** Calls back every `period` seconds with the loop's latest cycle and its stamp, while there is a loop. */
  #each(period: number, callback: (running: Running, stamp: Stamp) => void): void {
    this.#node.createTimer(period, () => {
      const running = this.#running;
      if (running === undefined) return;
      running.loop.shared.readSnapshot(running.snapshot);
      callback(running, toStamp(running.snapshot.state.time + this.#offset));
    });
  }

  #publishMeasurements(): void {
    const node = this.#node;
    const { names, baseFrame } = this.#configured();
    const joints = node.createPublisher('sensor_msgs/msg/JointState', 'joint_states', sensorData());
    const writer = new JointStateWriter(node.codec('sensor_msgs/msg/JointState'), names);
    const imu = node.createPublisher('sensor_msgs/msg/Imu', 'imu/data', sensorData());
    const left = node.createPublisher('geometry_msgs/msg/WrenchStamped', 'left_foot/wrench', sensorData());
    const right = node.createPublisher('geometry_msgs/msg/WrenchStamped', 'right_foot/wrench', sensorData());
    this.#each(1 / node.parameters.rate, ({ snapshot: { state } }, stamp) => {
      joints.publishRaw(writer.write(stamp, state.position, state.velocity, state.effort));
      imu.publish(imuMessage(state, baseFrame, stamp));
      left.publish(wrenchMessage(state.leftFootWrench, 'l_sole', stamp));
      right.publish(wrenchMessage(state.rightFootWrench, 'r_sole', stamp));
    });
  }

  #publishState(): void {
    const { hardware } = this.#node.parameters;
    const topic = 'joint_controller/state';
    const publisher = this.#node.createPublisher('cosmos_humanoid/msg/ControllerState', topic, sensorData());
    this.#each(STATE_PERIOD, ({ loop: { shared }, snapshot, input }, stamp) => {
      const { referenceStamp, referenceApplied } = snapshot;
      publisher.publish({
        ...controllerStateMessage(
          snapshot,
          shared.readStatus(),
          shared.statistics.report(),
          CONTROLLER_DEFAULTS.period,
        ),
        header: { stamp },
        hardware,
        reference_stamp: input.stampOf(referenceStamp, this.#offset),
        reference_applied: referenceApplied > 0 ? toStamp(referenceApplied + this.#offset) : {},
      });
    });
  }

  #publishSimulation(): void {
    const node = this.#node;
    const { task: scene } = node.parameters;
    const joints = this.#configured().names.length;
    const publisher = node.createPublisher('cosmos_humanoid/msg/SimState', 'sim/state', sensorData());
    this.#each(SIMULATION_PERIOD, ({ loop: { shared }, snapshot, seed, instruction }, stamp) => {
      publisher.publish({
        ...groundTruthMessage(snapshot.groundTruth, joints),
        header: { stamp, frame_id: 'world' },
        scene,
        seed: BigInt(seed),
        instruction,
        episode: this.#episode,
        real_time_factor: shared.statistics.report().realTimeFactor,
      });
    });
    node.createService('std_srvs/srv/Trigger', 'sim/reset', async () => {
      await this.#stop();
      const { seed } = await this.#start();
      return { success: true, message: `objects placed with seed ${seed}` };
    });
  }

  #followTrajectories(): void {
    const node = this.#node;
    const topic = 'motion_planner/joint_trajectory';
    node.createSubscription('trajectory_msgs/msg/JointTrajectory', topic, reliable(1), (message) => {
      if (this.#running === undefined) return;
      try {
        this.#running.input.take(message, this.#running.loop.shared, node.now(), this.#offset);
      } catch (error) {
        node.warn('trajectory', `refused: ${(error as Error).message}`);
      }
    });
  }

  #obey({ level }: Message<'cosmos_humanoid/msg/SafetyState'>): void {
    const released = this.#level >= SafetyLevel.protectiveStop && level < SafetyLevel.protectiveStop;
    this.#level = level;
    this.#demand();
    this.#running?.loop.shared.heartbeat();
    if (released) this.#running?.loop.shared.requestReset();
  }

  /** Tells the loop what the monitor demands. */
  #demand(): void {
    let mode: StopMode = StopMode.running;
    if (this.#level >= SafetyLevel.emergencyStop) mode = StopMode.damping;
    else if (this.#level >= SafetyLevel.protectiveStop) mode = StopMode.hold;
    this.#running?.loop.shared.demandStop(mode);
  }

  #report(): void {
    const { diagnostics } = this.#node;
    if (this.#running === undefined) {
      diagnostics.report('loop', Level.error, 'not running');
      return;
    }
    const { loop, input } = this.#running;
    reportLoop(diagnostics, loop.shared, this.#configured().names, input.refused);
  }
}

await runNode({
  name: 'joint_controller',
  niceness: -10,
  parameters: PARAMETERS,
  create: (node) => new JointControllerNode(node),
});
