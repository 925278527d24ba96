import { type BodyModel, GRAVITY, WAIST_JOINTS } from './body-model.js';
import type { BodyTask, TaskWeights } from './body-task.js';
import { AFFINE, ContactDynamics, subtractContact, UNKNOWNS, WRENCHES } from './contact-dynamics.js';
import { BASE_DOF, LEG_JOINTS } from './foot-state.js';
import { QpStatus, QuadraticProgram } from './quadratic-program.js';
import { CONE_ROWS, writeWrenchCone } from './wrench-cone.js';

const LEG_ROWS = 2 * CONE_ROWS;
const WAIST_ROWS = LEG_ROWS + 2 * LEG_JOINTS;
const RANGE_ROWS = WAIST_ROWS + WAIST_JOINTS;
const ROWS = RANGE_ROWS + WAIST_JOINTS;
/** Torques stay within this part of their limits, which leaves the rest to the drives' damping. */
const TORQUE_SHARE = 0.97;

/**
 * The whole-body quadratic program: with all accelerations and torques affine in the soles' wrenches and the waist's
 * accelerations (see ContactDynamics), the tasks' weighted squares are minimised over these 15 unknowns, subject to the
 * soles' wrench cones, the torque limits of legs and waist and the ranges of the waist. Allocates nothing after
 * construction.
 */
export class WholeBodyQp {
  /** Wrench on each sole, in its axes, force then moment (6 each). */
  readonly wrench = new Float64Array(WRENCHES);
  /** Accelerations of all degrees of freedom, rad/s². */
  readonly acceleration: Float64Array;
  /** Torques of the joints, N·m, after the base's six: the force and moment of the ground. */
  readonly torque: Float64Array;
  readonly #model: BodyModel;
  readonly #weights: TaskWeights;
  readonly #dynamics: ContactDynamics;
  readonly #qp = new QuadraticProgram(UNKNOWNS, ROWS);
  readonly #limit: Float64Array;
  readonly #rows = new Float64Array(3 * AFFINE);
  readonly #axis = new Float64Array(3);
  /** Constants of the torques' rows. */
  readonly #constants = new Float64Array(ROWS);

  /** @param effortLimit N·m, one for each of the model's joints @param friction of soles on the floor, to rely on */
  constructor(model: BodyModel, effortLimit: Float64Array, weights: TaskWeights, friction: number) {
    this.#model = model;
    this.#dynamics = new ContactDynamics(model);
    this.#weights = weights;
    this.#limit = effortLimit.map((limit) => TORQUE_SHARE * limit);
    this.acceleration = new Float64Array(model.dof);
    this.torque = new Float64Array(model.dof);
    for (let f = 0; f < 2; f++) {
      writeWrenchCone(model.soleSize, friction, this.#qp.matrix, f * CONE_ROWS, 6 * f, UNKNOWNS);
    }
    this.#qp.lower.fill(0, 0, LEG_ROWS);
    for (let k = 0; k < WAIST_JOINTS; k++) this.#qp.matrix[(RANGE_ROWS + k) * UNKNOWNS + WRENCHES + k] = 1;
  }

  /** Constraints that the solver added or dropped in the last cycle. */
  get iterations(): number {
    return this.#qp.iterations;
  }

  /** Solves for one cycle; the model is up to date. @param limit iterations allowed */
  solve(task: BodyTask, limit: number): QpStatus {
    if (!this.#dynamics.update(task)) return QpStatus.illPosed;
    this.#objective(task);
    this.#constraints(task);
    const status = this.#qp.solve(limit);
    if (status === QpStatus.solved) this.#expand(task);
    return status;
  }

  /** H and g of the tasks' weighted squares. */
  #objective(task: BodyTask): void {
    const { hessian, gradient } = this.#qp;
    const { mass, com, feet } = this.#model;
    const weights = this.#weights;
    const g = this.#dynamics.wrenchMap;
    const rows = this.#rows;
    hessian.fill(0);
    gradient.fill(0);

    // m c̈ = Σf − m g ẑ
    rows.fill(0);
    for (let i = 0; i < 3; i++) {
      for (let k = 0; k < WRENCHES; k++) rows[i * AFFINE + k] = g[i * WRENCHES + k] / mass;
      rows[i * AFFINE + UNKNOWNS] = -task.comAcceleration[i];
    }
    rows[2 * AFFINE + UNKNOWNS] -= GRAVITY;
    this.#add(0, weights.com);
    this.#add(1, weights.com);
    this.#add(2, weights.height);

    for (let i = 0; i < 3; i++) {
      for (let k = 0; k < AFFINE; k++) rows[i * AFFINE + k] = this.#dynamics.base[(3 + i) * AFFINE + k];
      rows[i * AFFINE + UNKNOWNS] -= task.pelvisAcceleration[i];
    }
    for (let i = 0; i < 3; i++) this.#add(i, weights.pelvis);

    for (let i = 0; i < 3; i++) rows[i * AFFINE + UNKNOWNS] += task.pelvisAcceleration[i] - task.torsoAcceleration[i];
    for (let k = 0; k < WAIST_JOINTS; k++) {
      this.#model.axis(this.#model.waistDof + k, this.#axis);
      for (let i = 0; i < 3; i++) rows[i * AFFINE + WRENCHES + k] += this.#axis[i];
    }
    for (let i = 0; i < 3; i++) this.#add(i, weights.torso);

    for (let k = 0; k < WAIST_JOINTS; k++) {
      const c = WRENCHES + k;
      hessian[c * UNKNOWNS + c] += weights.waist;
      gradient[c] -= weights.waist * task.waistAcceleration[k];
    }
    // At rest each sole bears its share of the weight, in proportion to the other one's distance from the centre of mass.
    const [left, right] = task.bears;
    const share = left && right ? this.#share(com, feet[0].position, feet[1].position) : left ? 1 : 0;
    for (let k = 0; k < WRENCHES; k++) {
      const weight = k % 6 < 3 ? weights.force : weights.moment;
      hessian[k * UNKNOWNS + k] += weight;
      if (k % 6 === 2) gradient[k] -= weight * mass * GRAVITY * (k < 6 ? share : 1 - share);
    }
  }

  /** Part of the weight that the left foot bears when the centre of mass is at `com`. */
  #share(com: Float64Array, left: Float64Array, right: Float64Array): number {
    const dx = left[0] - right[0];
    const dy = left[1] - right[1];
    const along = (com[0] - right[0]) * dx + (com[1] - right[1]) * dy;
    return Math.min(1, Math.max(0, along / (dx * dx + dy * dy)));
  }

  /** Adds ½·weight·(row·z + constant)². */
  #add(row: number, weight: number): void {
    const { hessian, gradient } = this.#qp;
    const rows = this.#rows;
    for (let i = 0; i < UNKNOWNS; i++) {
      const value = weight * rows[row * AFFINE + i];
      if (value === 0) continue;
      gradient[i] += value * rows[row * AFFINE + UNKNOWNS];
      for (let k = 0; k <= i; k++) hessian[i * UNKNOWNS + k] += value * rows[row * AFFINE + k];
    }
  }

  /** Torque limits of legs and waist, ranges of the waist; the cones never change. */
  #constraints(task: BodyTask): void {
    const { matrix, lower, upper } = this.#qp;
    const { waistDof } = this.#model;
    const constants = this.#constants;
    for (let f = 0; f < 2; f++) {
      const first = this.#model.legDof(f) - BASE_DOF;
      for (let j = 0; j < LEG_JOINTS; j++) {
        const row = LEG_ROWS + LEG_JOINTS * f + j;
        this.#dynamics.legTorque(f, j, task, matrix, row, constants);
        lower[row] = -this.#limit[first + j] - constants[row];
        upper[row] = this.#limit[first + j] - constants[row];
      }
    }
    for (let j = 0; j < WAIST_JOINTS; j++) {
      const row = WAIST_ROWS + j;
      this.#dynamics.waistTorque(j, task, matrix, row, constants);
      lower[row] = -this.#limit[waistDof - BASE_DOF + j] - constants[row];
      upper[row] = this.#limit[waistDof - BASE_DOF + j] - constants[row];
      lower[RANGE_ROWS + j] = task.waistLower[j];
      upper[RANGE_ROWS + j] = task.waistUpper[j];
    }
  }

  /** τ = M q̈ + h − Jᵀw of the joints at the solution. */
  #expand(task: BodyTask): void {
    const { inertia, bias, dof: n } = this.#model;
    const { acceleration: a, torque, wrench } = this;
    const { solution } = this.#qp;
    this.#dynamics.accelerations(solution, task, a);
    for (let k = 0; k < WRENCHES; k++) wrench[k] = solution[k];
    for (let i = 0; i < n; i++) {
      let sum = bias[i];
      for (let k = 0; k < n; k++) sum += inertia[i * n + k] * a[k];
      torque[i] = sum;
    }
    subtractContact(this.#model, wrench, torque);
  }
}
