import { createJointCommand, createRobotState, type RobotState } from '../control/hardware.js';
import { BaseEstimator } from '../estimation/base-estimator.js';
import { LegKinematics } from '../estimation/leg-kinematics.js';
import { LegOdometry } from '../estimation/leg-odometry.js';
import { matrixFromQuaternion, multiplyByTransposed, multiplyMatrices, rotate } from '../math/rotation.js';
import type { Robot } from '../robot/robot.js';
import type { Scene } from '../sim/scene.js';
import { SensorNoise } from '../sim/sensor-noise.js';
import { Simulation } from '../sim/simulation.js';
import type { TrueMotion } from './consistency.js';

/** Gains of the stand's legs: stiff enough to keep the robot up without a stabiliser, N·m/rad and N·m·s/rad. */
const LEG_STIFFNESS = 3000;
const LEG_DAMPING = 100;
/** Steps until the robot stands still. */
const SETTLE = 500;

/** What disturbs a trial. */
export interface Disturbance {
  /** Moves the commanded posture. @param time s @param position rad, all joints */
  readonly move?: (time: number, position: Float64Array) => void;
  /** Changes what the sensors say, after their noise. */
  readonly corrupt?: (time: number, state: RobotState) => void;
  /** Acts upon the simulation before a step. */
  readonly act?: (time: number, simulation: Simulation) => void;
}

/** Errors against the simulation's truth: m, m/s, rad. */
export interface EstimationErrors {
  /** Estimated minus true position, and the norm of that. */
  readonly offset: readonly [number, number, number];
  readonly position: number;
  /** Norm of the velocity's error. */
  readonly velocity: number;
  /** Angle between the true and the estimated vertical. */
  readonly tilt: number;
  /** Error of the heading. */
  readonly heading: number;
}

/**
 * A robot that stands on its soles by stiff joints, moves them, and estimates how its base moves from noisy sensors, in
 * lock step with the simulation that knows the truth; beside the estimator its peer, leg odometry with the inertial
 * unit's own orientation, on the same measurements.
 */
export class EstimationTrial {
  readonly simulation: Simulation;
  readonly estimator: BaseEstimator;
  /** Truth in odom, the frame that the soles' midpoint and the heading define at the start. */
  readonly truth: TrueMotion = {
    position: new Float64Array(3),
    velocity: new Float64Array(3),
    rotation: new Float64Array(9),
  };
  readonly state: RobotState;
  readonly noise: SensorNoise;
  readonly #peer: LegOdometry;
  readonly #legs: readonly [LegKinematics, LegKinematics];
  readonly #robot: Robot;
  readonly #posture: Float64Array;
  readonly #command;
  readonly #qpos: Float64Array;
  readonly #qvel: Float64Array;
  /** World in odom. */
  readonly #turn = new Float64Array(9);
  readonly #shift = new Float64Array(3);
  readonly #peerTurn = new Float64Array(9);
  readonly #matrix = new Float64Array(9);
  readonly #product = new Float64Array(9);

  static async create(robot: Robot, scene: Scene, seed: number): Promise<EstimationTrial> {
    return new EstimationTrial(robot, scene, await Simulation.create(robot, scene, 'ground'), seed);
  }

  private constructor(robot: Robot, scene: Scene, simulation: Simulation, seed: number) {
    const joints = robot.names.length;
    this.simulation = simulation;
    this.estimator = new BaseEstimator(robot);
    this.state = createRobotState(joints);
    this.noise = new SensorNoise(joints, seed);
    this.#robot = robot;
    this.#legs = [new LegKinematics(robot, 'l_sole'), new LegKinematics(robot, 'r_sole')];
    this.#peer = new LegOdometry(this.#legs);
    this.#posture = robot.posture(scene.robot.posture);
    this.#command = createJointCommand(joints);
    this.#qpos = new Float64Array(simulation.stateSize);
    this.#qvel = new Float64Array(simulation.model.nv);
  }

  /** Lets the robot settle, then starts the estimators. */
  start(): void {
    const { simulation, state } = this;
    const { kp, kd, position } = this.#command;
    simulation.reset();
    kp.set(this.#robot.kp);
    kd.set(this.#robot.kd);
    for (const joint of [...this.#robot.group('left_leg'), ...this.#robot.group('right_leg')]) {
      kp[joint] = LEG_STIFFNESS;
      kd[joint] = LEG_DAMPING;
    }
    position.set(this.#posture);
    for (let k = 0; k < SETTLE; k++) simulation.step(this.#command);
    simulation.readState(state);
    this.#defineOdom();
    this.#readTruth();
    this.noise.apply(state);
    this.estimator.reset(state);
    this.#startPeer();
  }

  /** Moves on by a cycle that no estimator hears of. @param time since the start, s */
  skip(time: number, move?: Disturbance['move']): void {
    this.#command.position.set(this.#posture);
    move?.(time, this.#command.position);
    this.simulation.step(this.#command);
  }

  /**
   * One cycle: command, step, measure, estimate.
   * @param time since the start, s @param elapsed since the last cycle that was measured, s
   */
  step(time: number, { move, corrupt, act }: Disturbance = {}, elapsed: number = Simulation.timeStep): void {
    const { simulation, state } = this;
    act?.(time, simulation);
    this.skip(time, move);
    simulation.readState(state);
    this.noise.apply(state);
    corrupt?.(time, state);
    this.#readTruth();
    this.estimator.update(state, elapsed);
    this.#updatePeer();
  }

  /** Errors of the estimator. */
  errors(): EstimationErrors {
    const { position, velocity, orientation } = this.estimator.estimate;
    matrixFromQuaternion(orientation, this.#matrix);
    return this.#compare(position, velocity, this.#matrix);
  }

  /** Errors of leg odometry. */
  peerErrors(): EstimationErrors {
    return this.#compare(this.#peer.position, this.#peer.velocity, this.#peer.rotation);
  }

  delete(): void {
    this.simulation.delete();
  }

  #compare(position: Float64Array, velocity: Float64Array, rotation: Float64Array): EstimationErrors {
    const distance = (a: Float64Array, b: Float64Array) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    const error = this.#product;
    multiplyByTransposed(rotation, this.truth.rotation, error);
    const exact = this.truth.position;
    return {
      offset: [position[0] - exact[0], position[1] - exact[1], position[2] - exact[2]],
      position: distance(position, exact),
      velocity: distance(velocity, this.truth.velocity),
      tilt: Math.asin(Math.min(1, Math.hypot(error[2], error[5]))),
      heading: Math.atan2(error[3], error[0]),
    };
  }

  /** odom: the soles' midpoint and the pelvis' heading as they truly are now. */
  #defineOdom(): void {
    const { state, simulation } = this;
    simulation.copyState(this.#qpos);
    const [w, x, y, z] = this.#qpos.subarray(3, 7);
    const yaw = Math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z));
    this.#turn.set([Math.cos(yaw), Math.sin(yaw), 0, -Math.sin(yaw), Math.cos(yaw), 0, 0, 0, 1]);
    for (const leg of this.#legs) leg.update(state.position, state.velocity);
    const [left, right] = this.#legs;
    matrixFromQuaternion(Float64Array.of(x, y, z, w), this.#matrix);
    const middle = left.position.map((value, k) => 0.5 * (value + right.position[k]));
    rotate(this.#matrix, middle, middle);
    for (let k = 0; k < 3; k++) this.#shift[k] = -this.#qpos[k] - middle[k];
    rotate(this.#turn, this.#shift, this.#shift);
  }

  /** p_odom = T·p + s; MuJoCo gives the base's velocity in the world. */
  #readTruth(): void {
    this.simulation.copyState(this.#qpos);
    this.simulation.copyVelocity(this.#qvel);
    const [w, x, y, z] = this.#qpos.subarray(3, 7);
    matrixFromQuaternion(Float64Array.of(x, y, z, w), this.#matrix);
    multiplyMatrices(this.#turn, this.#matrix, this.truth.rotation);
    rotate(this.#turn, this.#qpos.subarray(0, 3), this.truth.position);
    for (let k = 0; k < 3; k++) this.truth.position[k] += this.#shift[k];
    rotate(this.#turn, this.#qvel.subarray(0, 3), this.truth.velocity);
  }

  #startPeer(): void {
    const { estimator, state } = this;
    const [x, y, z, w] = state.orientation;
    const yaw = Math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z));
    this.#peerTurn.set([Math.cos(yaw), Math.sin(yaw), 0, -Math.sin(yaw), Math.cos(yaw), 0, 0, 0, 1]);
    this.#peer.reset(estimator.estimate.position, estimator.filter.rotation);
    this.#updatePeer();
  }

  #updatePeer(): void {
    const { state } = this;
    for (const leg of this.#legs) leg.update(state.position, state.velocity);
    matrixFromQuaternion(state.orientation, this.#matrix);
    multiplyMatrices(this.#peerTurn, this.#matrix, this.#product);
    this.#peer.update(
      state.leftFootWrench[2] > 40,
      state.rightFootWrench[2] > 40,
      this.#product,
      state.angularVelocity,
    );
  }
}
