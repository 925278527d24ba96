import { monotonicSeconds } from '../control/monotonic-clock.js';
import type { RosNode } from './ros-node.js';

/** A confirmation holds for one start within this time, s. */
const VALIDITY = 60;

/** The word of the operator, who stands beside the robot, that it may move. */
export class OperatorConfirmation {
  #givenAt = Number.NEGATIVE_INFINITY;

  /** Offers the service that gives it. */
  serve(node: RosNode): void {
    node.createService('std_srvs/srv/Trigger', 'joint_controller/confirm', () => {
      this.#givenAt = monotonicSeconds();
      return { success: true, message: `confirmed: the robot may start once within ${VALIDITY} s` };
    });
  }

  /** Whether it was given, not long ago, and not yet used. */
  get valid(): boolean {
    return monotonicSeconds() - this.#givenAt < VALIDITY;
  }

  /** The robot has started: the next start needs another confirmation. */
  use(): void {
    this.#givenAt = Number.NEGATIVE_INFINITY;
  }
}
