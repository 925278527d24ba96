import { ActiveSetFactor } from './active-set-factor.js';

/** How a solve ended. */
export const QpStatus = {
  solved: 0,
  /** No point satisfies all constraints. */
  infeasible: 1,
  /** The iterations allowed did not suffice. */
  iterationLimit: 2,
  /** The Hessian is not positive definite, or a value is not finite. */
  illPosed: 3,
} as const;
export type QpStatus = (typeof QpStatus)[keyof typeof QpStatus];

/**
 * Strictly convex quadratic program with two-sided constraints,
 *
 *   min ½ xᵀH x + gᵀx   subject to   lower ≤ C x ≤ upper,
 *
 * solved by the dual active-set method of Goldfarb and Idnani (Mathematical Programming 27, 1983): it starts from the
 * unconstrained minimum and adds the most violated constraint until none is left, so that it takes no iteration at all
 * where no constraint binds, and a few more than binding constraints where some do. The caller fills `hessian`,
 * `gradient`, `matrix`, `lower` and `upper` in place. Allocates nothing after construction.
 */
export class QuadraticProgram {
  /** H, row-major (n × n), symmetric; only the lower triangle is read. */
  readonly hessian: Float64Array;
  /** g (n) */
  readonly gradient: Float64Array;
  /** C, row-major (m × n) */
  readonly matrix: Float64Array;
  /** −Infinity where there is no bound (m) */
  readonly lower: Float64Array;
  /** Infinity where there is no bound (m) */
  readonly upper: Float64Array;
  /** The minimiser (n), after `solve` */
  readonly solution: Float64Array;
  /** Multipliers of the constraints (m), after `solve`: positive at a lower bound, negative at an upper one. */
  readonly multipliers: Float64Array;
  readonly #n: number;
  readonly #m: number;
  readonly #set: ActiveSetFactor;
  readonly #isActive: Uint8Array;
  readonly #step: Float64Array;
  readonly #dualStep: Float64Array;
  readonly #normal: Float64Array;
  readonly #scale: Float64Array;
  #iterations = 0;

  /** @param variables n @param constraints m */
  constructor(variables: number, constraints: number) {
    const [n, m] = [variables, constraints];
    this.#n = n;
    this.#m = m;
    this.hessian = new Float64Array(n * n);
    this.gradient = new Float64Array(n);
    this.matrix = new Float64Array(m * n);
    this.lower = new Float64Array(m).fill(Number.NEGATIVE_INFINITY);
    this.upper = new Float64Array(m).fill(Number.POSITIVE_INFINITY);
    this.solution = new Float64Array(n);
    this.multipliers = new Float64Array(m);
    this.#set = new ActiveSetFactor(n);
    this.#isActive = new Uint8Array(m);
    this.#step = new Float64Array(n);
    this.#dualStep = new Float64Array(n);
    this.#normal = new Float64Array(n);
    this.#scale = new Float64Array(m);
  }

  /** Constraints added or dropped by the last solve. */
  get iterations(): number {
    return this.#iterations;
  }

  /**
   * Solves the problem in the arrays.
   * @param limit iterations allowed; below 0 no problem is solved @param tolerance of the constraints, relative to their rows' norms
   */
  solve(limit: number, tolerance = 1e-9): QpStatus {
    const n = this.#n;
    const { matrix, solution, multipliers } = this;
    const set = this.#set;
    this.#iterations = 0;
    this.#isActive.fill(0);
    multipliers.fill(0);
    if (!set.reset(this.hessian)) return QpStatus.illPosed;
    // Without constraints the primal step along g is J Jᵀg = H⁻¹g.
    set.directions(this.gradient, this.#step, this.#dualStep);
    let finite = 0;
    for (let k = 0; k < n; k++) {
      solution[k] = -this.#step[k];
      finite += solution[k] - solution[k];
    }
    if (finite !== 0) return QpStatus.illPosed;
    if (limit < 0) return QpStatus.iterationLimit;
    for (let i = 0; i < this.#m; i++) {
      let squared = 0;
      for (let k = 0; k < n; k++) squared += matrix[i * n + k] ** 2;
      this.#scale[i] = squared > 0 ? 1 / Math.sqrt(squared) : 0;
    }
    for (;;) {
      const constraint = this.#mostViolated(tolerance);
      if (constraint < 0) break;
      const status = this.#add(constraint, limit);
      if (status !== QpStatus.solved) return status;
    }
    finite = 0;
    for (let k = 0; k < n; k++) finite += solution[k] - solution[k];
    if (finite !== 0) return QpStatus.illPosed;
    for (let k = 0; k < set.count; k++) multipliers[set.members[k]] = set.side[k] * set.multiplier[k];
    return QpStatus.solved;
  }

  /** @returns the inactive constraint that is violated most, or -1 */
  #mostViolated(tolerance: number): number {
    const n = this.#n;
    const { matrix, lower, upper, solution } = this;
    let worst = -1;
    let least = -tolerance;
    for (let i = 0; i < this.#m; i++) {
      if (this.#isActive[i] !== 0) continue;
      let value = 0;
      for (let k = 0; k < n; k++) value += matrix[i * n + k] * solution[k];
      const slack = Math.min(value - lower[i], upper[i] - value) * this.#scale[i];
      if (slack < least) {
        least = slack;
        worst = i;
      }
    }
    return worst;
  }

  /** Moves to the minimum on the active set with `constraint`; drops those whose multipliers would turn negative. */
  #add(constraint: number, limit: number): QpStatus {
    const n = this.#n;
    const { matrix, lower, upper, solution } = this;
    const set = this.#set;
    const normal = this.#normal;
    let value = 0;
    for (let k = 0; k < n; k++) value += matrix[constraint * n + k] * solution[k];
    const side = value < lower[constraint] ? 1 : -1;
    const bound = side > 0 ? lower[constraint] : -upper[constraint];
    for (let k = 0; k < n; k++) normal[k] = side * matrix[constraint * n + k];
    let multiplier = 0;
    for (;;) {
      if (++this.#iterations > limit) return QpStatus.iterationLimit;
      set.directions(normal, this.#step, this.#dualStep);
      let dualLength = Number.POSITIVE_INFINITY;
      let drop = -1;
      for (let k = 0; k < set.count; k++) {
        if (this.#dualStep[k] > 1e-14 && set.multiplier[k] / this.#dualStep[k] < dualLength) {
          dualLength = set.multiplier[k] / this.#dualStep[k];
          drop = k;
        }
      }
      let curvature = 0;
      let slack = -bound;
      let size = 0;
      for (let k = 0; k < n; k++) {
        curvature += this.#step[k] * normal[k];
        slack += solution[k] * normal[k];
        size += set.image[k] ** 2;
      }
      const primalLength = curvature > 1e-12 * size ? -slack / curvature : Number.POSITIVE_INFINITY;
      const length = Math.min(dualLength, primalLength);
      if (length === Number.POSITIVE_INFINITY) return QpStatus.infeasible;
      if (primalLength !== Number.POSITIVE_INFINITY) {
        for (let k = 0; k < n; k++) solution[k] += length * this.#step[k];
      }
      for (let k = 0; k < set.count; k++) set.multiplier[k] -= length * this.#dualStep[k];
      multiplier += length;
      if (length === primalLength) {
        set.add(constraint, side, multiplier);
        this.#isActive[constraint] = 1;
        return QpStatus.solved;
      }
      this.#isActive[set.members[drop]] = 0;
      set.remove(drop);
    }
  }
}
