import { stages } from './joint-chain.js';
import { type ModalBasis, modes } from './modal-basis.js';
import { eigenSymmetric } from './symmetric.js';

/**
 * Solves K·x = b for joints that a matrix Q couples, K = Q ⊗ T + 1 ⊗ R on the changes of jerk that leave the chains at
 * rest, by the eigenvectors of Q and a {@link ModalBasis}. Allocates nothing after construction.
 */
export class ModalSolver {
  readonly #coupling: Float64Array;
  readonly #size: number;
  readonly #modal: Float64Array;
  readonly #mixed: Float64Array;
  readonly #work: Float64Array;
  /** Q = V·diag(λ)·Vᵀ */
  readonly #vectors: Float64Array;
  readonly #values: Float64Array;

  /** @param coupling Q, symmetric positive definite, row-major; a live view @param size joints */
  constructor(coupling: Float64Array, size: number) {
    this.#coupling = coupling;
    this.#size = size;
    this.#modal = new Float64Array(size * modes);
    this.#mixed = new Float64Array(size * modes);
    this.#work = new Float64Array(size * size);
    this.#vectors = new Float64Array(size * size);
    this.#values = new Float64Array(size);
  }

  /** Takes Q as it stands. For one joint it is 1. */
  factor(): void {
    const n = this.#size;
    if (n === 1) return;
    this.#work.set(this.#coupling);
    eigenSymmetric(this.#work, n, this.#vectors);
    for (let i = 0; i < n; i++) this.#values[i] = Math.max(0, this.#work[i * (n + 1)]);
  }

  /** K⁻¹·right = (V ⊗ X)·diag(1/(λΓ + 1))·(V ⊗ X)ᵀ·right; both joints × 20. */
  solve(basis: ModalBasis, right: Float64Array, out: Float64Array): void {
    const n = this.#size;
    if (n === 1) {
      multiply(basis.inverse, right, 0, out, 0, stages, stages);
      return;
    }
    const modal = this.#modal;
    const mixed = this.#mixed;
    const vectors = this.#vectors;
    for (let i = 0; i < n; i++) multiply(basis.transposed, right, stages * i, modal, modes * i, modes, stages);
    mixed.fill(0);
    for (let i = 0; i < n; i++) {
      for (let v = 0; v < n; v++) {
        const share = vectors[i * n + v];
        for (let c = 0; c < modes; c++) mixed[modes * v + c] += share * modal[modes * i + c];
      }
    }
    modal.fill(0);
    for (let v = 0; v < n; v++) {
      const value = this.#values[v];
      for (let c = 0; c < modes; c++) mixed[modes * v + c] /= value * basis.gain[c] + 1;
      for (let i = 0; i < n; i++) {
        const share = vectors[i * n + v];
        for (let c = 0; c < modes; c++) modal[modes * i + c] += share * mixed[modes * v + c];
      }
    }
    for (let i = 0; i < n; i++) multiply(basis.basis, modal, modes * i, out, stages * i, stages, modes);
  }
}

/** out (from `to`) = matrix (rows × columns)·vector (from `from`). */
function multiply(
  matrix: Float64Array,
  vector: Float64Array,
  from: number,
  out: Float64Array,
  to: number,
  rows: number,
  columns: number,
): void {
  for (let r = 0, i = 0; r < rows; r++) {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += matrix[i++] * vector[from + c];
    out[to + r] = sum;
  }
}
