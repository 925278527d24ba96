import type { Hardware, JointCommand, RobotState } from './hardware.js';
import type { JointParameters } from './joint-parameters.js';

export interface MockOptions {
  /** Time constant of the first-order lag between commanded and measured position, s. */
  readonly timeConstant?: number;
}

const CYCLE = 0.001;
const GRAVITY = 9.81;
/** A living gyro never says the same twice: it counts in steps of this, rad/s. */
const GYRO_STEP = 1e-6;
/** Steps of the gyro; a prime, so that whoever looks at every tenth cycle sees it change too. */
const GYRO_STEPS = 7;

/**
 * A robot without a robot: every joint follows its command with a first-order lag, q ← q + (q_d − q)·dt/T, the base
 * stands still and upright. With kp = 0 (emergency stop) joints stay where they are. For tests, and for bringing a
 * graph up on a desk.
 */
export class MockHardware implements Hardware {
  readonly standsStill: boolean = true;
  readonly #joints: number;
  readonly #share: number;
  readonly #position: Float64Array;
  readonly #velocity: Float64Array;
  readonly #effort: Float64Array;
  #gyro = 0;

  /** Starts at zero posture, or the nearest within limits. @throws Error for a time constant below one cycle */
  constructor(parameters: JointParameters, options: MockOptions = {}) {
    const timeConstant = options.timeConstant ?? 0.01;
    if (!(timeConstant >= CYCLE)) {
      throw new Error(`mock hardware: timeConstant is ${timeConstant} s, needs at least ${CYCLE} s`);
    }
    this.#joints = parameters.names.length;
    this.#share = CYCLE / timeConstant;
    this.#position = parameters.lower.map((lower, j) => Math.min(parameters.upper[j], Math.max(lower, 0)));
    this.#velocity = new Float64Array(this.#joints);
    this.#effort = new Float64Array(this.#joints);
  }

  async configure(): Promise<void> {}

  activate(state: RobotState): void {
    state.orientation.set([0, 0, 0, 1]);
    state.linearAcceleration.set([0, 0, GRAVITY]);
    this.read(state);
  }

  read(state: RobotState): void {
    state.position.set(this.#position);
    state.velocity.set(this.#velocity);
    state.effort.set(this.#effort);
    this.#gyro = (this.#gyro + 1) % GYRO_STEPS;
    state.angularVelocity[0] = this.#gyro * GYRO_STEP;
  }

  write(command: JointCommand): void {
    for (let j = 0; j < this.#joints; j++) {
      const error = command.kp[j] > 0 ? command.position[j] - this.#position[j] : 0;
      const change = error * this.#share;
      this.#position[j] += change;
      this.#velocity[j] = change / CYCLE;
      this.#effort[j] = command.kp[j] * error + command.effort[j];
    }
  }

  deactivate(): void {
    this.#velocity.fill(0);
    this.#effort.fill(0);
  }
}
