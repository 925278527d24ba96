import type { HorizonProblem } from './horizon-problem.js';
import {
  accelerationRow,
  integrate,
  integrateTransposed,
  positionRow,
  rowCount,
  stages,
  velocityRow,
} from './joint-chain.js';
import {
  accelerationCost,
  freeBasis,
  jerkCost,
  penalties,
  penaltyBases,
  rowShare,
  trackingWeight,
} from './modal-basis.js';
import { ModalSolver } from './modal-solver.js';

/** Over-relaxation of the splitting. */
const relaxation = 1.6;
/** Weight of squared violation of the limits where the start lies beyond them. */
const recoveryCost = 1e5;

const trackingWeights = Float64Array.from({ length: rowCount }, (_, row) => trackingWeight(row));

/**
 * Joints that the cost couples by a matrix Q over their positions (an arm that tracks a pose), or one joint alone
 * (Q = 1): one block of the splitting
 *   minimise ½·δᵀ(Q ⊗ T + 1 ⊗ R₀)δ + gᵀδ   over z = r̄ + C·δ within the limits
 * by the alternating direction method of multipliers (Boyd et al., 2011; over-relaxed), scaled multipliers y:
 *   δ ← −K⁻¹(g − Cᵀρ(z − y − r̄)),  r = r̄ + C·δ,  z ← Π(α·r + (1 − α)z + y),  y ← y + α·r + (1 − α)z_old − z.
 * K⁻¹ comes from the {@link ModalSolver}.
 */
export class Block {
  readonly joints: Int32Array;
  /** Q, symmetric positive definite, row-major; for one joint always 1. */
  readonly coupling: Float64Array;
  /** Change of jerk, joints × 20, and the rows that it makes, joints × 80. */
  readonly change: Float64Array;
  readonly rows: Float64Array;
  /** What the next step adds to the right-hand side through the position rows, joints × 20. */
  readonly pull: Float64Array;
  readonly #problem: HorizonProblem;
  readonly #gradient: Float64Array;
  readonly #right: Float64Array;
  readonly #weights = new Float64Array(rowCount);
  readonly #z: Float64Array;
  readonly #y: Float64Array;
  readonly #modal: ModalSolver;
  #level = 2;
  #fresh = true;
  #free = false;
  #recovers = false;
  #primal = 0;
  #dual = 0;

  constructor(problem: HorizonProblem, joints: Int32Array) {
    const n = joints.length;
    this.#problem = problem;
    this.joints = joints;
    this.coupling = new Float64Array(n * n);
    for (let i = 0; i < n; i++) this.coupling[i * (n + 1)] = 1;
    this.change = new Float64Array(n * stages);
    this.rows = new Float64Array(n * rowCount);
    this.pull = new Float64Array(n * stages);
    this.#gradient = new Float64Array(n * stages);
    this.#right = new Float64Array(n * stages);
    this.#z = new Float64Array(n * rowCount);
    this.#y = new Float64Array(n * rowCount);
    this.#modal = new ModalSolver(this.coupling, n);
  }

  /** Largest |r − z| of the last {@link project}. */
  get primalResidual(): number {
    return this.#primal;
  }

  /** Largest change of z in the last {@link project}. */
  get dualResidual(): number {
    return this.#dual;
  }

  get penalty(): number {
    return penalties[this.#level];
  }

  /** Whether `change` is the solution without limits, and keeps them. */
  get free(): boolean {
    return this.#free;
  }

  /** Whether the start lies beyond the limits, which are then kept as well as possible. */
  get recovers(): boolean {
    return this.#recovers;
  }

  /** Takes the problem as it stands: gradient and, for several joints, the eigenvectors of Q. */
  begin(): void {
    const { joints } = this;
    const { nominalRows, tracking } = this.#problem;
    const n = joints.length;
    const w = this.#weights;
    this.#recovers = false;
    for (let i = 0; i < n; i++) {
      const j = joints[i];
      const row = rowCount * j;
      for (let k = 0; k < stages; k++) {
        w[k] = jerkCost * nominalRows[row + k];
        w[accelerationRow + k] = accelerationCost * nominalRows[row + accelerationRow + k];
      }
      for (let k = velocityRow; k < rowCount; k++) {
        w[k] = trackingWeights[k] * tracking[2 * stages * j + k - velocityRow];
      }
      integrateTransposed(w, 0, this.#gradient, stages * i);
    }
    this.pull.fill(0);
    this.#modal.factor();
  }

  /** Solves without limits. @returns whether the solution keeps them */
  solveFree(): boolean {
    this.#free = this.#solveFree();
    return this.#free;
  }

  #solveFree(): boolean {
    const right = this.#right;
    for (let i = 0; i < right.length; i++) right[i] = -this.#gradient[i];
    this.#modal.solve(freeBasis, right, this.change);
    this.expand();
    const { rows, joints } = this;
    const { lower, upper, bound } = this.#problem;
    for (let i = 0; i < joints.length; i++) {
      const start = rowCount * i;
      for (let k = 0; k < positionRow; k++) if (!(Math.abs(rows[start + k]) <= bound[k])) return false;
      const low = lower[joints[i]];
      const high = upper[joints[i]];
      for (let k = start + positionRow; k < start + rowCount; k++)
        if (!(rows[k] >= low && rows[k] <= high)) return false;
    }
    return true;
  }

  /** The multipliers of the last solution, a stage on: where the next horizon begins. */
  shift(): void {
    const y = this.#y;
    for (let i = 0; i < y.length; i += stages) {
      y.copyWithin(i, i + 1, i + stages);
      y[i + stages - 1] = 0;
    }
  }

  /** Forgets the last solution. */
  forget(): void {
    this.#y.fill(0);
    this.#fresh = true;
  }

  /** Starts the splitting at the nominal plan, where it has not gone on for long with a penalty for the way ahead. */
  start(): void {
    this.#free = false;
    const { joints } = this;
    const { nominalRows, tracking } = this.#problem;
    for (let i = 0; i < joints.length; i++) {
      if (this.#problem.violation(joints[i], nominalRows) > 1e-9) this.#recovers = true;
    }
    if (this.#fresh) {
      let away = 0;
      for (let i = 0; i < joints.length; i++) {
        const last = 2 * stages * (joints[i] + 1) - 1;
        away = Math.max(away, Math.abs(tracking[last]));
      }
      this.#level = away < 0.15 ? 0 : away < 0.6 ? 1 : away < 1.5 ? 2 : 3;
      this.#fresh = false;
    }
    for (let i = 0; i < joints.length; i++) {
      for (let k = 0; k < rowCount; k++) {
        this.#z[rowCount * i + k] = this.#bounded(i, k, nominalRows[rowCount * joints[i] + k]);
      }
    }
  }

  /** The first half of a step: `change` for the present z, y and {@link pull}. */
  minimise(): void {
    const { joints, pull } = this;
    const { nominalRows } = this.#problem;
    const w = this.#weights;
    const z = this.#z;
    const y = this.#y;
    const right = this.#right;
    const penalty = penalties[this.#level];
    for (let i = 0; i < joints.length; i++) {
      const row = rowCount * i;
      const nominal = rowCount * joints[i];
      for (let k = 0; k < rowCount; k++) {
        w[k] = penalty * rowShare[k] * (z[row + k] - y[row + k] - nominalRows[nominal + k]);
      }
      for (let k = 0; k < stages; k++) w[positionRow + k] += pull[stages * i + k];
      integrateTransposed(w, 0, right, stages * i);
      for (let k = stages * i; k < stages * (i + 1); k++) right[k] -= this.#gradient[k];
    }
    this.#modal.solve(penaltyBases[this.#level], right, this.change);
  }

  /** The second half: rows of `change`, projected on the limits. */
  project(): void {
    this.expand();
    const { joints } = this;
    this.#primal = 0;
    this.#dual = 0;
    for (let i = 0; i < joints.length; i++) {
      this.#clip(rowCount * i, this.#problem.lower[joints[i]], this.#problem.upper[joints[i]]);
    }
  }

  /** z and y of the rows of one joint, its first row and its position limits given. */
  #clip(from: number, lower: number, upper: number): void {
    const rows = this.rows;
    const bound = this.#problem.bound;
    const z = this.#z;
    const y = this.#y;
    const penalty = penalties[this.#level];
    const recovers = this.#recovers;
    let most = this.#primal;
    let moved = this.#dual;
    for (let i = 0; i < rowCount; i++) {
      const k = from + i;
      const high = i < positionRow ? bound[i] : upper;
      const low = i < positionRow ? -bound[i] : lower;
      const old = z[k];
      const r = rows[k];
      const t = relaxation * r + (1 - relaxation) * old + y[k];
      let next = Math.max(low, Math.min(t, high));
      if (recovers) {
        const force = penalty * rowShare[i];
        next += ((t - next) * force) / (force + recoveryCost);
      }
      z[k] = next;
      y[k] = t - next;
      const primal = Math.abs(r - next);
      const dual = Math.abs(next - old);
      if (primal > most) most = primal;
      if (dual > moved) moved = dual;
    }
    this.#primal = most;
    this.#dual = moved;
  }

  /**
   * Balances the residuals: a larger penalty where the limits lag, a smaller one where the cost does.
   * @returns whether the penalty changed
   */
  balance(): boolean {
    const ratio = this.#primal / Math.max(this.#dual, 1e-12);
    const level = Math.min(Math.max(this.#level + (ratio > 4 ? 1 : ratio < 0.25 ? -1 : 0), 0), penalties.length - 1);
    if (level === this.#level) return false;
    const scale = penalties[this.#level] / penalties[level];
    for (let i = 0; i < this.#y.length; i++) this.#y[i] *= scale;
    this.#level = level;
    return true;
  }

  /** K⁻¹ at the present penalty applied to `right` (joints × 20) into `out`. */
  solvePenalised(right: Float64Array, out: Float64Array): void {
    this.#modal.solve(penaltyBases[this.#level], right, out);
  }

  /** Rows of nominal plan and `change` together. */
  expand(): void {
    const { joints, rows } = this;
    const { nominalRows } = this.#problem;
    for (let i = 0; i < joints.length; i++) {
      integrate(this.change, stages * i, 0, 0, 0, rows, rowCount * i);
      const nominal = rowCount * joints[i];
      for (let k = 0; k < rowCount; k++) rows[rowCount * i + k] += nominalRows[nominal + k];
    }
  }

  /** How far the block's joint `i` is from its nominal position at the end of stage `k`. */
  moved(i: number, k: number): number {
    const { nominalRows } = this.#problem;
    return this.rows[rowCount * i + positionRow + k] - nominalRows[rowCount * this.joints[i] + positionRow + k];
  }

  #bounded(i: number, k: number, value: number): number {
    const { bound, lower, upper } = this.#problem;
    const least = k < positionRow ? -bound[k] : lower[this.joints[i]];
    const most = k < positionRow ? bound[k] : upper[this.joints[i]];
    return Math.min(Math.max(value, least), most);
  }
}
