/**
 * Solves A X = B in place by Gaussian elimination with partial pivoting: X replaces B, A is destroyed. Allocates nothing.
 * @param a row-major (n × n) @param b row-major (n × columns)
 * @returns whether A is regular: no pivot below `least`
 */
export function solveLinear(a: Float64Array, b: Float64Array, n: number, columns: number, least = 1e-9): boolean {
  for (let p = 0; p < n; p++) {
    let row = p;
    for (let i = p + 1; i < n; i++) if (Math.abs(a[i * n + p]) > Math.abs(a[row * n + p])) row = i;
    if (!(Math.abs(a[row * n + p]) > least)) return false;
    if (row !== p) {
      swapRows(a, n, row, p);
      swapRows(b, columns, row, p);
    }
    const inverse = 1 / a[p * n + p];
    for (let i = p + 1; i < n; i++) {
      const factor = a[i * n + p] * inverse;
      if (factor === 0) continue;
      for (let c = p + 1; c < n; c++) a[i * n + c] -= factor * a[p * n + c];
      for (let c = 0; c < columns; c++) b[i * columns + c] -= factor * b[p * columns + c];
    }
  }
  for (let p = n - 1; p >= 0; p--) {
    const inverse = 1 / a[p * n + p];
    for (let c = 0; c < columns; c++) {
      let sum = b[p * columns + c];
      for (let k = p + 1; k < n; k++) sum -= a[p * n + k] * b[k * columns + c];
      b[p * columns + c] = sum * inverse;
    }
  }
  return true;
}

function swapRows(matrix: Float64Array, columns: number, i: number, k: number): void {
  for (let c = 0; c < columns; c++) {
    const value = matrix[i * columns + c];
    matrix[i * columns + c] = matrix[k * columns + c];
    matrix[k * columns + c] = value;
  }
}
