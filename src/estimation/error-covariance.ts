/** Standard gravity, m/s². */
export const GRAVITY = 9.80665;
/** Numbers of the error state, and where its parts begin. */
export const ERROR_SIZE = 21;
export const Part = {
  orientation: 0,
  velocity: 3,
  position: 6,
  leftFoot: 9,
  rightFoot: 12,
  gyroBias: 15,
  accelerometerBias: 18,
} as const;

/** Noise of the inertial unit and of a standing foot; densities are per √Hz. */
export interface FilterNoise {
  /** rad/s/√Hz */
  readonly gyro: number;
  /** m/s²/√Hz */
  readonly accelerometer: number;
  /** Random walk of the biases: rad/s²/√Hz and m/s³/√Hz. */
  readonly gyroBias: number;
  readonly accelerometerBias: number;
  /** Random walk of a foot on the floor, m/s/√Hz. */
  readonly foot: number;
  /** Where the leg's kinematics sees the sole, m. */
  readonly kinematics: number;
  /** Tilt of the floor below a sole that stands flat, as if it were white: rad/√Hz. */
  readonly floor: number;
}

/** What the error's dynamics depends on: see `ContactFilter`. */
export interface FilterState {
  readonly rotation: Float64Array;
  readonly velocity: Float64Array;
  readonly position: Float64Array;
  readonly feet: readonly [Float64Array, Float64Array];
}

/** Scratch: how a gyro's noise enters the error. */
const GYRO_NOISE = new Float64Array(3 * Part.gyroBias);

/** Adds `variance` to the three components of a part of the error. */
export function inflate(c: Float64Array, part: number, variance: number): void {
  for (let k = part; k < part + 3; k++) c[k * (ERROR_SIZE + 1)] += variance;
}

/** Moves the covariance of the error on by `dt` seconds: P ← F·P·Fᵀ + Q·dt, F = 1 + A·dt. Allocates nothing. */
export function predictCovariance(c: Float64Array, state: FilterState, noise: FilterNoise, dt: number): void {
  propagate(c, state, ERROR_SIZE, 1, dt);
  propagate(c, state, 1, ERROR_SIZE, dt);
  const { gyro, accelerometer, gyroBias, accelerometerBias, foot } = noise;
  addGyroNoise(c, state, gyro * gyro * dt);
  inflate(c, Part.velocity, accelerometer * accelerometer * dt);
  inflate(c, Part.leftFoot, foot * foot * dt);
  inflate(c, Part.rightFoot, foot * foot * dt);
  inflate(c, Part.gyroBias, gyroBias * gyroBias * dt);
  inflate(c, Part.accelerometerBias, accelerometerBias * accelerometerBias * dt);
  // Unlike a difference of zero, one of rounding errors would grow.
  for (let i = 1; i < ERROR_SIZE; i++) {
    for (let j = 0; j < i; j++) {
      const mean = 0.5 * (c[i * ERROR_SIZE + j] + c[j * ERROR_SIZE + i]);
      c[i * ERROR_SIZE + j] = mean;
      c[j * ERROR_SIZE + i] = mean;
    }
  }
}

/**
 * Multiplies the covariance by F: from the left where `row` is the distance of rows, from the right where it is that
 * of columns. A's rows:
 *   ξ̇_R = −R·ζ_ω,  ξ̇_v = g × ξ_R − v × R·ζ_ω − R·ζ_a,  ξ̇_p = ξ_v − p × R·ζ_ω,  ξ̇_d = −d × R·ζ_ω
 * Each part is changed before those it depends on.
 */
function propagate(c: Float64Array, state: FilterState, row: number, column: number, dt: number): void {
  const { rotation: r, position: p, velocity: v } = state;
  const left = state.feet[0];
  const right = state.feet[1];
  for (let j = 0; j < ERROR_SIZE; j++) {
    const at = j * column;
    let k = at + Part.gyroBias * row;
    const wx = dt * (r[0] * c[k] + r[1] * c[k + row] + r[2] * c[k + 2 * row]);
    const wy = dt * (r[3] * c[k] + r[4] * c[k + row] + r[5] * c[k + 2 * row]);
    const wz = dt * (r[6] * c[k] + r[7] * c[k + row] + r[8] * c[k + 2 * row]);
    k = at + Part.accelerometerBias * row;
    const ax = dt * (r[0] * c[k] + r[1] * c[k + row] + r[2] * c[k + 2 * row]);
    const ay = dt * (r[3] * c[k] + r[4] * c[k + row] + r[5] * c[k + 2 * row]);
    const az = dt * (r[6] * c[k] + r[7] * c[k + row] + r[8] * c[k + 2 * row]);
    k = at + Part.position * row;
    const speed = at + Part.velocity * row;
    c[k] += dt * c[speed] - (p[1] * wz - p[2] * wy);
    c[k + row] += dt * c[speed + row] - (p[2] * wx - p[0] * wz);
    c[k + 2 * row] += dt * c[speed + 2 * row] - (p[0] * wy - p[1] * wx);
    c[speed] += dt * GRAVITY * c[at + row] - (v[1] * wz - v[2] * wy) - ax;
    c[speed + row] -= dt * GRAVITY * c[at] + (v[2] * wx - v[0] * wz) + ay;
    c[speed + 2 * row] -= v[0] * wy - v[1] * wx + az;
    k = at + Part.leftFoot * row;
    c[k] -= left[1] * wz - left[2] * wy;
    c[k + row] -= left[2] * wx - left[0] * wz;
    c[k + 2 * row] -= left[0] * wy - left[1] * wx;
    k = at + Part.rightFoot * row;
    c[k] -= right[1] * wz - right[2] * wy;
    c[k + row] -= right[2] * wx - right[0] * wz;
    c[k + 2 * row] -= right[0] * wy - right[1] * wx;
    c[at] -= wx;
    c[at + row] -= wy;
    c[at + 2 * row] -= wz;
  }
}

/** Adds G·Gᵀ·variance, G = (1, [v]×, [p]×, [d₀]×, [d₁]×): a gyro's error turns all that is known in odom. */
function addGyroNoise(c: Float64Array, state: FilterState, variance: number): void {
  const g = GYRO_NOISE;
  g[0] = 1;
  g[4] = 1;
  g[8] = 1;
  crossMatrix(state.velocity, g, 3 * Part.velocity);
  crossMatrix(state.position, g, 3 * Part.position);
  crossMatrix(state.feet[0], g, 3 * Part.leftFoot);
  crossMatrix(state.feet[1], g, 3 * Part.rightFoot);
  for (let i = 0; i < Part.gyroBias; i++) {
    const x = variance * g[3 * i];
    const y = variance * g[3 * i + 1];
    const z = variance * g[3 * i + 2];
    for (let j = 0; j < Part.gyroBias; j++) {
      c[i * ERROR_SIZE + j] += x * g[3 * j] + y * g[3 * j + 1] + z * g[3 * j + 2];
    }
  }
}

/** Writes [a]× into `out` at `at`. */
function crossMatrix(a: Float64Array, out: Float64Array, at: number): void {
  out[at + 1] = -a[2];
  out[at + 2] = a[1];
  out[at + 3] = a[2];
  out[at + 5] = -a[0];
  out[at + 6] = -a[1];
  out[at + 7] = a[0];
}
