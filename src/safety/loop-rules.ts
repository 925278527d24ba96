import { type Reaction, severity } from './causes.js';
import type { Findings } from './findings.js';
import type { SafetyLimits } from './safety-config.js';

/** What joint_controller reports of its loop. */
export interface LoopObservation {
  /** 0 running, 1 hold, 2 crouch, 3 damping. */
  readonly mode: number;
  /** Why it is stopped, in words. */
  readonly causes: readonly string[];
  /** Share of the velocity limits that it uses, 0…1. */
  readonly speedScale: number;
  /** Cycles run and cycles skipped since the loop started. */
  readonly cycles: number;
  readonly missed: number;
  /** Whether a hoist bears the robot, or a part of its weight. */
  readonly carried: boolean;
}

/** What each mode of the loop is as a reaction; none while it runs. */
const REACTIONS: readonly (Reaction | undefined)[] = [undefined, 'category_2', 'category_1', 'category_0'];

/** Time over which missed cycles are counted, s. */
const WINDOW = 1;
/** Shortest time from which a share is drawn, s. */
const SHORTEST = 0.5;
/** Cycles from the start of a loop in which it is not judged: the compiler is not done yet. The loop's own watchdog is. */
const WARM_UP = 2000;
/** Time that the loop has to act on a reset, s. */
const GRACE = 0.5;

/** Judges the 1 kHz loop: overruns, and stops that it made by itself, which become stops of the whole robot. */
export class LoopRules {
  readonly #options: SafetyLimits['overruns'];
  readonly #findings: Findings;
  readonly #history: { time: number; cycles: number; missed: number }[] = [];
  #resetAt = -Infinity;

  constructor(options: SafetyLimits['overruns'], findings: Findings) {
    this.#options = options;
    this.#findings = findings;
  }

  /** @param demanded what the monitor itself demands: a stop that answers it is no news */
  observe(time: number, loop: LoopObservation, demanded: Reaction | undefined): void {
    this.#judgeMode(time, loop, demanded);
    this.#judgeOverruns(time, loop);
  }

  /** The monitor was reset: the loop is about to follow. */
  reset(time: number): void {
    this.#resetAt = time;
    this.#findings.clear('loop:mode');
  }

  #judgeMode(time: number, { mode, causes }: LoopObservation, demanded: Reaction | undefined): void {
    const reaction = REACTIONS[mode];
    if (reaction === undefined) {
      this.#findings.clear('loop:mode');
      return;
    }
    // The crouch ends in damping.
    const expected = demanded === 'category_1' ? 'category_0' : demanded;
    const news = expected === undefined || severity(reaction) > severity(expected);
    if (!news || time - this.#resetAt <= GRACE) return;
    const reason = `joint_controller stopped by itself: ${causes.join('; ') || 'no cause given'}`;
    // It must not block the reset: the loop waits for the monitor's.
    this.#findings.set('loop:mode', 'loop_stopped', reason, reaction, false);
  }

  #judgeOverruns(time: number, { cycles, missed }: LoopObservation): void {
    const history = this.#history;
    const last = history.at(-1);
    // Counters that go back are those of a new loop.
    if (last !== undefined && (cycles < last.cycles || time < last.time)) history.length = 0;
    history.push({ time, cycles, missed });
    while (history.length > 1 && time - history[1].time >= WINDOW) history.shift();
    const first = history[0];
    if (time - first.time < SHORTEST || cycles + missed <= WARM_UP) return;
    const lost = missed - first.missed;
    const share = lost / Math.max(1, lost + cycles - first.cycles);
    const { warn, stop } = this.#options;
    if (share <= warn) {
      this.#findings.clear('loop:overruns');
      return;
    }
    const tooMany = share > stop;
    const limit = tooMany ? stop : warn;
    this.#findings.set(
      'loop:overruns',
      tooMany ? 'overruns' : 'overruns_many',
      `joint_controller missed ${(100 * share).toFixed(1)} % of its cycles in the last second, limit ${100 * limit} %`,
    );
  }
}
