import type { JointCommand, RobotState } from '../control/hardware.js';
import type { BaseEstimate } from '../estimation/base-estimate.js';
import { BaseEstimator } from '../estimation/base-estimator.js';
import type { Robot } from '../robot/robot.js';
import { type BalanceStatus, type BodyMotion, Stabilizer } from './stabilizer.js';

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
   * @param command the joint controller's, rewritten where `engaged`: else the drives are left to it
   * @param joints the joints' motion with what is implausible taken out @param lost 1 for joints whose sensors are lost
   * @param share of balance in the command, see `Stabilizer.update`
   */
  update(
    time: number,
    passed: number,
    state: RobotState,
    command: JointCommand,
    engaged: boolean,
    joints: BodyMotion,
    lost: Uint8Array,
    share = 1,
  ): void {
    this.#estimator.update(state, passed);
    if (engaged) this.#stabilizer.update(time, joints, this.#estimator.estimate, command, lost, share);
    else this.#stabilizer.rest();
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.#stabilizer.delete();
  }
}
