import { StopMode } from '../control/stop-state.js';
import { type Reaction, severity } from '../safety/causes.js';
import type { Observation } from './verdict.js';

/** The loop's word, of joint_controller/state. */
export interface LoopWord {
  readonly mode: number;
  /** s */
  readonly since: number;
  /** Names of the causes in the safety configuration. */
  readonly causes: readonly string[];
}

/** The monitor's word, of safety/state. */
export interface MonitorWord {
  /** Stop category, or 255 for none. */
  readonly category: number;
  /** s */
  readonly stamp: number;
  readonly causes: readonly string[];
}

const BY_MODE: readonly (Reaction | undefined)[] = [undefined, 'category_2', 'category_1', 'category_0'];
const BY_CATEGORY: readonly Reaction[] = ['category_0', 'category_1', 'category_2'];

/**
 * Watches how the robot reacts in one run: the first stop, the most severe one, and whether it was left without a
 * reset. What the loop says counts; the monitor's demand counts beside it, for the time that the loop cannot speak.
 */
export class ReactionWatch {
  readonly #begin: number;
  readonly #causes = new Set<string>();
  #reaction: Reaction | undefined;
  #time: number | undefined;
  #stopped = false;
  #resumed = false;

  /** @param begin stops that began before it are not of this run, s */
  constructor(begin: number) {
    this.#begin = begin;
  }

  get observation(): Observation {
    return { reaction: this.#reaction, time: this.#time, resumed: this.#resumed, causes: this.causes };
  }

  /** Causes that were named, in the order in which they were seen. */
  get causes(): readonly string[] {
    return [...this.#causes];
  }

  observeLoop({ mode, since, causes }: LoopWord): void {
    const reaction = BY_MODE[mode];
    if (reaction === undefined) {
      if (this.#stopped) this.#resumed = true;
      return;
    }
    if (since < this.#begin) return;
    this.#stopped = mode !== StopMode.running;
    this.#take(reaction, since, causes);
  }

  observeMonitor({ category, stamp, causes }: MonitorWord): void {
    const reaction = BY_CATEGORY[category];
    if (reaction !== undefined && stamp >= this.#begin) this.#take(reaction, stamp, causes);
  }

  /** The loop is a new one, which starts unstopped: the monitor stops it. */
  loopRestarted(): void {
    this.#stopped = false;
  }

  #take(reaction: Reaction, time: number, causes: readonly string[]): void {
    for (const cause of causes) this.#causes.add(cause);
    if (this.#reaction === undefined || severity(reaction) > severity(this.#reaction)) this.#reaction = reaction;
    if (this.#time === undefined || time < this.#time) this.#time = time;
  }
}
