import { accelerationRow, integrate, positionRow, rowCount, stages, velocityRow } from './joint-chain.js';
import { eigenSymmetric, factorCholesky } from './symmetric.js';

/** Directions in which the jerk of a chain may change so that it still ends at rest: 20 less two conditions. */
export const modes = stages - 2;

/** Weight of tracking at the end of each stage: in full for half the horizon, then fading, for there the chain brakes. */
export const stageWeight = Float64Array.from({ length: stages }, (_, k) =>
  k < stages / 2 ? 1 : Math.max(0.02, 1 - (k + 1 - stages / 2) / 8),
);

/**
 * Weight of velocity beside position tracking, (τ/S)²: in time τ = 20 ms a chain meets a target that jumps, without
 * overshoot; one that moves is followed without lag, for its velocity is tracked as well.
 */
export const velocityCost = 0.16;

/** Cost of jerk² and acceleration² of a stage, in the units of a chain. */
export const jerkCost = 5e-4;
export const accelerationCost = 1e-4;

/** Penalties of the splitting: a few fixed ones, each factorised at start-up. */
export const penalties: readonly number[] = [0.02, 0.1, 0.5, 2, 8];

/** Share of the penalty on jerk, acceleration, velocity and position rows. */
const shares = [0.1, 1, 0.3, 0.1] as const;

/** Penalty of each row at penalty 1. */
export const rowShare = Float64Array.from({ length: rowCount }, (_, i) => shares[Math.floor(i / stages)]);

/** Rows over jerk, C (80 × 20, row-major). */
export const rowMatrix = columns();

/**
 * For one penalty ρ: a basis X (20 × 18) of the changes of jerk that leave the chain at rest in the end, in which both
 * parts of the cost are diagonal,
 *   Xᵀ·R·X = 1,  Xᵀ·T·X = Γ,   R = ε_j·1 + ε_a·AᵀA + ρ·Cᵀ·diag(share)·C,   T = PᵀDP + κ·VᵀDV,
 * A, V, P the acceleration, velocity and position rows and D the stage weights. Then (λ·T + R)⁻¹ on that space is
 * X·diag(1/(λΓ + 1))·Xᵀ for every λ, so that joints which a matrix Q couples, Q ⊗ T + 1 ⊗ R, need only the
 * eigenvectors of Q.
 */
export class ModalBasis {
  /** X, row-major (20 × 18), and its transpose. */
  readonly basis: Float64Array;
  readonly transposed: Float64Array;
  /** Γ */
  readonly gain: Float64Array;
  /** The inverse for λ = 1 (20 × 20): one joint that tracks its own target. */
  readonly inverse: Float64Array;

  /** @param penalty ρ; 0 for the problem without limits */
  constructor(penalty: number) {
    const n = modes;
    const tracking = new Float64Array(stages * stages);
    const rest = new Float64Array(stages * stages);
    for (let row = 0; row < rowCount; row++) {
      const kind = Math.floor(row / stages);
      const weight =
        penalty * rowShare[row] +
        (kind === 0 ? jerkCost : 0) +
        (kind === accelerationRow / stages ? accelerationCost : 0);
      const track = trackingWeight(row);
      for (let i = 0; i < stages; i++) {
        for (let j = 0; j < stages; j++) {
          const product = rowMatrix[row * stages + i] * rowMatrix[row * stages + j];
          rest[i * stages + j] += weight * product;
          tracking[i * stages + j] += track * product;
        }
      }
    }
    const free = restBasis();
    const r = reduce(rest, free);
    const t = reduce(tracking, free);
    factorCholesky(r, n);
    // L⁻¹·ZᵀTZ·L⁻ᵀ = E·Γ·Eᵀ, X = Z·L⁻ᵀ·E
    for (let side = 0; side < 2; side++) {
      for (let c = 0; c < n; c++) {
        for (let i = 0; i < n; i++) {
          let sum = t[i * n + c];
          for (let j = 0; j < i; j++) sum -= r[i * n + j] * t[j * n + c];
          t[i * n + c] = sum / r[i * n + i];
        }
      }
      transpose(t, n);
    }
    const vectors = new Float64Array(n * n);
    eigenSymmetric(t, n, vectors);
    this.gain = Float64Array.from({ length: n }, (_, i) => Math.max(0, t[i * (n + 1)]));
    for (let c = 0; c < n; c++) {
      for (let i = n - 1; i >= 0; i--) {
        let sum = vectors[i * n + c];
        for (let j = i + 1; j < n; j++) sum -= r[j * n + i] * vectors[j * n + c];
        vectors[i * n + c] = sum / r[i * n + i];
      }
    }
    this.basis = new Float64Array(stages * n);
    this.transposed = new Float64Array(n * stages);
    this.inverse = new Float64Array(stages * stages);
    for (let i = 0; i < stages; i++) {
      for (let c = 0; c < n; c++) {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += free[i * n + j] * vectors[j * n + c];
        this.basis[i * n + c] = sum;
        this.transposed[c * stages + i] = sum;
      }
    }
    for (let i = 0; i < stages; i++) {
      for (let j = 0; j < stages; j++) {
        for (let c = 0; c < n; c++) {
          this.inverse[i * stages + j] += (this.basis[i * n + c] * this.basis[j * n + c]) / (1 + this.gain[c]);
        }
      }
    }
  }
}

/** The problem without limits, and one basis a penalty. */
export const freeBasis = new ModalBasis(0);
export const penaltyBases: readonly ModalBasis[] = penalties.map((penalty) => new ModalBasis(penalty));

/** Weight of tracking on a row. */
export function trackingWeight(row: number): number {
  if (row < velocityRow) return 0;
  const weight = stageWeight[row % stages];
  return row < positionRow ? velocityCost * weight : weight;
}

function columns(): Float64Array {
  const matrix = new Float64Array(rowCount * stages);
  const jerk = new Float64Array(stages);
  const rows = new Float64Array(rowCount);
  for (let i = 0; i < stages; i++) {
    jerk.fill(0);
    jerk[i] = 1;
    integrate(jerk, 0, 0, 0, 0, rows, 0);
    for (let row = 0; row < rowCount; row++) matrix[row * stages + i] = rows[row];
  }
  return matrix;
}

/**
 * Orthonormal basis (20 × 18, row-major) of the jerks with V₂₀ = A₂₀ = 0: Gram and Schmidt on the two conditions and
 * the unit vectors.
 */
function restBasis(): Float64Array {
  const found: Float64Array[] = [];
  const last = stages - 1;
  const candidates = [velocityRow + last, accelerationRow + last].map((row) =>
    rowMatrix.slice(row * stages, (row + 1) * stages),
  );
  for (let i = 0; i < stages; i++) candidates.push(Float64Array.from({ length: stages }, (_, k) => (k === i ? 1 : 0)));
  for (const vector of candidates) {
    // Twice, for the rounding of the first pass.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of found) {
        const along = vector.reduce((sum, value, k) => sum + value * other[k], 0);
        for (let k = 0; k < stages; k++) vector[k] -= along * other[k];
      }
    }
    const norm = Math.hypot(...vector);
    if (norm > 1e-6 && found.length < stages) found.push(vector.map((value) => value / norm));
  }
  const basis = new Float64Array(stages * modes);
  for (let i = 0; i < stages; i++) for (let c = 0; c < modes; c++) basis[i * modes + c] = found[c + 2][i];
  return basis;
}

/** Zᵀ·M·Z (18 × 18) of M (20 × 20). */
function reduce(matrix: Float64Array, free: Float64Array): Float64Array {
  const out = new Float64Array(modes * modes);
  for (let a = 0; a < modes; a++) {
    for (let b = 0; b < modes; b++) {
      let sum = 0;
      for (let i = 0; i < stages; i++) {
        for (let j = 0; j < stages; j++) sum += free[i * modes + a] * matrix[i * stages + j] * free[j * modes + b];
      }
      out[a * modes + b] = sum;
    }
  }
  return out;
}

function transpose(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const swapped = a[i * n + j];
      a[i * n + j] = a[j * n + i];
      a[j * n + i] = swapped;
    }
  }
}
