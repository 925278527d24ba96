import { CdrMessage, ENCAPSULATION } from './cdr-message.js';
import { MOTOR_SLOTS } from './motors.js';

const STRIDE = 56;
const MOTORS = 72;
const REMOTE = MOTORS + STRIDE * MOTOR_SLOTS - 4;
const REMOTE_BYTES = 40;

/** Words of the body. */
const TICK = 3;
const QUATERNION = 4;
const GYROSCOPE = 8;
const ACCELEROMETER = 11;

const LAYOUT = {
  size: REMOTE + REMOTE_BYTES + 16 + 4,
  motors: MOTORS,
  firstMode: 70,
  stride: STRIDE,
  modes: 2,
  modesMask: 0xffff,
};

/** Bytes of a LowState with its encapsulation. */
export const LOW_STATE_BYTES = ENCAPSULATION + LAYOUT.size;

/** Buttons of the remote control, as bits of its bytes 2 and 3 (xRockerBtnDataStruct of the vendor's SDK). */
export const RemoteButton = { l2: 1 << 5, b: 1 << 9 } as const;
/** These two together put the robot into damping: its emergency stop. */
export const EMERGENCY_STOP_BUTTONS = RemoteButton.l2 | RemoteButton.b;

/** unitree_hg/LowState: what the body reports. In motor order. */
export class LowState extends CdrMessage {
  readonly #remote: number;

  constructor(bytes?: Uint8Array) {
    super(LAYOUT, bytes);
    this.#remote = REMOTE + 2;
  }

  /** The robot's clock, ms; wraps. */
  get tick(): number {
    return this.words[TICK] >>> 0;
  }

  set tick(value: number) {
    this.words[TICK] = value;
  }

  /** Copies the orientation, x, y, z, w. */
  readOrientation(out: Float64Array): void {
    for (let k = 0; k < 4; k++) out[k] = this.floats[QUATERNION + ((k + 1) & 3)];
  }

  /** @param xyzw orientation, x, y, z, w */
  setOrientation(xyzw: Float64Array): void {
    for (let k = 0; k < 4; k++) this.floats[QUATERNION + ((k + 1) & 3)] = xyzw[k];
  }

  /** Copies the angular velocity, rad/s, and the specific force, m/s². */
  readInertial(angularVelocity: Float64Array, linearAcceleration: Float64Array): void {
    for (let k = 0; k < 3; k++) {
      angularVelocity[k] = this.floats[GYROSCOPE + k];
      linearAcceleration[k] = this.floats[ACCELEROMETER + k];
    }
  }

  setInertial(angularVelocity: Float64Array, linearAcceleration: Float64Array): void {
    for (let k = 0; k < 3; k++) {
      this.floats[GYROSCOPE + k] = angularVelocity[k];
      this.floats[ACCELEROMETER + k] = linearAcceleration[k];
    }
  }

  /** @param q rad @param dq rad/s @param tau N·m */
  setMotor(motor: number, q: number, dq: number, tau: number): void {
    const at = this.#at(motor);
    this.floats[at] = q;
    this.floats[at + 1] = dq;
    this.floats[at + 3] = tau;
  }

  /** @param temperature of the winding, °C @param voltage V @param error 0: none */
  setHealth(motor: number, temperature: number, voltage: number, error: number): void {
    const at = this.#at(motor);
    const celsius = Math.round(temperature) & 0xffff;
    this.words[at + 4] = celsius | (celsius << 16);
    this.floats[at + 5] = voltage;
    this.words[at + 8] = error;
  }

  /** rad */
  q(motor: number): number {
    return this.floats[this.#at(motor)];
  }

  /** rad/s */
  dq(motor: number): number {
    return this.floats[this.#at(motor) + 1];
  }

  /** N·m, estimated. */
  tau(motor: number): number {
    return this.floats[this.#at(motor) + 3];
  }

  /** The higher of the motor's two temperatures, °C. */
  temperature(motor: number): number {
    const both = this.words[this.#at(motor) + 4];
    return Math.max((both << 16) >> 16, both >> 16);
  }

  /** Supply, V. */
  voltage(motor: number): number {
    return this.floats[this.#at(motor) + 5];
  }

  /** The motor's error word; 0: none. */
  error(motor: number): number {
    return this.words[this.#at(motor) + 8] >>> 0;
  }

  /** Buttons pressed on the remote control, bits of {@link RemoteButton}. */
  get buttons(): number {
    return this.body[this.#remote] | (this.body[this.#remote + 1] << 8);
  }

  set buttons(value: number) {
    this.body[this.#remote] = value & 0xff;
    this.body[this.#remote + 1] = value >>> 8;
  }

  #at(motor: number): number {
    return MOTORS / 4 + (STRIDE / 4) * motor;
  }
}
