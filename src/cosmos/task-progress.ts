/** Where a pick-and-place task stands. */
export type TaskStage = 'reach' | 'grasp' | 'carry' | 'place' | 'done';

/** Shares of the task that lie behind at the start of each stage. */
const progress: Readonly<Record<TaskStage, number>> = { reach: 0, grasp: 0.3, carry: 0.5, place: 0.8, done: 1 };

export interface TaskProgressOptions {
  /** The target counts as inside the receptacle within this horizontal distance of its centre, m. */
  readonly inside: number;
  /** And with its centre at most this far above or below the receptacle's, m. */
  readonly height: number;
  /** A position that is less certain than this says nothing, standard deviation in m. */
  readonly certainty: number;
  /** The hand counts as away from the target beyond this distance, m. */
  readonly away: number;
  /** Both must hold for this long, s: the demonstrations end a second after the target rests. */
  readonly hold: number;
}

export const defaultTaskProgress: TaskProgressOptions = {
  inside: 0.08,
  height: 0.15,
  certainty: 0.02,
  away: 0.1,
  hold: 0.6,
};

/** Gripper scalar above which the hand counts as closed, below which as open. */
const closed = 0.9;
const open = 0.1;

/**
 * Follows a task from what the robot itself knows: the commanded hand, and where the policy sees the target and the
 * receptacle. A task is done when the hand has closed and opened again, the target is seen inside the receptacle and
 * the hand is away from it, for a while.
 */
export class TaskProgress {
  readonly #options: TaskProgressOptions;
  #stage: TaskStage = 'reach';
  #hand: ArrayLike<number> | undefined;
  #heldSince: number | undefined;
  #inside = false;

  constructor(options: TaskProgressOptions = defaultTaskProgress) {
    this.#options = options;
  }

  get stage(): TaskStage {
    return this.#stage;
  }

  /** 0 … 1 */
  get progress(): number {
    return progress[this.#stage];
  }

  /** Takes in the commanded gripper: its position in base_link, m, and scalar (0 open … 1 closed). */
  observeHand(position: ArrayLike<number>, gripper: number): void {
    this.#hand = position;
    if (this.#stage === 'reach' && gripper > open) this.#stage = 'grasp';
    else if (this.#stage === 'grasp' && gripper >= closed) this.#stage = 'carry';
    else if (this.#stage === 'grasp' && gripper < open) this.#stage = 'reach';
    else if (this.#stage === 'carry' && gripper < open) this.#stage = 'place';
    else if (this.#stage === 'place' && gripper > open) this.#stage = 'grasp';
  }

  /**
   * Takes in where the policy sees target and receptacle at `time` (s), in base_link, m.
   * @param deviation standard deviation of the target's position, m
   */
  observeObjects(time: number, target: ArrayLike<number>, receptacle: ArrayLike<number>, deviation: number): void {
    if (this.#hand === undefined) return;
    const { inside, height, certainty, away, hold } = this.#options;
    this.#inside =
      deviation < certainty &&
      Math.hypot(target[0]! - receptacle[0]!, target[1]! - receptacle[1]!) < inside &&
      Math.abs(target[2]! - receptacle[2]!) < height;
    const distance = Math.hypot(...[0, 1, 2].map((i) => target[i]! - this.#hand![i]!));
    if (this.#stage !== 'place' || !this.#inside || distance < away) {
      this.#heldSince = undefined;
      return;
    }
    this.#heldSince ??= time;
    if (time - this.#heldSince >= hold) this.#stage = 'done';
  }

  /** Why the task is not done yet, in words. */
  get missing(): string {
    if (this.#stage === 'reach') return 'the hand did not reach the target';
    if (this.#stage === 'grasp') return 'the hand did not close on the target';
    if (this.#stage === 'carry') return 'the hand did not open over the receptacle';
    return this.#inside ? 'the hand did not move away' : 'the target is not seen inside the receptacle';
  }
}
