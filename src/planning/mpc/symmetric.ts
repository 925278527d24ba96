/**
 * Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations, cyclic (Golub and Van Loan, "Matrix
 * Computations", section 8.5). Allocates nothing.
 * @param a n × n, row-major; its diagonal becomes the eigenvalues, the rest is spoilt
 * @param vectors n × n, written: column i is the eigenvector of eigenvalue i
 */
export function eigenSymmetric(a: Float64Array, n: number, vectors: Float64Array): void {
  vectors.fill(0);
  for (let i = 0; i < n; i++) vectors[i * (n + 1)] = 1;
  for (let sweep = 0; sweep < 30; sweep++) {
    let rest = 0;
    let scale = 0;
    for (let p = 0; p < n; p++) {
      scale = Math.max(scale, Math.abs(a[p * (n + 1)]));
      for (let q = p + 1; q < n; q++) rest = Math.max(rest, Math.abs(a[p * n + q]));
    }
    if (rest <= 1e-15 * scale) return;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, n, vectors, p, q);
  }
}

/** One rotation that makes a[p][q] zero. */
function rotate(a: Float64Array, n: number, vectors: Float64Array, p: number, q: number): void {
  const off = a[p * n + q];
  if (off === 0) return;
  const ratio = (a[q * (n + 1)] - a[p * (n + 1)]) / (2 * off);
  const tangent = (ratio >= 0 ? 1 : -1) / (Math.abs(ratio) + Math.sqrt(ratio * ratio + 1));
  const c = 1 / Math.sqrt(tangent * tangent + 1);
  const s = tangent * c;
  for (let k = 0; k < n; k++) {
    const x = a[k * n + p];
    const y = a[k * n + q];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const x = a[p * n + k];
    const y = a[q * n + k];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const x = vectors[k * n + p];
    const y = vectors[k * n + q];
    vectors[k * n + p] = c * x - s * y;
    vectors[k * n + q] = s * x + c * y;
  }
}

/**
 * Cholesky factor of a symmetric positive definite matrix (row-major, leading dimension `stride`), in place in the
 * lower triangle. @returns whether it is positive definite
 */
export function factorCholesky(a: Float64Array, n: number, stride = n): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * stride + j];
      for (let k = 0; k < j; k++) sum -= a[i * stride + k] * a[j * stride + k];
      if (i > j) a[i * stride + j] = sum / a[j * stride + j];
      else if (sum > 0) a[i * stride + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** Solves L·Lᵀ·x = b in place with the factor of {@link factorCholesky}. */
export function solveCholesky(factor: Float64Array, n: number, x: Float64Array, stride = n): void {
  for (let i = 0; i < n; i++) {
    let sum = x[i];
    for (let j = 0; j < i; j++) sum -= factor[i * stride + j] * x[j];
    x[i] = sum / factor[i * stride + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i];
    for (let j = i + 1; j < n; j++) sum -= factor[j * stride + i] * x[j];
    x[i] = sum / factor[i * stride + i];
  }
}
