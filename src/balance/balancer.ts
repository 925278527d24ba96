import type { JointCommand, RobotState } from '../control/hardware.js';
import type { BaseEstimate } from '../estimation/base-estimate.js';
import { BaseEstimator } from '../estimation/base-estimator.js';
import type { Robot } from '../robot/robot.js';
import { type BalanceStatus, type BodyMotion, Stabilizer } from './stabilizer.js';

/** What the joint controller tells of its command. */
export interface CommandedJoints {
  /** Whether the command is to be rewritten: else the drives are left to it. */
  readonly balancing: boolean;
  /** The joints' motion with what is implausible taken out. */
  readonly measured: BodyMotion;
  /** 1 for joints whose sensors are lost. */
  readonly lostJoints: Uint8Array;
  /** The reference's torques in the command, N·m. */
  readonly feedForward: Float64Array;
}

/**
 * What stands on its own feet: the base's motion is estimated from the robot's sensors in every cycle, and the command
 * is rewritten so that it keeps the robot up. Needs no other thread, node or message.
 *
 * Real-time safe; nothing is allocated after construction.
 */
export class Balancer {
  readonly #estimator: BaseEstimator;
  readonly #stabilizer: Stabilizer;

  static async create(robot: Robot): Promise<Balancer> {
    return new Balancer(new BaseEstimator(robot), await Stabilizer.create(robot));
  }

  private constructor(estimator: BaseEstimator, stabilizer: Stabilizer) {
    this.#estimator = estimator;
    this.#stabilizer = stabilizer;
  }

  get estimate(): BaseEstimate {
    return this.#estimator.estimate;
  }

  get status(): BalanceStatus {
    return this.#stabilizer.status;
  }

  /** kg */
  get mass(): number {
    return this.#stabilizer.mass;
  }

  /** Starts, standing on both soles. */
  start(state: RobotState): void {
    this.#estimator.reset(state);
    this.#stabilizer.start();
  }

  /**
   * One cycle.
   * @param time of the cycle, s @param passed time that passed for the robot since the last one, s
   * @param command the joint controller's, rewritten @param share of balance in the command, see `Stabilizer.update`
   */
  update(
    time: number,
    passed: number,
    state: RobotState,
    command: JointCommand,
    { balancing, measured, lostJoints, feedForward }: CommandedJoints,
    share = 1,
  ): void {
    const stabilizer = this.#stabilizer;
    this.#estimator.update(state, passed);
    if (!balancing) stabilizer.rest();
    else stabilizer.update(time, measured, this.#estimator.estimate, command, lostJoints, feedForward, share);
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.#stabilizer.delete();
  }
}
