import { accelerationRow, rowCount, stages, velocityRow } from '../../../src/planning/mpc/joint-chain.js';
import { accelerationCost, jerkCost, rowMatrix, trackingWeight } from '../../../src/planning/mpc/modal-basis.js';

/** A problem of a few joints as dense matrices over jerk, stages within joints. */
export interface DenseProblem {
  readonly joints: number;
  /** Q, joints × joints. */
  readonly coupling: readonly (readonly number[])[];
  /** Rows at zero jerk, joints × 80. */
  readonly free: Float64Array;
  /** Targets of V and P, joints × 40. */
  readonly target: Float64Array;
  /** Limits of the rows, joints × 80. */
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/**
 * Solves min ½uᵀHu + gᵀu, E·u = e, low ≤ C·u + free ≤ high, by coordinate ascent on the dual (Hildreth, 1957): slow,
 * simple and unlike the solver under test.
 */
export function solveDense(problem: DenseProblem, sweeps: number): Float64Array {
  const { joints, coupling, free, target, low, high } = problem;
  const n = joints * stages;
  const hessian = zeros(n, n);
  const gradient = new Array<number>(n).fill(0);
  const cost = (row: number) => (row < stages ? jerkCost : row < velocityRow ? accelerationCost : 0);
  for (let a = 0; a < joints; a++) {
    for (let row = 0; row < rowCount; row++) {
      const entries = rowMatrix.subarray(row * stages, (row + 1) * stages);
      for (let i = 0; i < stages; i++) {
        gradient[a * stages + i] += entries[i] * cost(row) * free[a * rowCount + row];
        for (let k = 0; k < stages; k++) hessian[a * stages + i][a * stages + k] += cost(row) * entries[i] * entries[k];
        for (let b = 0; b < joints; b++) {
          const weight = trackingWeight(row) * coupling[a][b];
          if (weight === 0) continue;
          const away = free[b * rowCount + row] - target[b * 2 * stages + row - velocityRow];
          gradient[a * stages + i] += weight * entries[i] * away;
          for (let k = 0; k < stages; k++) hessian[a * stages + i][b * stages + k] += weight * entries[i] * entries[k];
        }
      }
    }
  }
  // Constraints as rows c·u ≤ d; the equalities have multipliers of either sign.
  const constraints: { c: Float64Array; d: number; equality: boolean }[] = [];
  for (let j = 0; j < joints; j++) {
    for (let row = 0; row < rowCount; row++) {
      const c = new Float64Array(n);
      for (let i = 0; i < stages; i++) c[j * stages + i] = rowMatrix[row * stages + i];
      const at = j * rowCount + row;
      if (row === accelerationRow + stages - 1 || row === velocityRow + stages - 1) {
        constraints.push({ c, d: -free[at], equality: true });
        continue;
      }
      if (Number.isFinite(high[at])) constraints.push({ c, d: high[at] - free[at], equality: false });
      if (Number.isFinite(low[at])) constraints.push({ c: c.map((x) => -x), d: free[at] - low[at], equality: false });
    }
  }
  const inverse = invert(hessian);
  const times = (m: number[][], v: ArrayLike<number>) => m.map((row) => row.reduce((sum, x, i) => sum + x * v[i], 0));
  const u = Float64Array.from(times(inverse, gradient), (x) => -x);
  const columns = constraints.map(({ c }) => Float64Array.from(times(inverse, c)));
  const gram = constraints.map(({ c }, i) => c.reduce((sum, x, k) => sum + x * columns[i][k], 0));
  const multipliers = new Float64Array(constraints.length);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    constraints.forEach(({ c, d, equality }, i) => {
      let excess = -d;
      const column = columns[i];
      for (let k = 0; k < n; k++) excess += c[k] * u[k];
      const next = multipliers[i] + excess / gram[i];
      const change = (equality ? next : Math.max(0, next)) - multipliers[i];
      if (change === 0) return;
      multipliers[i] += change;
      for (let k = 0; k < n; k++) u[k] -= change * column[k];
    });
  }
  return u;
}

function zeros(rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
}

/** Gauss and Jordan with pivoting. */
function invert(matrix: number[][]): number[][] {
  const n = matrix.length;
  const a = matrix.map((row, i) => [...row, ...Array.from({ length: n }, (_, k) => (k === i ? 1 : 0))]);
  for (let i = 0; i < n; i++) {
    const pivot = a.slice(i).reduce((best, row, k) => (Math.abs(row[i]) > Math.abs(a[best][i]) ? i + k : best), i);
    [a[i], a[pivot]] = [a[pivot], a[i]];
    const scale = a[i][i];
    a[i] = a[i].map((x) => x / scale);
    for (let k = 0; k < n; k++) {
      if (k === i || a[k][i] === 0) continue;
      const factor = a[k][i];
      a[k] = a[k].map((x, c) => x - factor * a[i][c]);
    }
  }
  return a.map((row) => row.slice(n));
}
