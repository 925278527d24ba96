import { HoistRequest } from '../balance/suspension.js';
import { type HardwareOptions, hardwareNames } from '../control/hardware-registry.js';
import { CONTROLLER_DEFAULTS, type ControllerOptions } from '../control/joint-controller.js';
import { type LoopHandle, startControlLoop } from '../control/loop.js';
import { createLoopSnapshot, type LoopSnapshot } from '../control/loop-snapshot.js';
import { requestRealtimeProcess } from '../control/realtime.js';
import { controllerOptions } from '../control/safety-options.js';
import { StopMode } from '../control/stop-state.js';
import { loadSupplyLimits } from '../control/unitree-h2/supply-limits.js';
import { Robot } from '../robot/robot.js';
import { COMMANDERS_PARAMETER, Commanders } from '../ros/commanders.js';
import { CycleCollector } from '../ros/cycle-messages.js';
import { Level } from '../ros/diagnostics.js';
import { serveFaults } from '../ros/fault-service.js';
import { linkPorts } from '../ros/heartbeat-link.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { JointStateWriter } from '../ros/joint-state-writer.js';
import { reportLoop } from '../ros/loop-diagnostics.js';
import { controllerStateMessage, groundTruthMessage, imuMessage, wrenchMessage } from '../ros/loop-messages.js';
import type { Stamp } from '../ros/messages.js';
import { OperatorConfirmation } from '../ros/operator-confirmation.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { reliable, sensorData } from '../ros/qos.js';
import { RobotCarrier } from '../ros/robot-carrier.js';
import { runNode } from '../ros/run-node.js';
import { SAFETY_PARAMETERS } from '../ros/safety-parameters.js';
import { measureClockOffset, toStamp } from '../ros/time.js';
import { TrajectoryInput } from '../ros/trajectory-input.js';
import { beMorePatient, loadSafetyConfig } from '../safety/safety-config.js';
import { FaultPort } from '../sim/injected-faults.js';
import { type Placement, PlacementPort } from '../sim/placement-port.js';
import { SUPPORTS } from '../sim/support.js';

const STATE_PERIOD = 1 / 20;
const CYCLES_PERIOD = 1 / 100;
const SIMULATION_PERIOD = 1 / 60;
/** How often the node asks whether the robot has a fault, s; the hardware has acted by then. */
const FAULT_PERIOD = 0.01;

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  hardware: { type: 'string', default: 'mock', choices: hardwareNames(), description: 'What moves the joints.' },
  rate: { type: 'double', default: 100, minimum: 1, maximum: 500, description: 'Rate of the measurements, Hz.' },
  ...SAFETY_PARAMETERS,
  ...COMMANDERS_PARAMETER,
  realtime: { type: 'boolean', default: true, description: 'Whether to ask the system for real-time priority.' },
  support: {
    type: 'string',
    default: 'gantry',
    choices: [...SUPPORTS],
    description:
      'What carries the robot: a gantry; the ground below its feet, on which it keeps its balance, with a slack harness ' +
      'that catches it and a hoist that lifts it; or the ground alone.',
  },
  confirmed: {
    type: 'boolean',
    default: false,
    description: 'unitree_h2: the operator confirms that the robot may move, as joint_controller/confirm does.',
  },
  limits: {
    type: 'string',
    default: 'config/unitree_h2.yaml',
    description: 'unitree_h2: what its motors must report, a file relative to the package.',
  },
  gate_timeout: {
    type: 'double',
    default: 5,
    minimum: 0.5,
    maximum: 60,
    description: 'unitree_h2: how long an activation waits for the robot to be ready, s.',
  },
  task: {
    type: 'string',
    default: 'pick_and_place',
    description: 'Simulation: a file in config/scenes, no extension.',
  },
  sensor_noise: {
    type: 'boolean',
    default: false,
    description: 'Simulation: whether the sensors have noise and bias, drawn with the seed.',
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
}

/** Runs the 1 kHz loop in a thread of its own and speaks ROS for it. */
class JointControllerNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  /** Where a test makes things go wrong in the simulated robot. */
  readonly #faults = new FaultPort();
  readonly #placement = new PlacementPort();
  #robot: Robot | undefined;
  #running: Running | undefined;
  /** ROS time minus the loop's, s. */
  #offset = 0;
  #options: ControllerOptions | undefined;
  /** What places the objects now. */
  #placed: Placement = { seed: 0, instruction: '' };
  #episode = 0;
  #carrier: RobotCarrier | undefined;
  readonly #confirmation = new OperatorConfirmation();

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  configure(): void {
    const { hardware, robot, safety, patience } = this.#node.parameters;
    this.#node.diagnostics.hardwareId = hardware;
    this.#robot = Robot.load(packagePath(robot));
    this.#options = controllerOptions(beMorePatient(loadSafetyConfig(packagePath(safety)), patience), this.#robot);
    if (hardware === 'unitree_h2') this.#confirmation.serve(this.#node);
  }

  async activate(): Promise<void> {
    const node = this.#node;
    this.#measureOffset();
    if (node.parameters.hardware === 'unitree_h2') this.#carry();
    const { snapshot } = await this.#start();
    this.#publishMeasurements();
    this.#publishCycles();
    this.#publishState();
    if (snapshot.groundTruth.length > 0) this.#publishSimulation();
    this.#followTrajectories();
    this.#moveHoist();
    node.createTimer(1, () => this.#measureOffset());
    node.createService('std_srvs/srv/Trigger', 'joint_controller/reset_timing', () => {
      this.#running?.loop.shared.statistics.clear();
      return { success: true, message: "the loop's timing is counted anew" };
    });
    node.own(node.diagnostics.addSource(() => this.#report()));
  }

  async deactivate(): Promise<void> {
    await this.#stop();
  }

  /** Carries the robot's messages. Its faults stop the loop, which needs no message for that either. */
  #carry(): void {
    const node = this.#node;
    const carrier = new RobotCarrier(node, loadSupplyLimits(packagePath(node.parameters.limits)));
    this.#carrier = carrier;
    const complaint = node.parameters.realtime ? requestRealtimeProcess() : undefined;
    if (complaint !== undefined) node.log.info(complaint);
    node.createTimer(FAULT_PERIOD, () => {
      carrier.link.setConfirmed(node.parameters.confirmed || this.#confirmation.valid);
      const running = this.#running;
      // What is seen before there is a loop stays for it.
      if (running !== undefined && carrier.link.takeFaultsSeen() !== 0) running.loop.shared.raiseStop(StopMode.damping);
    });
    node.own(node.diagnostics.addSource(() => carrier.report(node.diagnostics)));
    node.own(() => {
      this.#carrier = undefined;
    });
  }

  /** What the hardware plugin needs to know. */
  #hardwareOptions(): HardwareOptions {
    const { hardware, robot, task, seed, instruction, support, sensor_noise } = this.#node.parameters;
    if (hardware === 'mujoco') {
      this.#placed = { seed, instruction };
      const file = packagePath(`config/scenes/${task}.yaml`);
      const surroundings = { task: file, seed, instruction, support, sensorNoise: sensor_noise };
      const ports = { faults: this.#faults.buffer, placement: this.#placement.buffer };
      return { robot: packagePath(robot), ...surroundings, ...ports };
    }
    if (this.#carrier !== undefined) {
      const { gate_timeout: gateTimeout, limits, patience } = this.#node.parameters;
      return { link: this.#carrier.link.buffer, limits: packagePath(limits), gateTimeout, patience };
    }
    return {};
  }

  /** Starts the loop; resolves when its first cycle has run. */
  async #start(): Promise<Running> {
    const { hardware, realtime, robot, support } = this.#node.parameters;
    const parameters = this.#configured();
    const loop = await startControlLoop(
      {
        hardware,
        hardwareOptions: this.#hardwareOptions(),
        parameters,
        controller: this.#options ?? CONTROLLER_DEFAULTS,
        linkPort: linkPorts(this.#node.name).controller,
        realtime,
        // The mock has no body to balance.
        ...(support !== 'gantry' && hardware !== 'mock' && { balance: packagePath(robot) }),
      },
      (line) => this.#node.log.info(line),
    );
    const snapshot = createLoopSnapshot(loop.shared.layout);
    while (!loop.shared.readSnapshot(snapshot)) {
      await Promise.race([loop.finished, new Promise((resolve) => setTimeout(resolve, 1))]);
    }
    // A loop that fails from here on ends the process: this rejection is left to nobody.
    void loop.finished.then(() => {});
    this.#running = { loop, snapshot, input: new TrajectoryInput(parameters.names) };
    this.#confirmation.use();
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

  /** Every cycle's measurements, in batches, while somebody listens. */
  #publishCycles(): void {
    const node = this.#node;
    const robot = this.#configured();
    const topic = 'joint_controller/cycles';
    const publisher = node.createPublisher('cosmos_humanoid/msg/ControllerCycles', topic, sensorData(10));
    const joints = Int32Array.from(['left_leg', 'right_leg', 'torso'].flatMap((group) => [...robot.group(group)]));
    const stampOf = (time: number): Stamp => toStamp(time + this.#offset);
    let collector: CycleCollector | undefined;
    let of: Running | undefined;
    node.createTimer(CYCLES_PERIOD, () => {
      const running = this.#running;
      if (running === undefined) return;
      if (running !== of) collector = new CycleCollector(running.loop.shared.cycles, robot.names, joints);
      of = running;
      if (publisher.subscriptionCount === 0) collector?.skip();
      const message = collector?.collect(stampOf, robot.baseFrame);
      if (message !== undefined) publisher.publish(message);
    });
  }

  #publishState(): void {
    const { hardware } = this.#node.parameters;
    const topic = 'joint_controller/state';
    const publisher = this.#node.createPublisher('cosmos_humanoid/msg/ControllerState', topic, sensorData());
    this.#each(STATE_PERIOD, ({ loop: { shared }, snapshot, input }, stamp) => {
      const { referenceStamp, referenceApplied, modeSince } = snapshot;
      publisher.publish({
        ...controllerStateMessage(
          snapshot,
          shared.readStatus(),
          shared.statistics.report(),
          CONTROLLER_DEFAULTS.period,
          shared.readSuspension(),
        ),
        header: { stamp },
        hardware,
        mode_since: toStamp(modeSince + this.#offset),
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
    this.#each(SIMULATION_PERIOD, ({ loop: { shared }, snapshot }, stamp) => {
      const { seed, instruction } = this.#placed;
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
    serveFaults(node, this.#faults, this.#configured().names);
    node.createService('std_srvs/srv/Trigger', 'sim/reset', async () => {
      const { seed, instruction } = node.parameters;
      const placement = { seed, instruction };
      await this.#placement.place(placement);
      this.#placed = placement;
      this.#episode++;
      return { success: true, message: `objects placed with seed ${seed}` };
    });
  }

  #followTrajectories(): void {
    const node = this.#node;
    const topic = 'motion_planner/joint_trajectory';
    const commanders = new Commanders(node, topic, node.parameters.commanders);
    node.createSubscription('trajectory_msgs/msg/JointTrajectory', topic, reliable(1), (message) => {
      if (this.#running === undefined) return;
      try {
        // safety_monitor may hear of the same publisher two seconds later.
        const rivals = commanders.rivals();
        if (rivals.length > 0)
          throw new Error(
            `${rivals.join(', ')} publishes joint trajectories beside ${node.parameters.commanders.join(', ')}`,
          );
        this.#running.input.take(message, this.#running.loop.shared, node.now(), this.#offset);
        this.#carrier?.link.want();
      } catch (error) {
        node.warn('trajectory', `refused: ${(error as Error).message}`);
      }
    });
  }

  #moveHoist(): void {
    const topic = 'joint_controller/hoist';
    this.#node.createSubscription('cosmos_humanoid/msg/HoistCommand', topic, reliable(1), ({ command }) => {
      const request = Object.values(HoistRequest).find((known) => known === command);
      if (request === undefined) this.#node.warn('hoist', `refused: the hoist knows no command ${command}`);
      else this.#running?.loop.shared.askHoist(request);
    });
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
