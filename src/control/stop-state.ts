/** What the controller does with the joints, in order of severity. */
export const StopMode = {
  /** Follows the reference, or holds its posture while there is none. */
  running: 0,
  /** Protective stop (stop category 2): decelerates within the limits, then holds; power stays on. */
  hold: 1,
  /** Emergency stop: no stiffness, no feed-forward, drives damp the motion. */
  damping: 2,
} as const;
export type StopMode = (typeof StopMode)[keyof typeof StopMode];

/** Why the controller stopped: one bit each, so that several causes fit one word. */
export const StopCause = {
  protectiveStop: 1 << 0,
  emergencyStop: 1 << 1,
  stateNotFinite: 1 << 2,
  commandNotFinite: 1 << 3,
  referenceInvalid: 1 << 4,
  referenceTimeout: 1 << 5,
  heartbeatTimeout: 1 << 6,
  shutdown: 1 << 7,
} as const;
export type StopCause = (typeof StopCause)[keyof typeof StopCause];

const DAMPING = StopCause.emergencyStop | StopCause.stateNotFinite | StopCause.commandNotFinite;

const DESCRIPTIONS: Readonly<Record<keyof typeof StopCause, string>> = {
  protectiveStop: 'protective stop requested',
  emergencyStop: 'emergency stop requested',
  stateNotFinite: 'a measured joint position or velocity is not finite',
  commandNotFinite: 'a computed joint command is not finite',
  referenceInvalid: 'the joint trajectory holds a value that is not finite, or times that do not increase',
  referenceTimeout: 'no joint trajectory arrived in time',
  heartbeatTimeout: 'the safety monitor fell silent',
  shutdown: 'the loop is shutting down',
};

/** Names the causes in a mask, in words. */
export function describeStopCauses(causes: number): string[] {
  return Object.entries(StopCause)
    .filter(([, bit]) => (causes & bit) !== 0)
    .map(([key]) => DESCRIPTIONS[key as keyof typeof StopCause]);
}

/**
 * The latching stop state. A cause that is raised escalates the mode at once and stays latched; only `reset` lowers
 * the mode, and only when no latched cause is still present. Real-time safe.
 *
 *   running ──► hold ──► damping        (raise: upwards only)
 *      ▲─────────┴──────────┘           (reset: when all causes are gone)
 */
export class StopState {
  #causes = 0;
  #present = 0;

  get mode(): StopMode {
    if ((this.#causes & DAMPING) !== 0) return StopMode.damping;
    return this.#causes !== 0 ? StopMode.hold : StopMode.running;
  }

  /** Latched causes, a mask of StopCause. */
  get causes(): number {
    return this.#causes;
  }

  /** Causes raised in the current cycle, a mask of StopCause. */
  get present(): number {
    return this.#present;
  }

  /** Starts a cycle: causes count as gone until they are raised again. */
  beginCycle(): void {
    this.#present = 0;
  }

  raise(cause: StopCause): void {
    this.#present |= cause;
    this.#causes |= cause;
  }

  /**
   * Unlatches.
   * @returns 0 when the state is `running` again, else the mask of causes that persist and forbid it.
   */
  reset(): number {
    if (this.#present === 0) this.#causes = 0;
    return this.#present;
  }
}
