import type { ContactFilter } from './contact-filter.js';
import { ERROR_SIZE, Part } from './error-covariance.js';

const SIZE = 6;

/**
 * Covariance of base_link's pose as ROS has it: position and rotation about the fixed axes of odom, row-major 6 × 6 in
 * `out`. With the filter's error, p̂ − p = ξ_p + ξ_R × p, that is δ = (1 −[p]×; 0 1)·(ξ_p, ξ_R).
 */
export function poseCovariance({ covariance: c, position: p }: ContactFilter, out: Float64Array): void {
  const index = (i: number): number => (i < 3 ? Part.position + i : Part.orientation + i - 3);
  const at = (i: number, j: number): number => c[index(i) * ERROR_SIZE + index(j)];
  const shift = [0, p[2], -p[1], -p[2], 0, p[0], p[1], -p[0], 0];
  const turned = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j < SIZE; j++) {
      let sum = at(i, j);
      if (i < 3) for (let k = 0; k < 3; k++) sum += shift[3 * i + k] * at(3 + k, j);
      turned[i * SIZE + j] = sum;
    }
  }
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j < SIZE; j++) {
      let sum = turned[i * SIZE + j];
      if (j < 3) for (let k = 0; k < 3; k++) sum += turned[i * SIZE + 3 + k] * shift[3 * j + k];
      out[i * SIZE + j] = sum;
    }
  }
}

/**
 * Covariance of base_link's velocity and angular velocity in its own axes, row-major 6 × 6 in `out`: the velocity's
 * error is Rᵀ·ξ_v, that of the angular velocity the gyro's bias and noise.
 * @param noise of the gyro, rad/s
 */
export function twistCovariance({ covariance: c, rotation: r }: ContactFilter, noise: number, out: Float64Array): void {
  out.fill(0);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      let sum = 0;
      for (let k = 0; k < 3; k++) {
        for (let l = 0; l < 3; l++) {
          sum += r[3 * k + i] * c[(Part.velocity + k) * ERROR_SIZE + Part.velocity + l] * r[3 * l + j];
        }
      }
      out[i * SIZE + j] = sum;
      out[(3 + i) * SIZE + 3 + j] = c[(Part.gyroBias + i) * ERROR_SIZE + Part.gyroBias + j];
    }
    out[(3 + i) * (SIZE + 1)] += noise * noise;
  }
}
