/**
 * Factors of an active set of constraints in the metric of a Hessian H = LLᵀ (n × n): J = L⁻ᵀQ with JᵀN = [R; 0] for
 * the active normals N, updated by plane rotations as constraints come and go. Allocates nothing after construction.
 */
export class ActiveSetFactor {
  /** Constraints in the set, in the order of R's columns. */
  readonly members: Int32Array;
  /** What each member carries along: 1 at its lower bound, −1 at its upper one; its multiplier. */
  readonly side: Float64Array;
  readonly multiplier: Float64Array;
  /** d = Jᵀn of the last `directions`. */
  readonly image: Float64Array;
  readonly #n: number;
  readonly #j: Float64Array;
  readonly #lower: Float64Array;
  readonly #r: Float64Array;
  #count = 0;

  /** @param variables n */
  constructor(variables: number) {
    const n = variables;
    this.#n = n;
    this.members = new Int32Array(n);
    this.side = new Float64Array(n);
    this.multiplier = new Float64Array(n);
    this.image = new Float64Array(n);
    this.#j = new Float64Array(n * n);
    this.#lower = new Float64Array(n * n);
    this.#r = new Float64Array(n * n);
  }

  /** Constraints in the set. */
  get count(): number {
    return this.#count;
  }

  /** Empties the set and factors a Hessian (row-major; its lower triangle). @returns whether it is positive definite */
  reset(hessian: Float64Array): boolean {
    const n = this.#n;
    const l = this.#lower;
    const j = this.#j;
    this.#count = 0;
    for (let i = 0; i < n; i++) {
      for (let k = 0; k <= i; k++) {
        let sum = hessian[i * n + k];
        for (let p = 0; p < k; p++) sum -= l[i * n + p] * l[k * n + p];
        if (i !== k) {
          l[i * n + k] = sum / l[k * n + k];
        } else {
          if (!(sum > 0)) return false;
          l[i * n + i] = Math.sqrt(sum);
        }
      }
    }
    // Column c of L⁻¹ is row c of J.
    j.fill(0);
    for (let c = 0; c < n; c++) {
      for (let i = c; i < n; i++) {
        let sum = i === c ? 1 : 0;
        for (let p = c; p < i; p++) sum -= l[i * n + p] * j[c * n + p];
        j[c * n + i] = sum / l[i * n + i];
      }
    }
    return true;
  }

  /** Steps for the normal n of a constraint: d = Jᵀn, primal z = J₂d₂, dual r = R⁻¹d₁. */
  directions(normal: Float64Array, primal: Float64Array, dual: Float64Array): void {
    const n = this.#n;
    const q = this.#count;
    const j = this.#j;
    const d = this.image;
    for (let c = 0; c < n; c++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += j[i * n + c] * normal[i];
      d[c] = sum;
    }
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let c = q; c < n; c++) sum += j[i * n + c] * d[c];
      primal[i] = sum;
    }
    for (let k = q - 1; k >= 0; k--) {
      let sum = d[k];
      for (let c = k + 1; c < q; c++) sum -= this.#r[k * n + c] * dual[c];
      dual[k] = sum / this.#r[k * n + k];
    }
  }

  /** Adds the constraint of the last `directions`: rotations of J's last columns leave one entry of d₂. */
  add(constraint: number, side: number, multiplier: number): void {
    const n = this.#n;
    const q = this.#count;
    const d = this.image;
    for (let c = n - 1; c > q; c--) {
      const length = Math.sqrt(d[c - 1] * d[c - 1] + d[c] * d[c]);
      if (length === 0) continue;
      this.#rotate(c - 1, d[c - 1] / length, d[c] / length);
      d[c - 1] = length;
      d[c] = 0;
    }
    for (let k = 0; k <= q; k++) this.#r[k * n + q] = d[k];
    this.members[q] = constraint;
    this.side[q] = side;
    this.multiplier[q] = multiplier;
    this.#count = q + 1;
  }

  /** Removes the member of a column of R and makes R triangular again. */
  remove(index: number): void {
    const n = this.#n;
    const r = this.#r;
    const last = --this.#count;
    for (let c = index; c < last; c++) {
      this.members[c] = this.members[c + 1];
      this.side[c] = this.side[c + 1];
      this.multiplier[c] = this.multiplier[c + 1];
      for (let k = 0; k <= c + 1; k++) r[k * n + c] = r[k * n + c + 1];
    }
    for (let k = index; k < last; k++) {
      const a = r[k * n + k];
      const b = r[(k + 1) * n + k];
      const length = Math.sqrt(a * a + b * b);
      const cosine = a / length;
      const sine = b / length;
      for (let c = k; c < last; c++) {
        const upper = r[k * n + c];
        const lower = r[(k + 1) * n + c];
        r[k * n + c] = cosine * upper + sine * lower;
        r[(k + 1) * n + c] = cosine * lower - sine * upper;
      }
      this.#rotate(k, cosine, sine);
    }
  }

  /** Rotates columns c and c + 1 of J. */
  #rotate(c: number, cosine: number, sine: number): void {
    const n = this.#n;
    const j = this.#j;
    for (let i = 0; i < n; i++) {
      const first = j[i * n + c];
      const second = j[i * n + c + 1];
      j[i * n + c] = cosine * first + sine * second;
      j[i * n + c + 1] = cosine * second - sine * first;
    }
  }
}
