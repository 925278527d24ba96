import { matrixFromQuaternion, rotate, turnQuaternion } from '../math/rotation.js';
import { ERROR_SIZE, type FilterNoise, GRAVITY, inflate, Part, predictCovariance } from './error-covariance.js';

/**
 * Kalman filter of the base's motion: base_link's orientation R, velocity v and position p in odom, the soles'
 * positions d₀, d₁ there, and the biases of gyro and accelerometer. States and measurements are those of M. Bloesch et
 * al., "State Estimation for Legged Robots – Consistent Fusion of Leg Kinematics and IMU" (RSS 2012). That paper has to
 * constrain its filter so that heading and absolute position, which nothing measures, do not seem to become known;
 * here the error is the right-invariant one of R. Hartley et al., "Contact-aided invariant extended Kalman filtering
 * for robot state estimation" (IJRR 2020), which has that property by itself, and makes the measurement's Jacobian
 * constant:
 *
 *   R̂ = exp(ξ_R)·R,  v̂ = exp(ξ_R)·v + ξ_v,  p̂ = exp(ξ_R)·p + ξ_p,  d̂ = exp(ξ_R)·d + ξ_d,  b̂ = b + ζ
 *
 * Real-time safe: nothing is allocated after construction.
 */
export class ContactFilter {
  /** Orientation of base_link in odom: quaternion x, y, z, w, and the same as a row-major matrix. */
  readonly orientation = Float64Array.of(0, 0, 0, 1);
  readonly rotation = new Float64Array(9);
  /** m/s and m, odom. */
  readonly velocity = new Float64Array(3);
  readonly position = new Float64Array(3);
  readonly feet: readonly [Float64Array, Float64Array] = [new Float64Array(3), new Float64Array(3)];
  /** rad/s and m/s², base_link. */
  readonly gyroBias = new Float64Array(3);
  readonly accelerometerBias = new Float64Array(3);
  /** Covariance of the error (ξ_R, ξ_v, ξ_p, ξ_d₀, ξ_d₁, ζ_ω, ζ_a), row-major, symmetric. */
  readonly covariance = new Float64Array(ERROR_SIZE * ERROR_SIZE);
  readonly #noise: FilterNoise;
  readonly #gain = new Float64Array(ERROR_SIZE);
  /** Estimated error, collected until `correct`. */
  readonly #error = new Float64Array(ERROR_SIZE);
  readonly #vector = new Float64Array(3);
  readonly #residual = new Float64Array(3);

  constructor(noise: FilterNoise) {
    this.#noise = noise;
    matrixFromQuaternion(this.orientation, this.rotation);
  }

  /** Sets all covariances to 0. The state is the caller's to set. */
  clear(): void {
    this.covariance.fill(0);
    this.#error.fill(0);
    matrixFromQuaternion(this.orientation, this.rotation);
  }

  /** Adds `variance` to the three components of a part of the error. */
  inflate(part: number, variance: number): void {
    inflate(this.covariance, part, variance);
  }

  /**
   * Moves on by `dt` seconds. @param gyro rad/s @param specificForce m/s²; both in base_link
   *
   * With ω = gyro − b_ω, a = R·(specific force − b_a) + g:
   *   R ← R·exp(ω·dt),  v ← v + a·dt,  p ← p + v·dt + a·dt²/2
   */
  predict(gyro: Float64Array, specificForce: Float64Array, dt: number): void {
    predictCovariance(this.covariance, this, this.#noise, dt);
    const { position: p, velocity: v, gyroBias, accelerometerBias } = this;
    const a = this.#vector;
    for (let k = 0; k < 3; k++) a[k] = specificForce[k] - accelerometerBias[k];
    rotate(this.rotation, a, a);
    a[2] -= GRAVITY;
    for (let k = 0; k < 3; k++) {
      p[k] += (v[k] + 0.5 * a[k] * dt) * dt;
      v[k] += a[k] * dt;
    }
    const wx = gyro[0] - gyroBias[0];
    const wy = gyro[1] - gyroBias[1];
    const wz = gyro[2] - gyroBias[2];
    turnQuaternion(this.orientation, wx * dt, wy * dt, wz * dt, true);
    matrixFromQuaternion(this.orientation, this.rotation);
  }

  /**
   * Largest component, in standard deviations, of what leg kinematics says against what the filter expects:
   * e = R·h + p − d ≈ ξ_p − ξ_d. Call it for a foot before `updateFoot`. @param h sole in base_link, m
   */
  innovation(foot: number, h: Float64Array): number {
    const { covariance: c } = this;
    const variance = this.#noise.kinematics * this.#noise.kinematics;
    this.#compare(foot, h);
    const at = Part.leftFoot + 3 * foot;
    let worst = 0;
    for (let k = 0; k < 3; k++) {
      const i = Part.position + k;
      const j = at + k;
      const s = c[i * ERROR_SIZE + i] + c[j * ERROR_SIZE + j] - 2 * c[i * ERROR_SIZE + j] + variance;
      worst = Math.max(worst, Math.abs(this.#residual[k]) / Math.sqrt(s));
    }
    return worst;
  }

  /** Takes a standing foot into account; `correct` applies it. @param h sole in base_link, m */
  updateFoot(foot: number, h: Float64Array): void {
    this.#compare(foot, h);
    const at = Part.leftFoot + 3 * foot;
    const variance = this.#noise.kinematics * this.#noise.kinematics;
    for (let k = 0; k < 3; k++) this.#update(Part.position + k, at + k, this.#residual[k], variance);
  }

  /**
   * Takes into account that a sole stands flat on a level floor: its normal n̂ = R̂·S·e_z is e_z + ξ_R × e_z.
   * @param sole its orientation in base_link, row-major @param dt time since the last one, s
   */
  updateLevel(sole: Float64Array, dt: number): void {
    const r = this.rotation;
    const { floor } = this.#noise;
    const variance = (floor * floor) / dt;
    const x = r[0] * sole[2] + r[1] * sole[5] + r[2] * sole[8];
    const y = r[3] * sole[2] + r[4] * sole[5] + r[5] * sole[8];
    this.#update(Part.orientation + 1, -1, x, variance);
    this.#update(Part.orientation, -1, -y, variance);
  }

  /** Takes into account that the base is about at rest, which is seen as ξ_v. @param deviation m/s */
  updateRest(deviation: number): void {
    for (let k = 0; k < 3; k++) this.#update(Part.velocity + k, -1, this.velocity[k], deviation * deviation);
  }

  /**
   * Puts a foot where leg kinematics sees it, d = p + R·h: its error becomes the base's, ξ_d = ξ_p + noise.
   * @param h sole in base_link, m
   */
  place(foot: number, h: Float64Array): void {
    const { covariance: c } = this;
    const d = this.feet[foot];
    rotate(this.rotation, h, d);
    for (let k = 0; k < 3; k++) d[k] += this.position[k];
    const at = Part.leftFoot + 3 * foot;
    for (let k = 0; k < 3; k++) {
      for (let j = 0; j < ERROR_SIZE; j++) c[(at + k) * ERROR_SIZE + j] = c[(Part.position + k) * ERROR_SIZE + j];
    }
    for (let k = 0; k < 3; k++) {
      for (let i = 0; i < ERROR_SIZE; i++) c[i * ERROR_SIZE + at + k] = c[i * ERROR_SIZE + Part.position + k];
    }
    this.inflate(at, this.#noise.kinematics * this.#noise.kinematics);
  }

  /** Takes the estimated error out of the state: R ← exp(−ξ_R)·R, a ← exp(−ξ_R)·(a − ξ_a) for the vectors of odom. */
  correct(): void {
    const e = this.#error;
    const x = -e[0];
    const y = -e[1];
    const z = -e[2];
    turnQuaternion(this.orientation, x, y, z, false);
    matrixFromQuaternion(this.orientation, this.rotation);
    turnVector(this.velocity, x, y, z, e, Part.velocity);
    turnVector(this.position, x, y, z, e, Part.position);
    turnVector(this.feet[0], x, y, z, e, Part.leftFoot);
    turnVector(this.feet[1], x, y, z, e, Part.rightFoot);
    for (let k = 0; k < 3; k++) {
      this.gyroBias[k] -= e[Part.gyroBias + k];
      this.accelerometerBias[k] -= e[Part.accelerometerBias + k];
    }
    e.fill(0);
  }

  /** Whether state and covariance are finite and the variances positive. */
  get sound(): boolean {
    const { covariance: c } = this;
    let sum = 0;
    for (let i = 0; i < c.length; i++) sum += c[i];
    for (let k = 0; k < 3; k++) {
      sum += this.velocity[k] + this.position[k] + this.feet[0][k] + this.feet[1][k];
      sum += this.gyroBias[k] + this.accelerometerBias[k] + this.orientation[k];
    }
    if (!Number.isFinite(sum + this.orientation[3])) return false;
    for (let i = 0; i < ERROR_SIZE; i++) if (c[i * (ERROR_SIZE + 1)] < 0) return false;
    return true;
  }

  /** #residual ← R·h + p − d. */
  #compare(foot: number, h: Float64Array): void {
    const e = this.#residual;
    const d = this.feet[foot];
    rotate(this.rotation, h, e);
    for (let k = 0; k < 3; k++) e[k] += this.position[k] - d[k];
  }

  /** Kalman update with one number, `residual` = error i − error j + noise; j < 0: error i alone. */
  #update(i: number, j: number, residual: number, variance: number): void {
    const { covariance: c } = this;
    const gain = this.#gain;
    const error = this.#error;
    for (let k = 0; k < ERROR_SIZE; k++) {
      const row = k * ERROR_SIZE;
      gain[k] = j < 0 ? c[row + i] : c[row + i] - c[row + j];
    }
    const scale = 1 / ((j < 0 ? gain[i] : gain[i] - gain[j]) + variance);
    const step = scale * (residual - (j < 0 ? error[i] : error[i] - error[j]));
    for (let k = 0; k < ERROR_SIZE; k++) {
      const row = k * ERROR_SIZE;
      const g = gain[k];
      error[k] += g * step;
      const share = g * scale;
      for (let l = 0; l < ERROR_SIZE; l++) c[row + l] -= share * gain[l];
    }
  }
}

/** a ← exp(φ)·(a − ξ), to the second order of φ: b + φ × (b + ½·φ × b). */
function turnVector(a: Float64Array, x: number, y: number, z: number, error: Float64Array, at: number): void {
  const bx = a[0] - error[at];
  const by = a[1] - error[at + 1];
  const bz = a[2] - error[at + 2];
  const mx = bx + 0.5 * (y * bz - z * by);
  const my = by + 0.5 * (z * bx - x * bz);
  const mz = bz + 0.5 * (x * by - y * bx);
  a[0] = bx + y * mz - z * my;
  a[1] = by + z * mx - x * mz;
  a[2] = bz + x * my - y * mx;
}
