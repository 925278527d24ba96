import { type CauseName, isStop, type Layer, type Reaction, severity } from './causes.js';
import type { DeclaredCause } from './safety-config.js';

/** Levels of safety/state, in order of severity; the numbers of SafetyState.msg. */
export const SafetyLevel = {
  ok: 0,
  /** A reason to look or to slow down, none to stop. */
  warning: 1,
  /** Stop category 2 or 1: slow down within the limits, then hold, or crouch and damp. */
  protectiveStop: 2,
  /** Stop category 0: stiffness off, drives damp the motion. */
  emergencyStop: 3,
} as const;
export type SafetyLevel = (typeof SafetyLevel)[keyof typeof SafetyLevel];

const LEVELS: Readonly<Record<Reaction, SafetyLevel>> = {
  warn: SafetyLevel.warning,
  slow: SafetyLevel.warning,
  category_2: SafetyLevel.protectiveStop,
  category_1: SafetyLevel.protectiveStop,
  category_0: SafetyLevel.emergencyStop,
};

/** The level to which a reaction belongs. */
export function levelOf(reaction: Reaction | undefined): SafetyLevel {
  return reaction === undefined ? SafetyLevel.ok : LEVELS[reaction];
}

/** Something that the monitor saw or did. */
export interface SafetyEvent {
  readonly cause: CauseName | 'reset' | 'reset_refused';
  readonly layer: Layer;
  /** None for the end of a stop. */
  readonly reaction: Reaction | undefined;
  /** In words. */
  readonly text: string;
}

interface Finding {
  readonly cause: CauseName;
  readonly reaction: Reaction;
  readonly reason: string;
  /** Whether a reset must wait until it is gone. */
  readonly blocking: boolean;
  /** Whether it is an event, which is gone as soon as it has happened. */
  readonly event: boolean;
}

/** One line of the reasons. */
export interface Reason {
  readonly cause: CauseName;
  readonly text: string;
}

/**
 * What is wrong now, and what was wrong since the last reset. A finding has a key, under which it is replaced or
 * cleared; what follows from it is declared for its cause. One that calls for a stop is latched the moment it is made,
 * and outlives its cause until the reset.
 */
export class Findings {
  readonly #declared: Readonly<Record<CauseName, DeclaredCause>>;
  readonly #onEvent: (event: SafetyEvent) => void;
  readonly #present = new Map<string, Finding>();
  readonly #latched = new Map<string, Finding>();

  /** @param onEvent hears of each finding once, when it is made or grows worse */
  constructor(declared: Readonly<Record<CauseName, DeclaredCause>>, onEvent: (event: SafetyEvent) => void = () => {}) {
    this.#declared = declared;
    this.#onEvent = onEvent;
  }

  /** The worst reaction to what is present or latched. */
  get reaction(): Reaction | undefined {
    let worst: Reaction | undefined;
    for (const findings of [this.#present, this.#latched]) {
      for (const { reaction } of findings.values()) {
        if (worst === undefined || severity(reaction) > severity(worst)) worst = reaction;
      }
    }
    return worst;
  }

  /** The level that belongs to it. */
  get level(): SafetyLevel {
    return levelOf(this.reaction);
  }

  get latched(): boolean {
    return this.#latched.size > 0;
  }

  /** Whether something present calls for slowing down. */
  get slow(): boolean {
    for (const { reaction } of this.#present.values()) if (reaction === 'slow') return true;
    return false;
  }

  /**
   * Says that something is wrong.
   * @param key what it is about, for instance `position:left_elbow_joint`
   * @param reason names the joint, topic or node, the value and the limit
   * @param least the reaction, where it is to be more severe than what is declared
   * @param blocking whether a reset has to wait until it is cleared
   */
  set(key: string, cause: CauseName, reason: string, least?: Reaction, blocking = true): void {
    const declared = this.#declared[cause].reaction;
    const reaction = least !== undefined && severity(least) > severity(declared) ? least : declared;
    const finding = { cause, reaction, reason, blocking, event: false };
    const before = this.#present.get(key);
    this.#present.set(key, finding);
    const worse = before === undefined || severity(reaction) > severity(before.reaction);
    if (isStop(reaction) ? this.#latch(key, finding) : worse) this.#tell(finding);
  }

  /** An event without duration: latched at once, gone at once. */
  note(key: string, cause: CauseName, reason: string): void {
    const finding = { cause, reaction: this.#declared[cause].reaction, reason, blocking: false, event: true };
    if (isStop(finding.reaction)) this.#latch(key, finding);
    this.#tell(finding);
  }

  /** Says that what `key` is about is in order (again). */
  clear(key: string): void {
    this.#present.delete(key);
  }

  /** Reasons in order of severity; a latched one whose cause is gone says so. */
  reasons(): Reason[] {
    const all = new Map<string, Reason & { readonly reaction: Reaction }>();
    for (const [key, { cause, reaction, reason: text }] of this.#present) all.set(key, { cause, reaction, text });
    for (const [key, { cause, reaction, reason, event }] of this.#latched) {
      const present = this.#present.get(key);
      if (event) all.set(key, { cause, reaction, text: reason });
      else if (present === undefined) all.set(key, { cause, reaction, text: `${reason} (gone; reset to go on)` });
      else if (severity(present.reaction) < severity(reaction)) all.set(key, { cause, reaction, text: reason });
    }
    return [...all.values()]
      .sort((a, b) => severity(b.reaction) - severity(a.reaction))
      .map(({ cause, text }) => ({ cause, text }));
  }

  /** Unlatches, unless a cause of a stop persists. @returns the reasons that persist; none when it was done */
  reset(): string[] {
    const persisting = [...this.#present.values()].filter(({ reaction, blocking }) => blocking && isStop(reaction));
    if (persisting.length > 0) return persisting.map(({ reason }) => reason);
    this.#latched.clear();
    for (const [key, { reaction }] of this.#present) if (isStop(reaction)) this.#present.delete(key);
    return [];
  }

  /** @returns whether that is news */
  #latch(key: string, finding: Finding): boolean {
    const before = this.#latched.get(key);
    const news = before === undefined || severity(finding.reaction) > severity(before.reaction);
    if (news) this.#latched.set(key, finding);
    return news;
  }

  #tell({ cause, reaction, reason: text }: Finding): void {
    this.#onEvent({ cause, layer: this.#declared[cause].layer, reaction, text });
  }
}
