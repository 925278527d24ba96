import type { Findings } from './findings.js';
import { SafetyLevel } from './findings.js';

/** Limits of the joints, one entry a joint, in URDF joint order. */
export interface JointLimits {
  readonly names: readonly string[];
  /** rad */
  readonly lower: Float64Array;
  /** rad */
  readonly upper: Float64Array;
  /** rad/s */
  readonly velocityLimit: Float64Array;
  /** N·m */
  readonly effortLimit: Float64Array;
}

export interface JointRuleOptions {
  /** A measured position may pass its limit by this much, rad: contact pushes, and limits are soft. */
  readonly positionMargin: number;
  /** A measured velocity may reach this many times its limit. */
  readonly velocityFactor: number;
  /** A measured torque may reach this many times its limit. */
  readonly torqueFactor: number;
  /** A joint must be beyond for this long, s, before the robot stops: single samples are noise. */
  readonly persistence: number;
}

export const JOINT_RULE_DEFAULTS: JointRuleOptions = {
  positionMargin: 0.15,
  velocityFactor: 2,
  torqueFactor: 1.1,
  persistence: 0.03,
};

/** A position this little past its limit is a joint that rests at its end stop, rad. */
const NOTABLE_EXCESS = 0.01;

type Kind = 'position' | 'velocity' | 'torque';

/**
 * Judges measured joint states. A value that is not finite calls for an emergency stop, since nothing is known of that
 * joint; a joint beyond a limit and its margin for a protective stop; one beyond a position limit but within the margin
 * for a warning.
 */
export class JointRules {
  readonly #limits: JointLimits;
  readonly #options: JointRuleOptions;
  readonly #findings: Findings;
  readonly #keys: Readonly<Record<Kind, readonly string[]>>;
  /** Since when each joint is beyond, s; NaN when it is not. */
  readonly #since: Readonly<Record<Kind, Float64Array>>;

  constructor(limits: JointLimits, options: JointRuleOptions, findings: Findings) {
    const joints = limits.names.length;
    this.#limits = limits;
    this.#options = options;
    this.#findings = findings;
    this.#keys = {
      position: limits.names.map((name) => `position:${name}`),
      velocity: limits.names.map((name) => `velocity:${name}`),
      torque: limits.names.map((name) => `torque:${name}`),
    };
    this.#since = {
      position: new Float64Array(joints).fill(Number.NaN),
      velocity: new Float64Array(joints).fill(Number.NaN),
      torque: new Float64Array(joints).fill(Number.NaN),
    };
  }

  /**
   * @param time s, of arrival
   * @param position rad @param velocity rad/s @param effort N·m; each may be empty when it is not measured
   */
  observe(time: number, position: ArrayLike<number>, velocity: ArrayLike<number>, effort: ArrayLike<number>): void {
    const { names } = this.#limits;
    for (const [kind, values] of [
      ['position', position],
      ['velocity', velocity],
      ['torque', effort],
    ] as const) {
      if (this.#rejectShape(kind, values.length)) continue;
      for (let j = 0; j < values.length; j++) {
        const key = this.#keys[kind][j];
        const value = values[j];
        if (Number.isFinite(value)) this.#judge(kind, j, key, value, time);
        else this.#findings.set(key, SafetyLevel.emergencyStop, `${names[j]}: measured ${kind} is ${value}`);
      }
    }
  }

  #rejectShape(kind: Kind, length: number): boolean {
    const joints = this.#limits.names.length;
    const key = `${kind}:length`;
    const wrong = length !== joints && !(length === 0 && kind !== 'position');
    if (wrong) {
      const reason = `joint_states has ${length} values of ${kind}, the robot has ${joints} joints`;
      this.#findings.set(key, SafetyLevel.protectiveStop, reason);
    } else {
      this.#findings.clear(key);
    }
    return wrong || length === 0;
  }

  #judge(kind: Kind, j: number, key: string, value: number, time: number): void {
    const { positionMargin, velocityFactor, torqueFactor, persistence } = this.#options;
    const { names, lower, upper, velocityLimit, effortLimit } = this.#limits;
    const since = this.#since[kind];
    let excess: number;
    let margin: number;
    let limit: string;
    if (kind === 'position') {
      excess = Math.max(lower[j] - value, value - upper[j]);
      margin = positionMargin;
      limit = `${number(lower[j])}…${number(upper[j])} rad`;
    } else {
      const bound = kind === 'velocity' ? velocityLimit[j] : effortLimit[j];
      excess = Math.abs(value) - bound;
      margin = bound * ((kind === 'velocity' ? velocityFactor : torqueFactor) - 1);
      limit = `${number(bound)} ${kind === 'velocity' ? 'rad/s' : 'N·m'}`;
    }
    if (excess <= margin) since[j] = Number.NaN;
    else if (Number.isNaN(since[j])) since[j] = time;
    const unit = kind === 'position' ? 'rad' : kind === 'velocity' ? 'rad/s' : 'N·m';
    if (time - since[j] >= persistence) {
      const reason = `${names[j]}: ${kind} ${number(value)} ${unit} is beyond its limit ${limit}`;
      this.#findings.set(key, SafetyLevel.protectiveStop, reason);
    } else if (excess <= margin && excess > NOTABLE_EXCESS && kind === 'position') {
      const reason = `${names[j]}: position ${number(value)} rad is past its limit ${limit}, within the margin`;
      this.#findings.set(key, SafetyLevel.warning, reason);
    } else if (excess <= margin) {
      this.#findings.clear(key);
    }
  }
}

function number(value: number): string {
  return String(Number(value.toFixed(3)));
}
