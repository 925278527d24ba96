import { type BodyModel, WAIST_JOINTS } from './body-model.js';
import type { BodyTask } from './body-task.js';
import { BASE_DOF, LEG_JOINTS } from './foot-state.js';
import { solveLinear } from './linear.js';

/** Unknowns: the wrench on each sole in its own axes, then the waist's accelerations. */
export const WRENCHES = 12;
export const UNKNOWNS = WRENCHES + WAIST_JOINTS;
/** An affine function of the unknowns: their coefficients, then the constant. */
export const AFFINE = UNKNOWNS + 1;
/** An affine function of the base's acceleration. */
const LEG_AFFINE = BASE_DOF + 1;
/** Pivots of a leg's Jacobian (m or 1) below which the leg counts as straight. */
const STRAIGHT = 1e-3;

/**
 * The equations of motion with both soles rigidly on the floor, or one of them on a path of its own through the air,
 * where its wrench is 0 and has no part in them. J q̈ + J̇q̇ = a_sole gives the legs' accelerations from
 * the base's, q̈_leg = J_leg⁻¹(a_sole − J̇q̇ − J_base ẍ); arms and head move as the task says; and the base's six
 * equations give ẍ from the soles' wrenches w and the waist's accelerations. So all accelerations and torques are
 * affine in z = (w, q̈_waist). Allocates nothing after construction.
 */
export class ContactDynamics {
  /** The base's acceleration ẍ, affine, row-major (6 × AFFINE). */
  readonly base = new Float64Array(BASE_DOF * AFFINE);
  /** Force and moment about base_link's origin of the soles' wrenches, row-major (6 × 12). */
  readonly wrenchMap = new Float64Array(BASE_DOF * WRENCHES);
  readonly #model: BodyModel;
  readonly #baseMatrix = new Float64Array(BASE_DOF * BASE_DOF);
  readonly #legs = [new Float64Array(LEG_JOINTS * LEG_AFFINE), new Float64Array(LEG_JOINTS * LEG_AFFINE)] as const;
  readonly #legMatrix = new Float64Array(LEG_JOINTS * LEG_JOINTS);
  readonly #mapped = new Float64Array(LEG_AFFINE);

  constructor(model: BodyModel) {
    this.#model = model;
  }

  /** Sets the affine functions; the model is up to date. @returns false where a leg is straight */
  update(task: BodyTask): boolean {
    const model = this.#model;
    const { inertia, bias, dof: n, waistDof, feet, position } = model;
    const a = this.#baseMatrix;
    const { base: b } = this;
    b.fill(0);
    for (let i = 0; i < BASE_DOF; i++) {
      for (let k = 0; k < BASE_DOF; k++) a[i * BASE_DOF + k] = inertia[i * n + k];
      b[i * AFFINE + UNKNOWNS] = -bias[i];
      for (let k = 0; k < WAIST_JOINTS; k++) b[i * AFFINE + WRENCHES + k] = -inertia[i * n + waistDof + k];
      for (let j = waistDof + WAIST_JOINTS; j < n; j++)
        b[i * AFFINE + UNKNOWNS] -= inertia[i * n + j] * task.armAcceleration[j];
    }
    for (let f = 0; f < 2; f++) {
      const foot = feet[f];
      const x = foot.position[0] - position[0];
      const y = foot.position[1] - position[1];
      const z = foot.position[2] - position[2];
      this.#legMatrix.set(foot.jacobian);
      const leg = this.#legs[f];
      leg.fill(0);
      for (let i = 0; i < 6; i++) {
        leg[i * LEG_AFFINE + i] = -1;
        leg[i * LEG_AFFINE + BASE_DOF] = task.soleAcceleration[f][i] - foot.biasAcceleration[i];
      }
      // −J_base: v_sole = v + ω × r = v − r × ω
      leg[4] = -z;
      leg[5] = y;
      leg[LEG_AFFINE + 3] = z;
      leg[LEG_AFFINE + 5] = -x;
      leg[2 * LEG_AFFINE + 3] = -y;
      leg[2 * LEG_AFFINE + 4] = x;
      if (!solveLinear(this.#legMatrix, leg, LEG_JOINTS, LEG_AFFINE, STRAIGHT)) return false;
      const start = model.legDof(f);
      for (let i = 0; i < BASE_DOF; i++) {
        for (let j = 0; j < LEG_JOINTS; j++) {
          const m = inertia[i * n + start + j];
          for (let k = 0; k < BASE_DOF; k++) a[i * BASE_DOF + k] += m * leg[j * LEG_AFFINE + k];
          b[i * AFFINE + UNKNOWNS] -= m * leg[j * LEG_AFFINE + BASE_DOF];
        }
      }
      this.#mapWrench(f, x, y, z, task.bears[f] ? 1 : 0);
    }
    for (let i = 0; i < BASE_DOF; i++) {
      for (let k = 0; k < WRENCHES; k++) b[i * AFFINE + k] = this.wrenchMap[i * WRENCHES + k];
    }
    return solveLinear(a, b, BASE_DOF, AFFINE);
  }

  /** Force and moment about base_link's origin of a sole's wrench: [R, 0; r × R, R]. @param s 0 for one that swings */
  #mapWrench(f: number, x: number, y: number, z: number, s: number): void {
    const r = this.#model.feet[f].rotation;
    const g = this.wrenchMap;
    for (let k = 0; k < 3; k++) {
      const column = 6 * f + k;
      for (let i = 0; i < 3; i++) {
        g[i * WRENCHES + column] = s * r[3 * i + k];
        g[(3 + i) * WRENCHES + column + 3] = s * r[3 * i + k];
      }
      g[3 * WRENCHES + column] = s * (y * r[6 + k] - z * r[3 + k]);
      g[4 * WRENCHES + column] = s * (z * r[k] - x * r[6 + k]);
      g[5 * WRENCHES + column] = s * (x * r[3 + k] - y * r[k]);
    }
  }

  /** Writes the affine torque of a leg's joint: coefficients into a row of `out`, the constant into `constants`. */
  legTorque(
    foot: number,
    joint: number,
    task: BodyTask,
    out: Float64Array,
    row: number,
    constants: Float64Array,
  ): void {
    const { inertia, bias, dof: n, feet } = this.#model;
    const { jacobian, rotation: r } = feet[foot];
    const leg = this.#legs[foot];
    const mapped = this.#mapped;
    const start = this.#model.legDof(foot);
    const dof = start + joint;
    for (let k = 0; k < BASE_DOF; k++) mapped[k] = inertia[dof * n + k];
    mapped[BASE_DOF] = bias[dof];
    for (let p = 0; p < LEG_JOINTS; p++) {
      const m = inertia[dof * n + start + p];
      for (let k = 0; k < LEG_AFFINE; k++) mapped[k] += m * leg[p * LEG_AFFINE + k];
    }
    constants[row] = mapped[BASE_DOF];
    this.#throughBase(out, row, constants);
    if (!task.bears[foot]) return;
    const offset = row * UNKNOWNS;
    for (let k = 0; k < 3; k++) {
      for (let i = 0; i < 3; i++) {
        out[offset + 6 * foot + k] -= jacobian[i * 6 + joint] * r[3 * i + k];
        out[offset + 6 * foot + 3 + k] -= jacobian[(3 + i) * 6 + joint] * r[3 * i + k];
      }
    }
  }

  /** Writes the affine torque of a waist's joint, as `legTorque` does. */
  waistTorque(joint: number, task: BodyTask, out: Float64Array, row: number, constants: Float64Array): void {
    const { inertia, bias, dof: n, waistDof } = this.#model;
    const dof = waistDof + joint;
    for (let k = 0; k < BASE_DOF; k++) this.#mapped[k] = inertia[dof * n + k];
    constants[row] = bias[dof];
    this.#throughBase(out, row, constants);
    for (let k = 0; k < WAIST_JOINTS; k++) out[row * UNKNOWNS + WRENCHES + k] += inertia[dof * n + waistDof + k];
    for (let k = waistDof + WAIST_JOINTS; k < n; k++) constants[row] += inertia[dof * n + k] * task.armAcceleration[k];
  }

  /** Accelerations of all degrees of freedom for values of the unknowns. */
  accelerations(unknowns: Float64Array, task: BodyTask, out: Float64Array): void {
    const { waistDof } = this.#model;
    out.set(task.armAcceleration);
    for (let i = 0; i < BASE_DOF; i++) {
      let sum = this.base[i * AFFINE + UNKNOWNS];
      for (let k = 0; k < UNKNOWNS; k++) sum += this.base[i * AFFINE + k] * unknowns[k];
      out[i] = sum;
    }
    for (let k = 0; k < WAIST_JOINTS; k++) out[waistDof + k] = unknowns[WRENCHES + k];
    for (let f = 0; f < 2; f++) {
      const leg = this.#legs[f];
      const start = this.#model.legDof(f);
      for (let j = 0; j < LEG_JOINTS; j++) {
        let sum = leg[j * LEG_AFFINE + BASE_DOF];
        for (let k = 0; k < BASE_DOF; k++) sum += leg[j * LEG_AFFINE + k] * out[k];
        out[start + j] = sum;
      }
    }
  }

  /** Writes the coefficients of `mapped`·ẍ and adds its constant. */
  #throughBase(out: Float64Array, row: number, constants: Float64Array): void {
    const { base } = this;
    const mapped = this.#mapped;
    for (let c = 0; c < UNKNOWNS; c++) {
      let sum = 0;
      for (let k = 0; k < BASE_DOF; k++) sum += mapped[k] * base[k * AFFINE + c];
      out[row * UNKNOWNS + c] = sum;
    }
    for (let k = 0; k < BASE_DOF; k++) constants[row] += mapped[k] * base[k * AFFINE + UNKNOWNS];
  }
}

/** τ ← τ − Jᵀw for the legs. @param wrench on each sole in its axes (12) @param torque of all degrees of freedom */
export function subtractContact(model: BodyModel, wrench: Float64Array, torque: Float64Array): void {
  for (let f = 0; f < 2; f++) {
    const { jacobian, rotation: r } = model.feet[f];
    const start = model.legDof(f);
    for (let i = 0; i < 3; i++) {
      let force = 0;
      let moment = 0;
      for (let k = 0; k < 3; k++) {
        force += r[3 * i + k] * wrench[6 * f + k];
        moment += r[3 * i + k] * wrench[6 * f + 3 + k];
      }
      for (let j = 0; j < LEG_JOINTS; j++) {
        torque[start + j] -= jacobian[i * 6 + j] * force + jacobian[(3 + i) * 6 + j] * moment;
      }
    }
  }
}
