import type { Findings } from './findings.js';
import type { SafetyLimits } from './safety-config.js';

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

/** A position this little past its limit is a joint that rests at its end stop, rad. */
const NOTABLE_EXCESS = 0.01;

type Kind = 'position' | 'velocity' | 'torque';

/**
 * Judges measured joint states: values that are not finite, joints beyond a limit and its margin, and joints beyond a
 * position limit but within the margin.
 */
export class JointRules {
  readonly #limits: JointLimits;
  readonly #options: SafetyLimits['joints'];
  readonly #findings: Findings;
  readonly #keys: Readonly<Record<Kind, readonly string[]>>;
  /** Since when each joint is beyond, s; NaN when it is not. */
  readonly #since: Readonly<Record<Kind, Float64Array>>;

  constructor(limits: JointLimits, options: SafetyLimits['joints'], findings: Findings) {
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
      let [invalid, first] = [0, -1];
      for (let j = 0; j < values.length; j++) {
        const value = values[j];
        if (Number.isFinite(value)) {
          this.#judge(kind, j, this.#keys[kind][j], value, time);
        } else {
          if (invalid === 0) first = j;
          invalid++;
        }
      }
      if (invalid === 0) {
        this.#findings.clear(`${kind}:finite`);
      } else {
        const others = invalid > 1 ? `, as of ${invalid - 1} other joints` : '';
        const reason = `${names[first]}: measured ${kind} is ${values[first]}${others}`;
        this.#findings.set(`${kind}:finite`, 'joint_not_finite', reason);
      }
    }
  }

  /** @returns whether the joints are those of the robot, in URDF order; otherwise nothing else of it can be judged */
  acceptNames(names: readonly string[]): boolean {
    const expected = this.#limits.names;
    const wrong = expected.findIndex((name, j) => names[j] !== name);
    const whole = names.length === expected.length;
    if (whole && wrong < 0) {
      this.#findings.clear('names');
      return true;
    }
    const reason = whole
      ? `joint_states has ${names[wrong]} in place ${wrong}, where ${expected[wrong]} is due (URDF order)`
      : `joint_states has ${names.length} names, the robot has ${expected.length} joints`;
    this.#findings.set('names', 'joint_states_malformed', reason);
    return false;
  }

  #rejectShape(kind: Kind, length: number): boolean {
    const joints = this.#limits.names.length;
    const key = `${kind}:length`;
    const wrong = length !== joints && !(length === 0 && kind !== 'position');
    if (wrong) {
      const reason = `joint_states has ${length} values of ${kind}, the robot has ${joints} joints`;
      this.#findings.set(key, 'joint_states_malformed', reason);
    } else {
      this.#findings.clear(key);
    }
    return wrong || length === 0;
  }

  #judge(kind: Kind, j: number, key: string, value: number, time: number): void {
    const { position_margin, velocity_factor, torque_factor, persistence } = this.#options;
    const { lower, upper, velocityLimit, effortLimit } = this.#limits;
    const since = this.#since[kind];
    let excess: number;
    let margin: number;
    if (kind === 'position') {
      excess = Math.max(lower[j] - value, value - upper[j]);
      margin = position_margin;
    } else {
      const bound = kind === 'velocity' ? velocityLimit[j] : effortLimit[j];
      excess = Math.abs(value) - bound;
      margin = bound * ((kind === 'velocity' ? velocity_factor : torque_factor) - 1);
    }
    if (excess <= margin) since[j] = Number.NaN;
    else if (Number.isNaN(since[j])) since[j] = time;
    if (time - since[j] >= persistence) {
      this.#findings.set(key, `joint_${kind}`, this.#describe(kind, j, value, 'is beyond its limit'));
    } else if (excess <= margin && excess > NOTABLE_EXCESS && kind === 'position') {
      const reason = this.#describe(kind, j, value, 'is past its limit');
      this.#findings.set(key, 'joint_at_limit', `${reason}, within the margin`);
    } else if (excess <= margin) {
      this.#findings.clear(key);
    }
  }

  /** For instance: left_elbow_joint: torque 11.5 N·m is beyond its limit 10 N·m. */
  #describe(kind: Kind, j: number, value: number, what: string): string {
    const { names, lower, upper, velocityLimit, effortLimit } = this.#limits;
    const [unit, limit] = {
      position: ['rad', `${number(lower[j])}…${number(upper[j])}`],
      velocity: ['rad/s', number(velocityLimit[j])],
      torque: ['N·m', number(effortLimit[j])],
    }[kind];
    return `${names[j]}: ${kind} ${number(value)} ${unit} ${what} ${limit} ${unit}`;
  }
}

function number(value: number): string {
  return String(Number(value.toFixed(3)));
}
