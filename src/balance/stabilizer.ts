import type { JointCommand } from '../control/hardware.js';
import { allFinite, clamp } from '../control/limits.js';
import { type BaseEstimate, EstimatorFault } from '../estimation/base-estimate.js';
import type { Robot } from '../robot/robot.js';
import { BodyModel, WAIST_JOINTS } from './body-model.js';
import { BodyReference } from './body-reference.js';
import { type BodyTask, createBodyTask } from './body-task.js';
import { distributeWrench } from './contact-distribution.js';
import { subtractContact } from './contact-dynamics.js';
import { DcmFeedback } from './dcm-feedback.js';
import { BASE_DOF, LEG_JOINTS } from './foot-state.js';
import { PostureTasks } from './posture-tasks.js';
import { QpStatus } from './quadratic-program.js';
import { RecoveryStep, StepPhase } from './recovery-step.js';
import { STABILIZER_DEFAULTS, type StabilizerOptions } from './stabilizer-options.js';
import { clampToSole, SupportPolygon } from './support-polygon.js';
import { WholeBodyQp } from './whole-body-qp.js';

/** The drives' damping about the predicted velocity, N·m·s/rad: hips, knees and waist; ankles. */
const DAMPING = 4;
const ANKLE_DAMPING = 1;
/** Drives' gains that hold the posture in the fallback, as multiples of the joint controller's: stiff enough to stand. */
const FALLBACK_STIFFNESS = 2;
const FALLBACK_ANKLE_STIFFNESS = 8;
/** A robot that hangs takes its commanded posture within this time constant, s. */
const RETURN = 1;
/** Nominal control cycle, s; longer times between solutions than this many of them count as one. */
const CYCLE = 0.001;
const LONGEST = 20;
/** Both soles carry load with less than this probability: the robot hangs or falls, and there is nothing to balance. */
const UNSUPPORTED = 0.1;

/** Measured motion of all joints, rad and rad/s. */
export interface BodyMotion {
  readonly position: Float64Array;
  readonly velocity: Float64Array;
}

/** How balance stands. */
export interface BalanceStatus {
  /** False while neither sole carries load: the command is the joint controller's. */
  supported: boolean;
  /** Times that the program was solved, and that the fallback stood in for it. */
  solves: number;
  fallbacks: number;
  /** Cycles in which state, estimate or command were refused. */
  refusals: number;
  /** How the last solve ended, and constraints that it added or dropped. */
  solver: QpStatus;
  iterations: number;
  /** Whether the last command is the fallback's. */
  fallback: boolean;
  /** Divergent component of motion, its reference, and the centre of pressure asked for: x, y in odom, m; live views. */
  readonly dcm: Float64Array;
  readonly dcmReference: Float64Array;
  readonly pressure: Float64Array;
  /** Distance of the DCM from the edge of the soles, m: below 0 they cannot stop the fall, only the body's rotation. */
  captureMargin: number;
  /** Whether a foot swings, and recovery steps made. */
  step: StepPhase;
  steps: number;
}

/**
 * Keeps the robot on its feet. Runs after `JointController.update` in each cycle; on entry the command's positions and
 * velocities are the limited reference of all joints. The commanded legs say where the pelvis is to be over the soles.
 * Legs and waist get torques, arms and head keep their drives and get the torques of gravity and of their and the
 * body's motion fed forward; the hands are left alone.
 *
 * DCM feedback asks for an acceleration of the centre of mass, and the whole-body program finds the torques. Where the
 * program does not converge, the declared fallback stands in: the same DCM feedback with the soles' wrenches in closed
 * form, gravity compensation and stiff drives. When the DCM leaves the soles, the robot makes a recovery step.
 *
 * Real-time safe; nothing is allocated after construction.
 */
export class Stabilizer {
  readonly status: BalanceStatus;
  readonly #robot: Robot;
  readonly #options: StabilizerOptions;
  readonly #model: BodyModel;
  readonly #posture: BodyModel;
  /** Of the soles that bear, and of both as they will stand after a step. */
  readonly #support: SupportPolygon;
  readonly #stance: SupportPolygon;
  readonly #step: RecoveryStep;
  readonly #reference: BodyReference;
  readonly #dcm: DcmFeedback;
  readonly #tasks: PostureTasks;
  readonly #task: BodyTask;
  readonly #program: WholeBodyQp;
  readonly #wrench = new Float64Array(2 * LEG_JOINTS);
  /** Torques of the fallback, all degrees of freedom. */
  readonly #torque: Float64Array;
  /** What the drives are told until the next solution, in the model's order. */
  readonly #effort: Float64Array;
  readonly #velocity: Float64Array;
  readonly #noneLost: Uint8Array;
  readonly #noneFed: Float64Array;
  /**
   * Where legs and waist were, relative to the command, rad: when their posture began to carry, and after a step when the
   * program was last solved.
   */
  readonly #offset: Float64Array;
  #share = 1;
  /** The first of the model's joints that belongs to head and arms: legs and waist come before. */
  readonly #arms: number;
  #countdown = 0;
  #time = Number.NaN;

  /** @throws Error where the URDF lacks a part that balance needs, or MuJoCo does not compile it */
  static async create(robot: Robot, options: StabilizerOptions = STABILIZER_DEFAULTS): Promise<Stabilizer> {
    return new Stabilizer(robot, await BodyModel.create(robot), await BodyModel.create(robot), options);
  }

  private constructor(robot: Robot, model: BodyModel, posture: BodyModel, options: StabilizerOptions) {
    this.#robot = robot;
    this.#options = options;
    this.#model = model;
    this.#posture = posture;
    this.#support = new SupportPolygon(model.soleSize);
    this.#stance = new SupportPolygon(model.soleSize);
    this.#step = new RecoveryStep(model, options.step);
    this.#reference = new BodyReference(posture, options.staticMargin);
    this.#dcm = new DcmFeedback(options.dcmGain);
    this.#tasks = new PostureTasks(robot, model, options);
    this.#task = createBodyTask(model.dof);
    const limits = Float64Array.from(model.joints, (i) => robot.effortLimit[i]);
    this.#program = new WholeBodyQp(model, limits, options.weights, options.friction);
    this.#torque = new Float64Array(model.dof);
    this.#effort = new Float64Array(model.joints.length);
    this.#velocity = new Float64Array(model.joints.length);
    this.#noneLost = new Uint8Array(robot.names.length);
    this.#noneFed = new Float64Array(robot.names.length);
    this.#arms = model.waistDof - BASE_DOF + WAIST_JOINTS;
    this.#offset = new Float64Array(this.#arms);
    this.status = {
      supported: false,
      solves: 0,
      fallbacks: 0,
      refusals: 0,
      solver: QpStatus.solved,
      iterations: 0,
      fallback: false,
      dcm: this.#dcm.dcm,
      dcmReference: this.#dcm.reference,
      pressure: this.#dcm.pressure,
      captureMargin: 0,
      step: StepPhase.standing,
      steps: 0,
    };
  }

  /** kg */
  get mass(): number {
    return this.#model.mass;
  }

  /** Starts, or starts anew after the command or the estimate jumped. */
  start(): void {
    this.rest();
    this.#share = 1;
    this.status.solves = 0;
    this.status.fallbacks = 0;
    this.status.refusals = 0;
    this.#step.steps = 0;
  }

  /** Nothing is balanced in this cycle: what was computed before means nothing any more to the next one that is. */
  rest(): void {
    this.#reference.reset();
    this.#tasks.reset();
    this.#step.reset();
    this.#offset.fill(0);
    this.#countdown = 0;
    this.#time = Number.NaN;
  }

  /**
   * One cycle.
   * @param time of the cycle, s @param command the joint controller's, rewritten
   * @param lost 1 for joints whose sensors are lost: they keep what the joint controller gives them, and the fallback stands in
   * @param fed the reference's torques in the command, N·m, mostly a planner's for gravity: for arms and head they are
   * replaced, lest they count twice
   * @param share of balance in the command: 1 where the soles carry the robot, 0 where it hangs, in between while a
   * hoist takes it over; the rest is joint posture and gravity
   * @returns false, with the command untouched, where state, estimate or command are not finite
   */
  update(
    time: number,
    state: BodyMotion,
    estimate: BaseEstimate,
    command: JointCommand,
    lost: Uint8Array = this.#noneLost,
    fed: Float64Array = this.#noneFed,
    share = 1,
  ): boolean {
    if (!finite(state, estimate, command)) {
      this.rest();
      this.status.refusals++;
      return false;
    }
    const { status } = this;
    status.supported = estimate.contact[0] > UNSUPPORTED || estimate.contact[1] > UNSUPPORTED;
    this.#handOver(share, state, command);
    if (!status.supported && share === 1) {
      this.#reference.reset();
      this.#tasks.reset();
      this.#step.reset();
      this.#countdown = 0;
      return true;
    }
    if (this.#countdown === 0) {
      const elapsed = time - this.#time;
      const { decimation } = this.#options;
      const dt = elapsed > 0 && elapsed < LONGEST * CYCLE ? elapsed : decimation * CYCLE;
      if (share > 0) this.#solve(state, estimate, command, lost, dt);
      else this.#weigh(state, estimate);
      this.#time = time;
      this.#countdown = decimation;
    }
    this.#countdown--;
    if (share === 1) this.#write(state, command, lost, fed);
    else this.#blend(command, lost, fed, share);
    return true;
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.#model.delete();
    this.#posture.delete();
  }

  #solve(state: BodyMotion, estimate: BaseEstimate, command: JointCommand, lost: Uint8Array, dt: number): void {
    const { law, iterations, reach } = this.#options;
    const { status } = this;
    const model = this.#model;
    const support = this.#support;
    const reference = this.#reference;
    const task = this.#task;
    model.update(state.position, state.velocity, estimate);
    const step = this.#step;
    const dcm = this.#dcm;
    const able = this.#share === 1 && !status.fallback;
    step.update(dcm, reference.frequency, estimate.contact, this.#program.wrench, able, dt);
    for (let sole = 0; sole < 2; sole++) task.bears[sole] = step.bears(sole);
    support.update(step.bearing);
    this.#stance.update(step.soles);
    reference.update(command.position, step.soles, this.#stance, dt);
    dcm.update(model, reference, support);
    if (step.phase === StepPhase.standing) support.clamp(dcm.pressure, reference.com[0], reference.com[1], -reach);
    else clampToSole(step.bearing[0], this.#options.step.pressure, dcm.pressure);
    status.captureMargin = dcm.captureMargin;
    status.step = step.phase;
    status.steps = step.steps;
    const blind = (estimate.degraded & EstimatorFault.jointFrozen) !== 0;
    status.fallback = law !== 'whole-body' || blind || this.#balanceLost(lost);
    if (status.fallback) {
      if (law === 'whole-body') status.fallbacks++;
    } else {
      this.#tasks.com(this.#dcm, reference, task);
      this.#tasks.orientation(this.#dcm, reference, step.phase === StepPhase.swing, task);
      this.#tasks.waist(state, command, step.phase === StepPhase.standing && !step.displaced, task);
      this.#tasks.soles(task);
      step.swing(task);
      this.#tasks.arms(command, dt, task);
      status.solves++;
      status.solver = this.#program.solve(task, iterations);
      status.iterations = this.#program.iterations;
      if (status.solver !== QpStatus.solved) {
        status.fallbacks++;
        status.fallback = true;
      } else if (step.displaced) {
        this.#keepPosture(state, command);
      }
    }
    if (status.fallback) this.#standIn(blind);
    const torque = status.fallback ? this.#torque : this.#program.torque;
    const { acceleration } = this.#program;
    for (let j = 0; j < model.joints.length; j++) {
      this.#effort[j] = torque[BASE_DOF + j];
      this.#velocity[j] = state.velocity[model.joints[j]] + acceleration[BASE_DOF + j] * dt;
    }
  }

  /**
   * Keeps what the joint posture is to hold: where legs and waist were when balance began to hand over, and from there
   * to the commanded posture while the robot hangs.
   */
  #handOver(share: number, state: BodyMotion, command: JointCommand): void {
    if (share < 1 && this.#share === 1) this.#keepPosture(state, command);
    else if (share === 0) for (let j = 0; j < this.#arms; j++) this.#offset[j] *= 1 - CYCLE / RETURN;
    else if (share === 1 && this.#share < 1) this.#offset.fill(0);
    if (share === 0) {
      this.#reference.reset();
      this.#tasks.reset();
      this.#step.reset();
    }
    this.#share = share;
  }

  /** The joint posture of legs and waist is that in which they are. */
  #keepPosture(state: BodyMotion, command: JointCommand): void {
    const { joints } = this.#model;
    for (let j = 0; j < this.#arms; j++) this.#offset[j] = state.position[joints[j]] - command.position[joints[j]];
  }

  /** The torques of gravity alone: the robot hangs. */
  #weigh(state: BodyMotion, estimate: BaseEstimate): void {
    this.#model.update(state.position, state.velocity, estimate);
    this.status.fallback = false;
  }

  /** τ = h − Jᵀw: gravity and Coriolis torques, with wrenches that press where the DCM asks for, or under the reference. */
  #standIn(blind: boolean): void {
    const model = this.#model;
    const reference = this.#reference;
    const { pressure } = this.#dcm;
    const posture = blind || this.#options.law === 'posture';
    if (posture) for (let k = 0; k < 2; k++) pressure[k] = reference.com[k];
    else if (this.#step.phase === StepPhase.standing)
      this.#support.clamp(pressure, reference.com[0], reference.com[1], 0);
    distributeWrench(model, pressure, reference.frequency, this.#task.bears, this.#wrench);
    this.#torque.set(model.bias);
    subtractContact(model, this.#wrench, this.#torque);
  }

  /** Whether a joint of legs or waist is lost: the program would count on it. */
  #balanceLost(lost: Uint8Array): boolean {
    const { joints } = this.#model;
    for (let j = 0; j < this.#arms; j++) if (lost[joints[j]] !== 0) return true;
    return false;
  }

  #write(state: BodyMotion, command: JointCommand, lost: Uint8Array, fed: Float64Array): void {
    const { joints } = this.#model;
    const { fallback } = this.status;
    const arms = this.#arms;
    for (let j = 0; j < joints.length; j++) {
      const i = joints[j];
      if (lost[i] !== 0) continue;
      const limit = this.#robot.effortLimit[i];
      const ankle = this.#model.isAnkle(j);
      if (j >= arms) {
        command.effort[i] = clamp(command.effort[i] - fed[i] + this.#effort[j], -limit, limit);
        continue;
      }
      if (fallback) {
        const stiffness = ankle ? FALLBACK_ANKLE_STIFFNESS : FALLBACK_STIFFNESS;
        command.kp[i] *= stiffness;
        command.kd[i] *= stiffness;
        command.effort[i] = clamp(this.#effort[j] + command.kp[i] * this.#offset[j], -limit, limit);
      } else {
        command.position[i] = state.position[i];
        command.velocity[i] = this.#velocity[j];
        command.kp[i] = 0;
        command.kd[i] = ankle ? ANKLE_DAMPING : DAMPING;
        command.effort[i] = clamp(this.#effort[j], -limit, limit);
      }
    }
  }

  /**
   * Balance by the share s, joint posture and gravity by 1 − s:
   *   τ = s·(τ_balance + d·(v − q̇)) + (1 − s)·(h + kp·(q_held − q) + kd·(q̇_commanded − q̇))
   * The command's position stays what it is, from which planners start: kp·(q_held − q_commanded) is fed forward.
   */
  #blend(command: JointCommand, lost: Uint8Array, fed: Float64Array, share: number): void {
    const { joints, bias } = this.#model;
    const { fallback } = this.status;
    const posture = 1 - share;
    for (let j = 0; j < joints.length; j++) {
      const i = joints[j];
      if (lost[i] !== 0) continue;
      const limit = this.#robot.effortLimit[i];
      const effort = share * this.#effort[j] + posture * bias[BASE_DOF + j];
      if (j >= this.#arms) {
        command.effort[i] = clamp(command.effort[i] - fed[i] + effort, -limit, limit);
        continue;
      }
      const ankle = this.#model.isAnkle(j);
      const stiffness = (ankle ? FALLBACK_ANKLE_STIFFNESS : FALLBACK_STIFFNESS) * (fallback ? 1 : posture);
      const damping = fallback ? 0 : share * (ankle ? ANKLE_DAMPING : DAMPING);
      const held = command.kd[i] * stiffness;
      command.kp[i] *= stiffness;
      command.effort[i] = clamp(effort + command.kp[i] * this.#offset[j], -limit, limit);
      command.velocity[i] = (held * command.velocity[i] + damping * this.#velocity[j]) / (held + damping);
      command.kd[i] = held + damping;
    }
  }
}

function finite(state: BodyMotion, estimate: BaseEstimate, command: JointCommand): boolean {
  return (
    allFinite(state.position) &&
    allFinite(state.velocity) &&
    allFinite(estimate.position) &&
    allFinite(estimate.orientation) &&
    allFinite(estimate.velocity) &&
    allFinite(estimate.angularVelocity) &&
    allFinite(estimate.contact) &&
    allFinite(command.position) &&
    allFinite(command.velocity)
  );
}
