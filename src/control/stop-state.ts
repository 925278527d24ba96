/** What the controller does with the joints, in order of severity; the numbers of ControllerState.msg. */
export const StopMode = {
  /** Follows the reference, or holds its posture while there is none. */
  running: 0,
  /** Stop category 2: decelerates within the limits, then holds; power stays on. */
  hold: 1,
  /** Stop category 1: controlled move to the crouch, which ends in damping. */
  crouch: 2,
  /** Stop category 0: no stiffness, no feed-forward, drives damp the motion. */
  damping: 3,
} as const;
export type StopMode = (typeof StopMode)[keyof typeof StopMode];

/** Why the controller stopped: one bit each, so that several causes fit one word. */
export const StopCause = {
  protectiveStop: 1 << 0,
  emergencyStop: 1 << 1,
  stateNotFinite: 1 << 2,
  commandNotFinite: 1 << 3,
  referenceInvalid: 1 << 4,
  referenceSilent: 1 << 5,
  monitorSilent: 1 << 6,
  shutdown: 1 << 7,
  controlledStop: 1 << 8,
  stateImplausible: 1 << 9,
  loopStalled: 1 << 10,
} as const;
export type StopCause = (typeof StopCause)[keyof typeof StopCause];

const DESCRIPTIONS: Readonly<Record<keyof typeof StopCause, string>> = {
  protectiveStop: 'protective stop requested',
  controlledStop: 'controlled stop requested',
  emergencyStop: 'emergency stop requested',
  stateNotFinite: 'a measured joint position or velocity is not finite',
  stateImplausible: 'a measured joint position jumped further than a joint can move',
  commandNotFinite: 'a computed joint command is not finite',
  referenceInvalid: 'the joint trajectory holds a value that is not finite, or times that do not increase',
  referenceSilent: 'no joint trajectory arrived in time',
  monitorSilent: 'the safety monitor fell silent',
  loopStalled: 'the loop made no cycle for too long',
  shutdown: 'the loop is shutting down',
};

function keysOf(causes: number): (keyof typeof StopCause)[] {
  return (Object.keys(StopCause) as (keyof typeof StopCause)[]).filter((key) => (causes & StopCause[key]) !== 0);
}

/** Names the causes in a mask, in words. */
export function describeStopCauses(causes: number): string[] {
  return keysOf(causes).map((key) => DESCRIPTIONS[key]);
}

/** Names the causes in a mask as the safety configuration does: `stateNotFinite` is state_not_finite. */
export function nameStopCauses(causes: number): string[] {
  return keysOf(causes).map((key) => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** Which causes lead to which stop: masks of StopCause. Those in neither mask lead to `hold`. */
export interface StopReactions {
  readonly crouch: number;
  readonly damping: number;
}

export const STOP_REACTION_DEFAULTS: StopReactions = {
  crouch: StopCause.controlledStop,
  damping: StopCause.emergencyStop | StopCause.commandNotFinite | StopCause.loopStalled,
};

/**
 * The latching stop state. A cause that is raised escalates the mode at once and stays latched; only `reset` lowers
 * the mode, and only when no latched cause is still present. Real-time safe.
 *
 *   running ──► hold ──► crouch ──► damping   (raise: upwards only, over any number of steps; crouch ends in damping)
 *      ▲─────────┴─────────┴───────────┘      (reset: when all causes are gone)
 */
export class StopState {
  readonly #reactions: StopReactions;
  #causes = 0;
  #present = 0;
  #crouched = false;

  constructor(reactions: StopReactions = STOP_REACTION_DEFAULTS) {
    this.#reactions = reactions;
  }

  get mode(): StopMode {
    if (this.#causes === 0) return StopMode.running;
    if ((this.#causes & this.#reactions.damping) !== 0) return StopMode.damping;
    if ((this.#causes & this.#reactions.crouch) === 0) return StopMode.hold;
    return this.#crouched ? StopMode.damping : StopMode.crouch;
  }

  /** Latched causes, a mask of StopCause. */
  get causes(): number {
    return this.#causes;
  }

  /** Starts a cycle: causes count as gone until they are raised again. */
  beginCycle(): void {
    this.#present = 0;
  }

  raise(cause: StopCause): void {
    this.#present |= cause;
    this.#causes |= cause;
  }

  /** The crouch is reached. */
  finishCrouch(): void {
    this.#crouched = true;
  }

  /**
   * Unlatches.
   * @returns 0 when the state is `running` again, else the mask of causes that persist and forbid it.
   */
  reset(): number {
    if (this.#present === 0) {
      this.#causes = 0;
      this.#crouched = false;
    }
    return this.#present;
  }
}
