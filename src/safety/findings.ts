/** Levels of safety/state, in order of severity; the numbers of SafetyState.msg. */
export const SafetyLevel = {
  ok: 0,
  /** A reason to look, none to stop. */
  warning: 1,
  /** Slow down within the limits and hold, power on. */
  protectiveStop: 2,
  /** Stiffness off, drives damp the motion. */
  emergencyStop: 3,
} as const;
export type SafetyLevel = (typeof SafetyLevel)[keyof typeof SafetyLevel];

interface Finding {
  readonly level: SafetyLevel;
  readonly reason: string;
  /** Whether a reset must wait until it is gone. */
  readonly blocking: boolean;
  /** Whether it is an event, which is gone as soon as it has happened. */
  readonly event: boolean;
}

/**
 * What is wrong now, and what was wrong since the last reset. A finding has a key, under which it is replaced or
 * cleared; one that calls for a stop is latched the moment it is made, and outlives its cause until the reset.
 */
export class Findings {
  readonly #present = new Map<string, Finding>();
  readonly #latched = new Map<string, Finding>();

  /** The worst of what is present or latched. */
  get level(): SafetyLevel {
    let level: SafetyLevel = SafetyLevel.ok;
    for (const findings of [this.#present, this.#latched]) {
      for (const finding of findings.values()) if (finding.level > level) level = finding.level;
    }
    return level;
  }

  get latched(): boolean {
    return this.#latched.size > 0;
  }

  /**
   * Says that something is wrong.
   * @param key what it is about, for instance `position:left_elbow_joint`
   * @param reason names the joint, topic or node, the value and the limit
   * @param blocking whether a reset has to wait until it is cleared
   */
  set(key: string, level: SafetyLevel, reason: string, blocking = true): void {
    const finding = { level, reason, blocking, event: false };
    this.#present.set(key, finding);
    this.#latch(key, finding);
  }

  /** An event without duration: latched at once, gone at once. */
  note(key: string, level: SafetyLevel, reason: string): void {
    this.#latch(key, { level, reason, blocking: false, event: true });
  }

  /** Says that what `key` is about is in order (again). */
  clear(key: string): void {
    this.#present.delete(key);
  }

  /** Reasons in order of severity; a latched one whose cause is gone says so. */
  reasons(): string[] {
    const all = new Map<string, { level: SafetyLevel; text: string }>();
    for (const [key, { level, reason }] of this.#present) all.set(key, { level, text: reason });
    for (const [key, { level, reason, event }] of this.#latched) {
      const present = this.#present.get(key);
      if (event) all.set(key, { level, text: reason });
      else if (present === undefined) all.set(key, { level, text: `${reason} (gone; reset to go on)` });
      else if (present.level < level) all.set(key, { level, text: reason });
    }
    return [...all.values()].sort((a, b) => b.level - a.level).map(({ text }) => text);
  }

  /** Unlatches, unless a cause of a stop persists. @returns the reasons that persist; none when it was done */
  reset(): string[] {
    const persisting = [...this.#present.values()].filter(
      ({ level, blocking }) => blocking && level >= SafetyLevel.protectiveStop,
    );
    if (persisting.length > 0) return persisting.map(({ reason }) => reason);
    this.#latched.clear();
    for (const [key, { level }] of this.#present) if (level >= SafetyLevel.protectiveStop) this.#present.delete(key);
    return [];
  }

  #latch(key: string, finding: Finding): void {
    if (finding.level < SafetyLevel.protectiveStop) return;
    const before = this.#latched.get(key);
    if (before === undefined || finding.level > before.level) this.#latched.set(key, finding);
  }
}
