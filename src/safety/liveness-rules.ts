import type { Findings } from './findings.js';
import { SafetyLevel } from './findings.js';

/** How long something may be silent, and what follows when it is longer. */
export interface Watch {
  /** s */
  readonly timeout: number;
  readonly level: SafetyLevel;
}

/**
 * Watchdogs: nodes by their heartbeats, topics by their messages. Before it is first heard, a silent one is a warning:
 * the graph is still coming up.
 */
export class LivenessRules {
  readonly #kind: string;
  readonly #watches: ReadonlyMap<string, Watch>;
  readonly #heard = new Map<string, number>();
  readonly #findings: Findings;

  /** @param kind `node` or `topic`, for the reasons @param watches by name */
  constructor(kind: string, watches: Readonly<Record<string, Watch>>, findings: Findings) {
    this.#kind = kind;
    this.#watches = new Map(Object.entries(watches));
    this.#findings = findings;
  }

  /** A sign of life; names that are not watched are ignored. @param time s, of arrival */
  observe(name: string, time: number): void {
    if (this.#watches.has(name)) this.#heard.set(name, time);
  }

  /** @param time s, now */
  judge(time: number): void {
    for (const [name, { timeout, level }] of this.#watches) {
      const heard = this.#heard.get(name);
      const key = `${this.#kind}:${name}`;
      if (heard === undefined) {
        this.#findings.set(key, SafetyLevel.warning, `${this.#kind} ${name} has not been heard yet`);
      } else if (time - heard > timeout) {
        const silence = `${this.#kind} ${name} has been silent for ${(time - heard).toFixed(2)} s`;
        this.#findings.set(key, level, `${silence}, its limit is ${timeout} s`);
      } else {
        this.#findings.clear(key);
      }
    }
  }
}
