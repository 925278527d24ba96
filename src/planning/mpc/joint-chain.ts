/**
 * A joint over the horizon: a chain of three integrators that jerk drives. Every joint is scaled by its own limits, so
 * that one set of matrices serves all 75:
 *   u = jerk·Tₐ·T_j/v̂,  A = acceleration·Tₐ/v̂,  V = velocity/v̂,  P = position/(v̂·S)   with v̂ the velocity limit.
 * In these units the limits on u, A and V are ±1.
 */

/** Stages of the horizon. */
export const stages = 20;
/** Length of a stage, s. */
export const stageTime = 0.01;
/** Tₐ: velocity limit / acceleration limit, s; as in the 1 kHz loop. */
export const accelerationTime = 0.05;
/** T_j: acceleration limit / jerk limit, s. */
export const jerkTime = 0.03;
/** S: time at the velocity limit that makes one unit of position, s. */
export const positionTime = 0.05;

/** Numbers of one joint over the horizon: u of stages 0…19, then A, V and P at the ends of the stages. */
export const rowCount = 4 * stages;
export const accelerationRow = stages;
export const velocityRow = 2 * stages;
export const positionRow = 3 * stages;

/** State of a joint: P, V, A. */
export const stateSize = 3;

/** A⁺ = A + α·u,  V⁺ = V + β·A + γ·u,  P⁺ = P + δ·V + ε·A + ζ·u. */
const alpha = stageTime / jerkTime;
const beta = stageTime / accelerationTime;
const gamma = stageTime ** 2 / (2 * accelerationTime * jerkTime);
const delta = stageTime / positionTime;
const epsilon = stageTime ** 2 / (2 * positionTime * accelerationTime);
const zeta = stageTime ** 3 / (6 * positionTime * accelerationTime * jerkTime);

/** The same, for those who write the problem down: the rows of P⁺, V⁺, A⁺ over (P, V, A, u). */
export const transition: readonly (readonly number[])[] = [
  [1, delta, epsilon, zeta],
  [0, 1, beta, gamma],
  [0, 0, 1, alpha],
];

/**
 * Writes the rows of a chain that starts at (p, v, a) and is driven by `jerk` (20 from `from`) into `rows` (80 from
 * `to`).
 */
export function integrate(
  jerk: Float64Array,
  from: number,
  p: number,
  v: number,
  a: number,
  rows: Float64Array,
  to: number,
): void {
  for (let k = 0; k < stages; k++) {
    const u = jerk[from + k];
    p += delta * v + epsilon * a + zeta * u;
    v += beta * a + gamma * u;
    a += alpha * u;
    rows[to + k] = u;
    rows[to + accelerationRow + k] = a;
    rows[to + velocityRow + k] = v;
    rows[to + positionRow + k] = p;
  }
}

/** The transposed map: what weights on the rows (80 from `from`) are worth in jerk (20 from `to`). */
export function integrateTransposed(weights: Float64Array, from: number, out: Float64Array, to: number): void {
  let p = 0;
  let v = 0;
  let a = 0;
  for (let k = stages - 1; k >= 0; k--) {
    // The co-state at the end of stage k, first carried back over stage k + 1.
    a += beta * v + epsilon * p;
    v += delta * p;
    p += weights[from + positionRow + k];
    v += weights[from + velocityRow + k];
    a += weights[from + accelerationRow + k];
    out[to + k] = weights[from + k] + alpha * a + gamma * v + zeta * p;
  }
}
