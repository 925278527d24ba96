import type { Block } from './block.js';
import { positionRow, stages } from './joint-chain.js';
import { rowMatrix } from './modal-basis.js';
import { factorCholesky, solveCholesky } from './symmetric.js';

/** Cost of squared shortfall of a row, in the rows' unit: soft, but stiff beside tracking. */
export const shortfallCost = 20;
/** Penalty of the splitting on these rows. */
const rowPenalty = 2;
const relaxation = 1.6;

/**
 * Soft constraints that several joints share, each at one stage of the horizon:
 *   y = margin + Σ_j c_j·(P_j − P̄_j) ≥ 0, at the cost ½·ν·min(0, y)².
 * In the splitting they add Σ ρ·G_rᵀ·G_r to the block diagonal K, whose inverse becomes (Woodbury)
 *   (K + ρGᵀG)⁻¹b = x − T·(1/ρ + G·T)⁻¹·G·x,  x = K⁻¹b,  T = K⁻¹Gᵀ.
 * Allocated once.
 */
export class CouplingRows {
  /** Joints of a row of coefficients. */
  readonly joints: number;
  readonly capacity: number;
  /** Rows in use. */
  count = 0;
  /** Whether the last solution gives way to a row. */
  active = false;
  /** Of each row: its stage (0 is the first end of a stage), margin along the nominal plan, coefficients (joints). */
  readonly stage: Int32Array;
  readonly margin: Float64Array;
  readonly coefficients: Float64Array;
  /** Value of each row at the present change. */
  readonly value: Float64Array;
  readonly #z: Float64Array;
  readonly #y: Float64Array;
  readonly #columns: Float64Array;
  readonly #system: Float64Array;
  readonly #solution: Float64Array;
  readonly #right: Float64Array;
  readonly #out: Float64Array;
  #primal = 0;

  constructor(joints: number, capacity: number) {
    this.joints = joints;
    this.capacity = capacity;
    this.stage = new Int32Array(capacity);
    this.margin = new Float64Array(capacity);
    this.coefficients = new Float64Array(capacity * joints);
    this.value = new Float64Array(capacity);
    this.#z = new Float64Array(capacity);
    this.#y = new Float64Array(capacity);
    this.#columns = new Float64Array(capacity * joints * stages);
    this.#system = new Float64Array(capacity * capacity);
    this.#solution = new Float64Array(capacity);
    this.#right = new Float64Array(joints * stages);
    this.#out = new Float64Array(joints * stages);
  }

  /** Largest |y − z| of the last {@link project}. */
  get primalResidual(): number {
    return this.#primal;
  }

  /** Adds a row; its coefficients are zero. @returns its index, or −1 where all are in use */
  add(stage: number, margin: number): number {
    if (this.count === this.capacity) return -1;
    const row = this.count++;
    this.stage[row] = stage;
    this.margin[row] = margin;
    this.coefficients.fill(0, row * this.joints, (row + 1) * this.joints);
    return row;
  }

  /** Whether a row has a coefficient for a joint of the block. */
  touches(block: Block): boolean {
    const { joints } = block;
    for (let r = 0; r < this.count; r++) {
      for (let i = 0; i < joints.length; i++) if (this.coefficients[r * this.joints + joints[i]] !== 0) return true;
    }
    return false;
  }

  /** Values at the blocks' present change. @returns the least */
  evaluate(blocks: readonly Block[], count: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let r = 0; r < this.count; r++) {
      this.value[r] = this.margin[r] + this.#along(blocks, count, r);
      least = Math.min(least, this.value[r]);
    }
    return least;
  }

  /** Drops rows whose last {@link evaluate} gave more than `limit`. */
  prune(limit: number): void {
    const n = this.joints;
    let kept = 0;
    for (let r = 0; r < this.count; r++) {
      if (this.value[r] > limit) continue;
      this.stage[kept] = this.stage[r];
      this.margin[kept] = this.margin[r];
      this.coefficients.copyWithin(kept * n, r * n, (r + 1) * n);
      kept++;
    }
    this.count = kept;
  }

  /** Starts the splitting: T and the factor for the blocks' present penalties. */
  start(blocks: readonly Block[], count: number): void {
    for (let r = 0; r < this.count; r++) {
      this.#z[r] = Math.max(0, this.margin[r]);
      this.#y[r] = 0;
    }
    this.factor(blocks, count);
  }

  /** T and the factor anew, after a block changed its penalty. */
  factor(blocks: readonly Block[], count: number): void {
    const { joints: n } = this;
    const right = this.#right;
    const out = this.#out;
    this.#columns.fill(0, 0, this.count * n * stages);
    for (let r = 0; r < this.count; r++) {
      const position = (positionRow + this.stage[r]) * stages;
      for (let b = 0; b < count; b++) {
        const block = blocks[b];
        let touched = false;
        for (let i = 0; i < block.joints.length; i++) {
          const c = this.coefficients[r * n + block.joints[i]];
          if (c !== 0) touched = true;
          for (let k = 0; k < stages; k++) right[stages * i + k] = c * rowMatrix[position + k];
        }
        if (!touched) continue;
        block.solvePenalised(right, out);
        for (let i = 0; i < block.joints.length; i++) {
          const at = (r * n + block.joints[i]) * stages;
          for (let k = 0; k < stages; k++) this.#columns[at + k] = out[stages * i + k];
        }
      }
    }
    for (let r = 0; r < this.count; r++) {
      const position = (positionRow + this.stage[r]) * stages;
      for (let s = 0; s <= r; s++) {
        let sum = r === s ? 1 / rowPenalty : 0;
        for (let j = 0; j < n; j++) {
          const c = this.coefficients[r * n + j];
          if (c === 0) continue;
          const at = (s * n + j) * stages;
          for (let k = 0; k < stages; k++) sum += c * rowMatrix[position + k] * this.#columns[at + k];
        }
        this.#system[r * this.capacity + s] = sum;
      }
    }
    factorCholesky(this.#system, this.count, this.capacity);
  }

  /** Puts what the rows want into the blocks' pull, before they minimise. */
  pull(blocks: readonly Block[], count: number): void {
    for (let b = 0; b < count; b++) {
      const { joints, pull } = blocks[b];
      pull.fill(0);
      for (let r = 0; r < this.count; r++) {
        const force = rowPenalty * (this.#z[r] - this.#y[r] - this.margin[r]);
        for (let i = 0; i < joints.length; i++) {
          pull[stages * i + this.stage[r]] += force * this.coefficients[r * this.joints + joints[i]];
        }
      }
    }
  }

  /** Corrects what the blocks found each for itself: x − T·(1/ρ + G·T)⁻¹·G·x. */
  correct(blocks: readonly Block[], count: number): void {
    const s = this.#solution;
    for (let r = 0; r < this.count; r++) s[r] = this.#alongJerk(blocks, count, r);
    solveCholesky(this.#system, this.count, s, this.capacity);
    for (let b = 0; b < count; b++) {
      const { joints, change } = blocks[b];
      for (let i = 0; i < joints.length; i++) {
        for (let r = 0; r < this.count; r++) {
          const at = (r * this.joints + joints[i]) * stages;
          for (let k = 0; k < stages; k++) change[stages * i + k] -= s[r] * this.#columns[at + k];
        }
      }
    }
  }

  /** The second half of a step, after the blocks have projected. */
  project(blocks: readonly Block[], count: number): void {
    this.#primal = 0;
    this.evaluate(blocks, count);
    for (let r = 0; r < this.count; r++) {
      const old = this.#z[r];
      const t = relaxation * this.value[r] + (1 - relaxation) * old + this.#y[r];
      const z = t >= 0 ? t : (t * rowPenalty) / (rowPenalty + shortfallCost);
      this.#z[r] = z;
      this.#y[r] = t - z;
      this.#primal = Math.max(this.#primal, Math.abs(this.value[r] - z), Math.abs(z - old));
    }
  }

  /** Σ_j c_j·(P_j − P̄_j) from the blocks' rows. */
  #along(blocks: readonly Block[], count: number, r: number): number {
    let sum = 0;
    for (let b = 0; b < count; b++) {
      const block = blocks[b];
      for (let i = 0; i < block.joints.length; i++) {
        const c = this.coefficients[r * this.joints + block.joints[i]];
        if (c !== 0) sum += c * block.moved(i, this.stage[r]);
      }
    }
    return sum;
  }

  /** The same from the jerk. */
  #alongJerk(blocks: readonly Block[], count: number, r: number): number {
    const position = (positionRow + this.stage[r]) * stages;
    let sum = 0;
    for (let b = 0; b < count; b++) {
      const { joints, change } = blocks[b];
      for (let i = 0; i < joints.length; i++) {
        const c = this.coefficients[r * this.joints + joints[i]];
        if (c === 0) continue;
        for (let k = 0; k < stages; k++) sum += c * rowMatrix[position + k] * change[stages * i + k];
      }
    }
    return sum;
  }
}
