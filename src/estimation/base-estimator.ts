import type { RobotState } from '../control/hardware.js';
import { matrixFromQuaternion, quaternionFromMatrix, rotate } from '../math/rotation.js';
import type { Robot } from '../robot/robot.js';
import { type BaseEstimate, createBaseEstimate, EstimatorFault } from './base-estimate.js';
import { ContactFilter } from './contact-filter.js';
import { ERROR_SIZE, GRAVITY, Part } from './error-covariance.js';
import { ESTIMATOR_DEFAULTS, type EstimatorOptions } from './estimator-options.js';
import { FootContact } from './foot-contact.js';
import { GyroCheck } from './gyro-check.js';
import { ImuMonitor } from './imu-monitor.js';
import { LegOdometry } from './leg-odometry.js';
import { LegSensors } from './leg-sensors.js';
import { LEVEL, StandingFeet } from './standing-feet.js';
import { setTilt, soleTilt } from './tilt.js';

/** Standard deviations at the start: tilt (rad), velocity (m/s), biases (rad/s, m/s²). */
const START = { tilt: 0.01, velocity: 0.05, gyroBias: 0.01, accelerometerBias: 0.1 } as const;
/** Errors whose variance a restart keeps: heading and position. */
const START_KEPT = [Part.orientation + 2, Part.position, Part.position + 1, Part.position + 2] as const;
/** A sole within this height of the floor may be on it, m. */
const FLOOR = 0.02;
/** Time without a loaded foot after which something else must hold the robot, s; its velocity then, m/s. */
const FLIGHT = 0.5;
const SWING = 0.3;
/** Specific force below which the robot falls, m/s². */
const FALLING = 5;
/** A longer cycle counts as a gap, s; nothing is predicted over more than the second. */
const GAP = 0.01;
const LONGEST = 0.1;
/** What may have happened in a gap: acceleration, m/s², and angular velocity, rad/s. */
const GAP_ACCELERATION = 2;
const GAP_RATE = 0.5;

/**
 * Position, velocity and orientation of the base from the inertial unit, the legs' encoders and the feet's wrenches: a
 * {@link ContactFilter} that is told which feet stand still. A foot without load is left out and placed anew when it
 * lands; so is one that slips. Where the inertial unit fails, the legs alone go on.
 *
 * Whatever comes in, what goes out is finite. Real-time safe: nothing is allocated after construction.
 */
export class BaseEstimator {
  readonly estimate: BaseEstimate = createBaseEstimate();
  readonly #filter: ContactFilter;
  readonly #legs: readonly [LegSensors, LegSensors];
  readonly #contacts: readonly [FootContact, FootContact];
  readonly #imu: ImuMonitor;
  readonly #freeze: number;
  readonly #gyro = new GyroCheck();
  readonly #feet: StandingFeet;
  readonly #odometry: LegOdometry;
  readonly #rate = new Float64Array(3);
  readonly #unbiased = new Float64Array(3);
  readonly #legRate = new Float64Array(3);
  readonly #acceleration = new Float64Array(3);
  readonly #startVariances = new Float64Array(START_KEPT.length);
  #faults = 0;
  #aloft = 0;
  #filtering = true;

  constructor(robot: Robot, options: EstimatorOptions = ESTIMATOR_DEFAULTS) {
    this.#filter = new ContactFilter(options.noise);
    this.#imu = new ImuMonitor(options.freeze);
    this.#freeze = options.freeze;
    this.#legs = [new LegSensors(robot, 'l_sole'), new LegSensors(robot, 'r_sole')];
    this.#contacts = [new FootContact(options.contact), new FootContact(options.contact)];
    this.#feet = new StandingFeet(this.#legs, this.#contacts);
    this.#odometry = new LegOdometry([this.#legs[0].kinematics, this.#legs[1].kinematics]);
  }

  /** The filter behind the estimate, for its covariance and biases; without meaning while the inertial unit fails. */
  get filter(): ContactFilter {
    return this.#filter;
  }

  /** Whether a foot carries load and is no longer landing. @param foot 0 left, 1 right */
  carries(foot: number): boolean {
    return this.#contacts[foot].loaded;
  }

  /** Vertical force on a foot, filtered, N. @param foot 0 left, 1 right */
  soleForce(foot: number): number {
    return this.#contacts[foot].force;
  }

  /**
   * Starts anew, at rest: odom's origin is the midpoint of the soles, x the robot's heading. The tilt is that of the
   * inertial unit's orientation, or of the specific force where that is none.
   */
  reset(state: RobotState): void {
    const filter = this.#filter;
    this.#imu.reset(state);
    this.#gyro.reset();
    setTilt(state, this.#imu.specificForce, filter.orientation);
    matrixFromQuaternion(filter.orientation, filter.rotation);
    for (let foot = 0; foot < 2; foot++) {
      this.#legs[foot].reset(state);
      this.#contacts[foot].reset(foot === 0 ? state.leftFootWrench : state.rightFootWrench, true);
    }
    const left = this.#legs[0].kinematics.position;
    const right = this.#legs[1].kinematics.position;
    for (let k = 0; k < 3; k++) filter.position[k] = -0.5 * (left[k] + right[k]);
    rotate(filter.rotation, filter.position, filter.position);
    filter.velocity.fill(0);
    filter.gyroBias.fill(0);
    filter.accelerometerBias.fill(0);
    this.#faults = 0;
    this.#aloft = 0;
    this.#rate.fill(0);
    filter.clear();
    this.#restart();
    this.#write(state.time);
  }

  /** One control cycle. @param dt time since the last one, s */
  update(state: RobotState, dt: number): void {
    const elapsed = dt > 0 && dt < LONGEST ? dt : dt >= LONGEST ? LONGEST : 0;
    this.#faults = dt < GAP ? 0 : EstimatorFault.gap;
    this.#sense(state, elapsed);
    if (this.#imu.usable) {
      if (!this.#filtering) this.#resume();
      this.#estimate(elapsed);
    } else {
      this.#deadReckon(elapsed);
    }
    this.#compareImu(elapsed);
    this.#faults |= this.#imu.faults;
    if (!this.#filter.sound) this.#recover();
    this.#write(state.time);
  }

  /** Takes the measurements and says what is wrong with them. */
  #sense(state: RobotState, dt: number): void {
    this.#imu.take(state, dt);
    for (const leg of this.#legs) leg.update(state, dt);
    this.#watchFreeze();
    let loaded = false;
    for (let foot = 0; foot < 2; foot++) {
      const leg = this.#legs[foot];
      const contact = this.#contacts[foot];
      if (!leg.valid) this.#faults |= EstimatorFault.jointInvalid;
      const onFloor = Math.abs(this.#height(foot)) < FLOOR;
      contact.update(foot === 0 ? state.leftFootWrench : state.rightFootWrench, onFloor, dt);
      if (!contact.valid) this.#faults |= EstimatorFault.wrenchInvalid;
      if (contact.loaded) loaded = true;
    }
    this.#aloft = loaded ? 0 : this.#aloft + dt;
    if (this.#aloft >= FLIGHT) this.#faults |= EstimatorFault.noContact;
  }

  /** Encoders that stand still to the last bit while the inertial unit does not are dead: legs that carry tremble. */
  #watchFreeze(): void {
    const [left, right] = this.#legs;
    if (Math.min(left.repeated, right.repeated) < this.#freeze) return;
    if (this.#imu.faults !== 0 || this.#aloft > 0) return;
    this.#faults |= EstimatorFault.jointFrozen;
    left.distrust();
    right.distrust();
  }

  /** Height of a sole over the floor, m. */
  #height(foot: number): number {
    const { rotation: r, position: p } = this.#filter;
    const h = this.#legs[foot].kinematics.position;
    return r[6] * h[0] + r[7] * h[1] + r[8] * h[2] + p[2];
  }

  /** The filter's cycle. */
  #estimate(dt: number): void {
    const filter = this.#filter;
    const { gyro, specificForce } = this.#imu;
    filter.predict(gyro, specificForce, dt);
    if ((this.#faults & EstimatorFault.gap) !== 0) {
      filter.inflate(Part.velocity, (GAP_ACCELERATION * dt) ** 2);
      filter.inflate(Part.orientation, (GAP_RATE * dt) ** 2);
    }
    for (let k = 0; k < 3; k++) this.#rate[k] = gyro[k] - filter.gyroBias[k];
    let used = this.#feet.measure(filter, this.#rate, dt);
    this.#faults |= this.#feet.faults;
    if (this.#aloft >= FLIGHT && specificForce[2] > FALLING) {
      filter.updateRest(SWING);
      used = true;
    }
    if (used) filter.correct();
  }

  /** The legs alone: the soles that were loaded when the inertial unit failed have not turned since. */
  #deadReckon(dt: number): void {
    const filter = this.#filter;
    const odometry = this.#odometry;
    if (this.#filtering) {
      odometry.reset(filter.position, filter.rotation);
      this.#restart();
    }
    this.#filtering = false;
    odometry.update(this.#feet.relied(0), this.#feet.relied(1));
    filter.position.set(odometry.position);
    const share = dt / (0.01 + dt);
    for (let k = 0; k < 3; k++) {
      filter.velocity[k] += (odometry.velocity[k] - filter.velocity[k]) * share;
      this.#rate[k] = odometry.angularVelocity[k];
    }
    quaternionFromMatrix(odometry.rotation, filter.orientation);
    matrixFromQuaternion(filter.orientation, filter.rotation);
  }

  /** The inertial unit is back: goes on from where the legs have led. */
  #resume(): void {
    this.#filter.gyroBias.fill(0);
    this.#filter.accelerometerBias.fill(0);
    this.#restart();
  }

  /** Takes back all that was known but position and heading, which stay as uncertain as they are. */
  #restart(): void {
    const filter = this.#filter;
    const { covariance } = filter;
    const start = this.#startVariances;
    for (let k = 0; k < 4; k++) {
      const variance = covariance[START_KEPT[k] * (ERROR_SIZE + 1)];
      start[k] = variance > 0 && variance < Number.POSITIVE_INFINITY ? variance : 0;
    }
    filter.clear();
    for (let k = 0; k < 4; k++) covariance[START_KEPT[k] * (ERROR_SIZE + 1)] = start[k];
    covariance[Part.orientation * (ERROR_SIZE + 1)] = START.tilt * START.tilt;
    covariance[(Part.orientation + 1) * (ERROR_SIZE + 1)] = START.tilt * START.tilt;
    filter.inflate(Part.velocity, START.velocity * START.velocity);
    filter.inflate(Part.gyroBias, START.gyroBias * START.gyroBias);
    filter.inflate(Part.accelerometerBias, START.accelerometerBias * START.accelerometerBias);
    this.#feet.reset();
    this.#filtering = true;
  }

  /** Something went wrong beyond repair: starts again from the last estimate, which was sound. */
  #recover(): void {
    const { estimate } = this;
    const filter = this.#filter;
    filter.position.set(estimate.position);
    filter.orientation.set(estimate.orientation);
    filter.velocity.fill(0);
    filter.gyroBias.fill(0);
    filter.accelerometerBias.fill(0);
    this.#restart();
    this.#rate.fill(0);
    this.#faults |= EstimatorFault.restarted;
  }

  /** While both feet stand firm, their soles tell how fast the base turns and how it is tilted. */
  #compareImu(dt: number): void {
    const { specificForce } = this.#imu;
    const { rotation: r } = this.#filter;
    const a = this.#acceleration;
    a.fill(0);
    let tilt = 0;
    const firm = this.#contacts[0].firm && this.#contacts[1].firm && this.#legs[0].valid && this.#legs[1].valid;
    if (firm) {
      rotate(r, specificForce, a);
      a[2] -= GRAVITY;
      const left = soleTilt(r, this.#legs[0].kinematics.rotation);
      const right = soleTilt(r, this.#legs[1].kinematics.rotation);
      tilt = Math.min(left, right);
      if (Math.abs(left - right) > LEVEL) this.#faults |= EstimatorFault.jointInvalid;
    }
    this.#checkGyro(firm, dt);
    this.#imu.compare(this.#gyro.biased, a, tilt, dt);
  }

  /** The gyro against the legs; the bias that the filter knows is none that matters. */
  #checkGyro(firm: boolean, dt: number): void {
    if ((this.#imu.faults & ~EstimatorFault.imuImplausible) !== 0) {
      this.#gyro.forget();
      return;
    }
    const left = this.#legs[0].kinematics.angularVelocity;
    const right = this.#legs[1].kinematics.angularVelocity;
    for (let k = 0; k < 3; k++) {
      this.#unbiased[k] = this.#imu.gyro[k] - (this.#filtering ? this.#filter.gyroBias[k] : 0);
      this.#legRate[k] = -0.5 * (left[k] + right[k]);
    }
    this.#gyro.update(this.#unbiased, this.#legRate, firm, dt);
  }

  #write(time: number): void {
    const { estimate } = this;
    const filter = this.#filter;
    estimate.time = Number.isFinite(time) ? time : estimate.time;
    estimate.position.set(filter.position);
    estimate.orientation.set(filter.orientation);
    estimate.velocity.set(filter.velocity);
    estimate.angularVelocity.set(this.#rate);
    estimate.contact[0] = this.#contacts[0].probability;
    estimate.contact[1] = this.#contacts[1].probability;
    estimate.degraded = this.#faults;
  }
}
