import { CdrMessage, ENCAPSULATION } from './cdr-message.js';
import { MOTOR_SLOTS } from './motors.js';

const STRIDE = 28;
const MOTORS = 4;

const LAYOUT = {
  size: MOTORS + STRIDE * MOTOR_SLOTS + 16,
  motors: MOTORS,
  firstMode: 2,
  stride: STRIDE,
  modes: 0,
  modesMask: 0xffff,
};

/** Bytes of a LowCmd with its encapsulation. */
export const LOW_COMMAND_BYTES = ENCAPSULATION + LAYOUT.size;

/** unitree_hg/LowCmd: what the 31 motors of the body are told. In motor order. */
export class LowCommand extends CdrMessage {
  constructor(bytes?: Uint8Array) {
    super(LAYOUT, bytes);
  }

  /**
   * Tells a motor: τ = kp·(q − measured) + kd·(dq − measured) + tau.
   * @param q rad @param dq rad/s @param tau N·m @param kp N·m/rad @param kd N·m·s/rad
   */
  setMotor(motor: number, q: number, dq: number, tau: number, kp: number, kd: number): void {
    const at = MOTORS / 4 + (STRIDE / 4) * motor;
    const { floats } = this;
    floats[at] = q;
    floats[at + 1] = dq;
    floats[at + 2] = tau;
    floats[at + 3] = kp;
    floats[at + 4] = kd;
  }

  /** rad */
  q(motor: number): number {
    return this.#number(motor, 0);
  }

  /** rad/s */
  dq(motor: number): number {
    return this.#number(motor, 1);
  }

  /** N·m */
  tau(motor: number): number {
    return this.#number(motor, 2);
  }

  /** N·m/rad */
  kp(motor: number): number {
    return this.#number(motor, 3);
  }

  /** N·m·s/rad */
  kd(motor: number): number {
    return this.#number(motor, 4);
  }

  #number(motor: number, field: number): number {
    return this.floats[MOTORS / 4 + (STRIDE / 4) * motor + field];
  }
}
