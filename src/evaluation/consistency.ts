import { lusolve } from 'mathjs';
import type { ContactFilter } from '../estimation/contact-filter.js';
import { ERROR_SIZE, Part } from '../estimation/error-covariance.js';
import { multiplyByTransposed, rotate } from '../math/rotation.js';

/** How a base truly moves: rotation row-major, m/s and m, in odom. */
export interface TrueMotion {
  readonly rotation: Float64Array;
  readonly velocity: Float64Array;
  readonly position: Float64Array;
}

/** Numbers of the error that `filterError` writes. */
export const MOTION_SIZE = 9;

/** The filter's error (ξ_R, ξ_v, ξ_p): exp(ξ_R) = R̂·Rᵀ, ξ_v = v̂ − exp(ξ_R)·v, ξ_p likewise. */
export function filterError(filter: ContactFilter, truth: TrueMotion): Float64Array {
  const error = new Float64Array(MOTION_SIZE);
  const turn = new Float64Array(9);
  multiplyByTransposed(filter.rotation, truth.rotation, turn);
  error.set([(turn[7] - turn[5]) / 2, (turn[2] - turn[6]) / 2, (turn[3] - turn[1]) / 2]);
  const expected = new Float64Array(3);
  for (const [part, actual, exact] of [
    [Part.velocity, filter.velocity, truth.velocity],
    [Part.position, filter.position, truth.position],
  ] as const) {
    rotate(turn, exact, expected);
    for (let k = 0; k < 3; k++) error[part + k] = actual[k] - expected[k];
  }
  return error;
}

/**
 * Normalised estimation error squared, ξᵀ·P⁻¹·ξ: {@link MOTION_SIZE} on average where the covariance is true, more where
 * the filter believes itself too much (Y. Bar-Shalom et al., "Estimation with Applications to Tracking and Navigation",
 * 2001, section 5.4).
 */
export function normalisedError(filter: ContactFilter, truth: TrueMotion): number {
  const indices = Array.from({ length: MOTION_SIZE }, (_, k) => k);
  const block = indices.map((i) => indices.map((j) => filter.covariance[i * ERROR_SIZE + j]));
  const error = [...filterError(filter, truth)];
  const solved = lusolve(block, error) as number[][];
  return error.reduce((sum, value, k) => sum + value * solved[k][0], 0);
}
