import { createRobotState } from '../control/hardware.js';
import { monotonicSeconds } from '../control/monotonic-clock.js';
import { describeEstimatorFaults, EstimatorFault } from '../estimation/base-estimate.js';
import { BaseEstimator } from '../estimation/base-estimator.js';
import { BodyState } from '../estimation/body-state.js';
import { ESTIMATOR_DEFAULTS } from '../estimation/estimator-options.js';
import { Robot } from '../robot/robot.js';
import { CycleReader } from '../ros/cycle-messages.js';
import { Level } from '../ros/diagnostics.js';
import { baseTransforms, bodyStateMessage, odometryMessage } from '../ros/estimate-messages.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import type { Message, Stamp } from '../ros/messages.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { reliable, sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';

/** Time without control cycles that diagnostics calls a silence, s. */
const SILENCE = 0.2;
/** Cycles that end this much before those taken already are by a new clock, s. */
const NEW_CLOCK = 10;
/** Faults in which the estimate is still a good one. */
const MILD = EstimatorFault.noContact | EstimatorFault.slip | EstimatorFault.gap;

const { noise: NOISE, contact: CONTACT } = ESTIMATOR_DEFAULTS;

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  odom_frame: { type: 'string', default: 'odom', description: 'Frame in which the base moves.' },
  footprint_frame: {
    type: 'string',
    default: 'base_footprint',
    description: 'Frame on the floor between the feet, a child of base_link.',
  },
  publish_tf: { type: 'boolean', default: true, description: 'Whether to publish those frames on /tf.' },
  gyro_noise: {
    type: 'double',
    default: NOISE.gyro,
    minimum: 1e-6,
    maximum: 0.1,
    description: 'Noise density of the gyro, rad/s/sqrt(Hz).',
  },
  accelerometer_noise: {
    type: 'double',
    default: NOISE.accelerometer,
    minimum: 1e-5,
    maximum: 1,
    description: 'Noise density of the accelerometer, m/s^2/sqrt(Hz).',
  },
  kinematics_noise: {
    type: 'double',
    default: NOISE.kinematics,
    minimum: 1e-5,
    maximum: 0.1,
    description: 'Standard deviation with which leg kinematics sees a sole, m.',
  },
  foot_noise: {
    type: 'double',
    default: NOISE.foot,
    minimum: 1e-6,
    maximum: 0.1,
    description: 'Random walk of a loaded foot on the floor, m/s/sqrt(Hz).',
  },
  contact_load: {
    type: 'double',
    default: CONTACT.load,
    minimum: 10,
    maximum: 500,
    description: 'Vertical force above which a foot counts as loaded, N.',
  },
  contact_release: {
    type: 'double',
    default: CONTACT.release,
    minimum: 5,
    maximum: 400,
    description: 'Vertical force below which a loaded foot does no more, N; less than contact_load.',
  },
  patience: {
    type: 'double',
    default: 1,
    minimum: 1,
    maximum: 50,
    description: 'Factor on how long measurements may repeat themselves: above 1 for a machine that is busy.',
  },
} as const satisfies ParameterDeclarations;

/** Estimates the base's motion from every control cycle and publishes it. */
class StateEstimatorNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  #robot: Robot | undefined;
  #body: BodyState | undefined;
  #heard = Number.NaN;
  #faults = 0;
  #cycles = 0;
  #lost = 0;

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  async configure(): Promise<void> {
    const { robot, contact_load, contact_release } = this.#node.parameters;
    if (contact_release >= contact_load) {
      throw new Error(
        `parameter contact_release: ${contact_release} N: needs less than contact_load, ${contact_load} N`,
      );
    }
    this.#robot = Robot.load(packagePath(robot));
    this.#body = await BodyState.create(this.#robot);
  }

  activate(): void {
    const node = this.#node;
    const { robot, body } = this.#configured();
    const { parameters } = node;
    const frames = { odom: parameters.odom_frame, base: robot.baseFrame, footprint: parameters.footprint_frame };
    const estimator = new BaseEstimator(robot, {
      noise: {
        ...NOISE,
        gyro: parameters.gyro_noise,
        accelerometer: parameters.accelerometer_noise,
        kinematics: parameters.kinematics_noise,
        foot: parameters.foot_noise,
      },
      contact: { ...CONTACT, load: parameters.contact_load, release: parameters.contact_release },
      freeze: parameters.patience * ESTIMATOR_DEFAULTS.freeze,
    });
    const odometry = node.createPublisher('nav_msgs/msg/Odometry', 'odom', sensorData());
    const tf = parameters.publish_tf ? node.createPublisher('tf2_msgs/msg/TFMessage', '/tf', reliable(100)) : undefined;
    const state = node.createPublisher('cosmos_humanoid/msg/BodyState', 'state_estimator/state', sensorData());
    const publish = (stamp: Stamp, faults: number): void => {
      odometry.publish(odometryMessage(estimator, frames, stamp));
      tf?.publish(baseTransforms(estimator.estimate, body.soles, frames, stamp));
      state.publish({
        ...bodyStateMessage(estimator, body, faults),
        header: { stamp, frame_id: frames.odom },
        cycles: BigInt(this.#cycles),
        lost_cycles: BigInt(this.#lost),
      });
    };
    this.#listen(estimator, robot, body, publish);
    node.own(node.diagnostics.addSource(() => this.#report()));
  }

  cleanup(): void {
    this.#body?.delete();
    this.#body = undefined;
  }

  #configured(): { robot: Robot; body: BodyState } {
    if (this.#robot === undefined || this.#body === undefined) throw new Error('state_estimator is not configured');
    return { robot: this.#robot, body: this.#body };
  }

  #listen(
    estimator: BaseEstimator,
    robot: Robot,
    body: BodyState,
    publish: (stamp: Stamp, faults: number) => void,
  ): void {
    const node = this.#node;
    const state = createRobotState(robot.names.length);
    const reader = new CycleReader(robot.names);
    this.#heard = monotonicSeconds();
    [this.#faults, this.#cycles, this.#lost] = [0, 0, 0];
    // Head and arms, for the centre of mass; the cycles have legs and waist.
    node.createSubscription('sensor_msgs/msg/JointState', 'joint_states', sensorData(1), (message) => {
      if (message.position.length !== robot.names.length || message.velocity.length !== robot.names.length) return;
      state.position.set(message.position);
      state.velocity.set(message.velocity);
    });
    let next: number | undefined;
    let time = Number.NaN;
    const take = (message: Message<'cosmos_humanoid/msg/ControllerCycles'>): void => {
      const first = message.first_cycle;
      const behind = time - message.time[message.time.length - 1];
      if (behind >= 0 && behind < NEW_CLOCK) {
        throw new Error(`cycles from ${first} on end ${behind.toFixed(3)} s before those taken: late, or sent twice`);
      }
      const anew = next === undefined || first < next;
      const lost = anew ? 0 : first - (next as number);
      let faults = 0;
      reader.read(message, state, (index, elapsed) => {
        if (anew && index === 0) estimator.reset(state);
        else estimator.update(state, index === 0 && lost > 0 ? state.time - time : elapsed);
        time = state.time;
        faults |= estimator.estimate.degraded;
      });
      if (lost > 0) faults |= EstimatorFault.gap;
      next = first + message.time.length;
      this.#cycles += message.time.length;
      this.#lost += lost;
      this.#faults |= faults;
      this.#heard = monotonicSeconds();
      body.update(state.position, state.velocity, estimator.estimate);
      publish(message.header.stamp, faults);
    };
    const topic = 'joint_controller/cycles';
    node.createSubscription('cosmos_humanoid/msg/ControllerCycles', topic, sensorData(10), (message) => {
      if (message.time.length === 0) return;
      try {
        take(message);
      } catch (error) {
        node.warn('cycles', `refused: ${(error as Error).message}`);
      }
    });
  }

  /** Of the last second. */
  #report(): void {
    const faults = this.#faults;
    this.#faults = 0;
    const values = { cycles: this.#cycles, lost_cycles: this.#lost };
    const { diagnostics } = this.#node;
    if (monotonicSeconds() - this.#heard > SILENCE) {
      diagnostics.report(
        'estimate',
        Level.error,
        'joint_controller/cycles is silent: is joint_controller active?',
        values,
      );
      return;
    }
    const level = faults === 0 ? Level.ok : (faults & ~MILD) === 0 ? Level.warning : Level.error;
    const message = faults === 0 ? 'ok' : describeEstimatorFaults(faults).join('; ');
    diagnostics.report('estimate', level, message, values);
  }
}

await runNode({
  name: 'state_estimator',
  niceness: -5,
  parameters: PARAMETERS,
  create: (node) => new StateEstimatorNode(node),
});
