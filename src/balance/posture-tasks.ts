import { clamp } from '../control/limits.js';
import { rotationBetween } from '../math/pose.js';
import { quaternionFromMatrix } from '../math/rotation.js';
import type { Robot } from '../robot/robot.js';
import { type BodyModel, WAIST_JOINTS } from './body-model.js';
import type { BodyReference } from './body-reference.js';
import type { BodyTask } from './body-task.js';
import type { DcmFeedback } from './dcm-feedback.js';
import { BASE_DOF } from './foot-state.js';
import type { StabilizerOptions } from './stabilizer-options.js';

/** Time constant of the arms' accelerations, s. */
const ARM_FILTER = 0.01;
/** The waist brakes before its end stops: distance kept, rad, and gains of the bound on its acceleration. */
const END_STOP = 0.02;
const END_STOP_GAINS = { kp: 400, kd: 40 };

/** The accelerations that are asked of the body in a cycle. Allocates nothing after construction. */
export class PostureTasks {
  readonly #robot: Robot;
  readonly #model: BodyModel;
  readonly #options: StabilizerOptions;
  readonly #previousVelocity: Float64Array;
  readonly #desired = new Float64Array(4);
  readonly #axis = new Float64Array(3);
  #started = false;

  constructor(robot: Robot, model: BodyModel, options: StabilizerOptions) {
    this.#robot = robot;
    this.#model = model;
    this.#options = options;
    this.#previousVelocity = new Float64Array(model.joints.length);
  }

  /** Forgets the arms' velocities. */
  reset(): void {
    this.#started = false;
  }

  /** c̈ = ω²(c − p) on the floor's plane, and the height of the reference. */
  com(dcm: DcmFeedback, reference: BodyReference, task: BodyTask): void {
    const { com, comVelocity } = this.#model;
    const { height } = this.#options;
    const out = task.comAcceleration;
    const omega = reference.frequency;
    for (let k = 0; k < 2; k++) out[k] = omega * omega * (com[k] - dcm.pressure[k]);
    out[2] = height.kp * (reference.com[2] - com[2]) + height.kd * (reference.comVelocity[2] - comVelocity[2]);
  }

  /**
   * Pelvis and torso come back to the reference, more softly the nearer the DCM is to the soles' edge: stopping their
   * rotation takes the moment about the centre of mass that stopping the fall needs.
   * @param firmly whatever the DCM: a step stops the fall, and reaches less far under a body that leans
   */
  orientation(dcm: DcmFeedback, reference: BodyReference, firmly: boolean, task: BodyTask): void {
    const { orientation, yielding } = this.#options;
    const out = task.pelvisAcceleration;
    quaternionFromMatrix(reference.rotation, this.#desired);
    rotationBetween(this.#model.orientation, 0, this.#desired, 0, out, 0);
    for (let k = 0; k < 3; k++) {
      const rate = reference.angularVelocity[k] - this.#model.velocity[3 + k];
      out[k] = orientation.kp * out[k] + orientation.kd * rate;
    }
    const { soft, firm, low, high } = yielding;
    const safety = firmly ? 1 : clamp((dcm.captureMargin - low) / (high - low), 0, 1);
    const limit = soft + safety * (firm - soft);
    const norm = Math.sqrt(out[0] * out[0] + out[1] * out[1] + out[2] * out[2]);
    if (norm > limit) for (let k = 0; k < 3; k++) out[k] *= limit / norm;
    task.torsoAcceleration.set(out);
  }

  /** The waist follows its commanded positions, within its range; the torso's task turns with it. */
  waist(measured: Measured, commanded: Commanded, firmly: boolean, task: BodyTask): void {
    const { waist } = this.#options;
    const { joints, waistDof } = this.#model;
    const { kp: stiffness, kd: damping } = firmly ? waist.firm : waist.soft;
    for (let j = 0; j < WAIST_JOINTS; j++) {
      const i = joints[waistDof - BASE_DOF + j];
      const q = measured.position[i];
      const rate = measured.velocity[i];
      const pull = stiffness * (commanded.position[i] - q) + damping * (commanded.velocity[i] - rate);
      task.waistAcceleration[j] = pull;
      this.#model.axis(waistDof + j, this.#axis);
      for (let k = 0; k < 3; k++) task.torsoAcceleration[k] += this.#axis[k] * pull;
      const { lower, upper } = this.#robot.urdf.joints[i];
      const { kp, kd } = END_STOP_GAINS;
      task.waistLower[j] = kp * (lower + END_STOP - q) - kd * rate;
      task.waistUpper[j] = kp * (upper - END_STOP - q) - kd * rate;
    }
  }

  /** The soles stay where they are and level: with the normal n, the error is n × ẑ. */
  soles(task: BodyTask): void {
    const { kp, kd } = this.#options.sole;
    for (let f = 0; f < 2; f++) {
      const { rotation: r, velocity } = this.#model.feet[f];
      const out = task.soleAcceleration[f];
      for (let k = 0; k < 6; k++) out[k] = -kd * velocity[k];
      out[3] += kp * r[5];
      out[4] -= kp * r[2];
    }
  }

  /** Arms and head accelerate as commanded: first-order filtered differences of their commanded velocities. */
  arms(commanded: Commanded, dt: number, task: BodyTask): void {
    const { joints, waistDof } = this.#model;
    const gain = dt / (dt + ARM_FILTER);
    for (let j = waistDof - BASE_DOF + WAIST_JOINTS; j < joints.length; j++) {
      const velocity = commanded.velocity[joints[j]];
      const rate = this.#started ? (velocity - this.#previousVelocity[j]) / dt : 0;
      const acceleration = this.#started ? task.armAcceleration[BASE_DOF + j] : 0;
      task.armAcceleration[BASE_DOF + j] = acceleration + gain * (rate - acceleration);
      this.#previousVelocity[j] = velocity;
    }
    this.#started = true;
  }
}

interface Measured {
  readonly position: Float64Array;
  readonly velocity: Float64Array;
}
type Commanded = Measured;
