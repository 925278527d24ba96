import type { RobotState } from '../control/hardware.js';
import { multiplyQuaternions, quaternionFromRotationVector } from '../math/pose.js';
import { Random } from '../math/random.js';

/** Imperfections of the robot's sensors, as standard deviations. What is constant is drawn once a seed. */
export interface SensorNoiseOptions {
  /** Gyro: white noise, rad/s/√Hz; bias at the start, rad/s; its random walk, rad/s²/√Hz. */
  readonly gyro: { readonly noise: number; readonly bias: number; readonly walk: number };
  /** Accelerometer: white noise, m/s²/√Hz; bias at the start, m/s²; its random walk, m/s³/√Hz. */
  readonly accelerometer: { readonly noise: number; readonly bias: number; readonly walk: number };
  /** The unit's own orientation: noise, rad; constant tilt, rad; drift of the heading, rad/s/√Hz. */
  readonly orientation: { readonly noise: number; readonly tilt: number; readonly heading: number };
  /** Encoders: resolution, rad; noise, rad; constant offset, rad; noise of the velocity, rad/s. */
  readonly encoder: {
    readonly resolution: number;
    readonly noise: number;
    readonly offset: number;
    readonly velocity: number;
  };
  /** Foot wrenches: noise and constant offset of forces (N) and torques (N·m); error of the scale. */
  readonly wrench: {
    readonly force: number;
    readonly torque: number;
    readonly forceOffset: number;
    readonly torqueOffset: number;
    readonly scale: number;
  };
}

/**
 * Typical figures of what humanoids carry.
 * - Gyro and accelerometer: noise densities of the Bosch BMI088's data sheet, 0.014 °/s/√Hz and 175 µg/√Hz; biases
 *   are what is left of its zero offsets (1 °/s, 20 mg) after a calibration; walks of the order of its bias stability.
 * - Orientation: 0.5° static, as the data sheets of the Xsens MTi-3 and the VectorNav VN-100 state for roll and pitch.
 * - Encoders: 17 bits a turn at the joint, as the RLS AksIM-2 and Broadcom AEAT-9000 families have; offset after
 *   calibration 0.5 mrad; velocity: differences of 17 bits over 1 ms have 2π/2¹⁷/1 ms/√6 = 0.02 rad/s.
 * - Wrench: noise and hysteresis of six-axis sensors of 1–5 kN (Robotiq FT 300-S: 0.1 N; larger ones in proportion),
 *   drift of some newtons, scale 1 %.
 */
export const SENSOR_NOISE_DEFAULTS: SensorNoiseOptions = {
  gyro: { noise: 2.4e-4, bias: 2e-3, walk: 1e-5 },
  accelerometer: { noise: 1.7e-3, bias: 0.05, walk: 1e-4 },
  orientation: { noise: 1e-3, tilt: 6e-3, heading: 1e-4 },
  encoder: { resolution: (2 * Math.PI) / 2 ** 17, noise: 5e-5, offset: 5e-4, velocity: 0.02 },
  wrench: { force: 1, torque: 0.05, forceOffset: 4, torqueOffset: 0.2, scale: 0.01 },
};

/** Time between two measurements, s. */
const PERIOD = 0.001;

/** Makes the simulation's exact measurements those of real sensors. The same seed gives the same noise. */
export class SensorNoise {
  readonly #options: SensorNoiseOptions;
  readonly #random: Random;
  readonly #offsets: Float64Array;
  readonly #gyroBias: Float64Array;
  readonly #accelerometerBias: Float64Array;
  readonly #wrenches: readonly { readonly offset: Float64Array; readonly scale: number }[];
  readonly #tilt: Float64Array;
  readonly #turn = new Float64Array(3);
  readonly #quaternion = new Float64Array(4);

  /** @param joints how many the robot has @param seed any safe integer */
  constructor(joints: number, seed: number, options: SensorNoiseOptions = SENSOR_NOISE_DEFAULTS) {
    const random = new Random(seed);
    const draw = (length: number, deviation: number) =>
      Float64Array.from({ length }, () => random.normal(0, deviation));
    const { gyro, accelerometer, orientation, encoder, wrench } = options;
    this.#options = options;
    this.#random = random;
    this.#offsets = draw(joints, encoder.offset);
    this.#gyroBias = draw(3, gyro.bias);
    this.#accelerometerBias = draw(3, accelerometer.bias);
    this.#tilt = Float64Array.from([...draw(2, orientation.tilt), 0]);
    this.#wrenches = [0, 1].map(() => ({
      offset: Float64Array.from([...draw(3, wrench.forceOffset), ...draw(3, wrench.torqueOffset)]),
      scale: 1 + random.normal(0, wrench.scale),
    }));
  }

  /** Present bias of the gyro, rad/s, and of the accelerometer, m/s²; live views. */
  get gyroBias(): Float64Array {
    return this.#gyroBias;
  }

  get accelerometerBias(): Float64Array {
    return this.#accelerometerBias;
  }

  /** Replaces the exact measurements of one cycle. Real-time safe. */
  apply(state: RobotState): void {
    this.#encoders(state.position, state.velocity);
    const { gyro, accelerometer } = this.#options;
    this.#inertial(state.angularVelocity, this.#gyroBias, gyro.noise, gyro.walk);
    this.#inertial(state.linearAcceleration, this.#accelerometerBias, accelerometer.noise, accelerometer.walk);
    this.#orient(state.orientation);
    this.#wrench(state.leftFootWrench, 0);
    this.#wrench(state.rightFootWrench, 1);
  }

  #encoders(position: Float64Array, velocity: Float64Array): void {
    const { resolution, noise, velocity: deviation } = this.#options.encoder;
    const random = this.#random;
    for (let i = 0; i < position.length; i++) {
      const exact = position[i] + this.#offsets[i] + random.normal(0, noise);
      position[i] = resolution > 0 ? Math.round(exact / resolution) * resolution : exact;
      velocity[i] += random.normal(0, deviation);
    }
  }

  /** A density n gives samples of n/√Δt, a random walk w steps of w·√Δt. */
  #inertial(values: Float64Array, bias: Float64Array, noise: number, walk: number): void {
    for (let k = 0; k < 3; k++) {
      bias[k] += this.#random.normal(0, walk * Math.sqrt(PERIOD));
      values[k] += bias[k] + this.#random.normal(0, noise / Math.sqrt(PERIOD));
    }
  }

  /** exp(tilt + noise) ⊗ q, the heading wandering. */
  #orient(orientation: Float64Array): void {
    const { noise, heading } = this.#options.orientation;
    const turn = this.#turn;
    this.#tilt[2] += this.#random.normal(0, heading * Math.sqrt(PERIOD));
    for (let k = 0; k < 3; k++) turn[k] = this.#tilt[k] + this.#random.normal(0, noise);
    quaternionFromRotationVector(turn, 0, this.#quaternion, 0);
    multiplyQuaternions(this.#quaternion, 0, orientation, 0, orientation, 0);
  }

  #wrench(wrench: Float64Array, foot: number): void {
    const { force, torque } = this.#options.wrench;
    const { offset, scale } = this.#wrenches[foot];
    for (let k = 0; k < 6; k++) {
      wrench[k] = wrench[k] * scale + offset[k] + this.#random.normal(0, k < 3 ? force : torque);
    }
  }
}
