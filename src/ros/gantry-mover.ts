import { HoistRequest, SuspensionPhase } from '../balance/suspension.js';
import { monotonicSeconds } from '../control/monotonic-clock.js';
import type { Message } from './messages.js';
import type { Publisher } from './publisher.js';
import { reliable } from './qos.js';
import type { RosNode } from './ros-node.js';

/** Period of the commands to the hoist, s: it forgets them after half a second. */
const PERIOD = 0.1;
/** Longest time that hanging up or standing up may take, s; about how long it takes. */
const LIMIT = 40;
const USUAL = 8;
/** How long a state of the controller counts, s. */
const FRESH = 2;

type ControllerState = Message<'cosmos_humanoid/msg/ControllerState'>;

/** Why the robot did not get where the hoist was to bring it. */
export class GantryError extends Error {
  /** Whether it was under way: it hangs, or stands, where it was stopped, and the hoist holds. */
  readonly underWay: boolean;

  constructor(message: string, underWay: boolean) {
    super(message);
    this.underWay = underWay;
  }
}

/** Has the robot hung into its gantry, and put back onto its feet, by the hoist that joint_controller moves. */
export class GantryMover {
  readonly #hoist: Publisher<'cosmos_humanoid/msg/HoistCommand'>;
  #state: ControllerState | undefined;
  #heard = Number.NEGATIVE_INFINITY;

  constructor(node: RosNode) {
    this.#hoist = node.createPublisher('cosmos_humanoid/msg/HoistCommand', 'joint_controller/hoist', reliable(1));
  }

  /** Takes in what joint_controller says of itself. */
  observe(state: ControllerState): void {
    this.#state = state;
    this.#heard = monotonicSeconds();
  }

  /** What carries the robot; absent until joint_controller is heard. */
  get phase(): SuspensionPhase {
    return (this.#state?.suspension ?? SuspensionPhase.absent) as SuspensionPhase;
  }

  /**
   * Lifts the robot, or sets it down. Whatever ends this before it is done, the hoist holds.
   * @param cancelled whether somebody wants it to end @param progress hears of the share that is done, 0 … 1
   * @returns true when it is done, false when it was cancelled
   * @throws GantryError why it is not, or cannot be, done
   */
  async move(
    request: typeof HoistRequest.hang | typeof HoistRequest.stand,
    cancelled: () => boolean,
    progress: (share: number) => void,
  ): Promise<boolean> {
    const goal = request === HoistRequest.hang ? SuspensionPhase.hanging : SuspensionPhase.standing;
    const problem = this.#problem();
    if (problem !== undefined) throw new GantryError(problem, false);
    const started = monotonicSeconds();
    try {
      while (this.phase !== goal) {
        if (cancelled()) return false;
        const hindrance = this.#problem();
        if (hindrance !== undefined) throw new GantryError(`${hindrance}; the hoist holds`, true);
        const elapsed = monotonicSeconds() - started;
        if (elapsed > LIMIT) throw new GantryError(`not done after ${LIMIT} s; the hoist holds`, true);
        this.#hoist.publish({ command: request });
        progress(Math.min(elapsed / USUAL, 1));
        await new Promise((resolve) => setTimeout(resolve, 1e3 * PERIOD));
      }
      return true;
    } finally {
      this.#hoist.publish({ command: HoistRequest.hold });
    }
  }

  /** Why the hoist cannot move the robot now; undefined where it can. */
  #problem(): string | undefined {
    const state = this.#state;
    if (state === undefined || monotonicSeconds() - this.#heard > FRESH) return 'joint_controller is not heard';
    if (state.suspension === SuspensionPhase.absent) {
      return `there is no hoist: the simulated robot has one with support:=harness (hardware is ${state.hardware})`;
    }
    return state.mode === 0 ? undefined : `the robot is stopped: ${state.stop_causes.join('; ')}`;
  }
}
