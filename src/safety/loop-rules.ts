import type { Findings } from './findings.js';
import { SafetyLevel } from './findings.js';

/** What joint_controller reports of its loop. */
export interface LoopObservation {
  /** 0 running, 1 hold, 2 damping. */
  readonly mode: number;
  /** Why it is stopped, in words. */
  readonly causes: readonly string[];
  /** Cycles run and cycles skipped since the loop started. */
  readonly cycles: number;
  readonly missed: number;
}

export interface LoopRuleOptions {
  /** Share of cycles missed, over about a second, that calls for a warning. */
  readonly missedWarning: number;
  /** … and for a protective stop. */
  readonly missedStop: number;
}

export const LOOP_RULE_DEFAULTS: LoopRuleOptions = { missedWarning: 0.05, missedStop: 0.25 };

/** Time over which missed cycles are counted, s. */
const WINDOW = 1;
/** Shortest time from which a share is drawn, s. */
const SHORTEST = 0.5;
/** Time that the loop has to act on a reset, s. */
const GRACE = 0.5;

/** Judges the 1 kHz loop: overruns, and stops that it made by itself, which become stops of the whole robot. */
export class LoopRules {
  readonly #options: LoopRuleOptions;
  readonly #findings: Findings;
  readonly #history: { time: number; cycles: number; missed: number }[] = [];
  #resetAt = -Infinity;

  constructor(options: LoopRuleOptions, findings: Findings) {
    this.#options = options;
    this.#findings = findings;
  }

  /** @param demanded the level that the monitor itself demands: a stop that answers it is no news */
  observe(time: number, loop: LoopObservation, demanded: SafetyLevel): void {
    this.#judgeMode(time, loop, demanded);
    this.#judgeOverruns(time, loop);
  }

  /** The monitor was reset: the loop is about to follow. */
  reset(time: number): void {
    this.#resetAt = time;
    this.#findings.clear('loop:mode');
  }

  #judgeMode(time: number, { mode, causes }: LoopObservation, demanded: SafetyLevel): void {
    const level = mode === 0 ? SafetyLevel.ok : mode === 1 ? SafetyLevel.protectiveStop : SafetyLevel.emergencyStop;
    if (level === SafetyLevel.ok) this.#findings.clear('loop:mode');
    else if (level > demanded && time - this.#resetAt > GRACE) {
      const reason = `joint_controller stopped by itself: ${causes.join('; ') || 'no cause given'}`;
      // It must not block the reset: the loop waits for the monitor's.
      this.#findings.set('loop:mode', level, reason, false);
    }
  }

  #judgeOverruns(time: number, { cycles, missed }: LoopObservation): void {
    const history = this.#history;
    const last = history.at(-1);
    // Counters that go back are those of a new loop.
    if (last !== undefined && (cycles < last.cycles || time < last.time)) history.length = 0;
    history.push({ time, cycles, missed });
    while (history.length > 1 && time - history[1].time >= WINDOW) history.shift();
    const first = history[0];
    if (time - first.time < SHORTEST) return;
    const lost = missed - first.missed;
    const share = lost / Math.max(1, lost + cycles - first.cycles);
    const { missedWarning, missedStop } = this.#options;
    if (share <= missedWarning) {
      this.#findings.clear('loop:overruns');
      return;
    }
    const stop = share > missedStop;
    const limit = stop ? missedStop : missedWarning;
    this.#findings.set(
      'loop:overruns',
      stop ? SafetyLevel.protectiveStop : SafetyLevel.warning,
      `joint_controller missed ${(100 * share).toFixed(1)} % of its cycles in the last second, limit ${100 * limit} %`,
    );
  }
}
