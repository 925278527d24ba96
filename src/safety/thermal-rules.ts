import type { Findings } from './findings.js';
import { perJoint } from './per-joint.js';
import type { SafetyLimits } from './safety-config.js';

/** Longest time between two measurements that is integrated over, s. */
const LONGEST = 1;

/**
 * The motors' temperatures by a first-order model (i²t): copper losses go with torque², and a motor that bears its
 * continuous torque τ_c for good comes to the rise of 1:
 *
 *   dθ/dt = ((τ/τ_c)² − θ)/T.
 *
 * The constants are estimates, no figures of the vendor: a measured temperature is better where there is one.
 */
export class ThermalRules {
  readonly #names: readonly string[];
  readonly #continuous: Float64Array;
  readonly #limits: SafetyLimits['thermal'];
  readonly #findings: Findings;
  readonly #keys: readonly string[];
  readonly #rise: Float64Array;
  #time = Number.NaN;

  /** @param effortLimit N·m, one a joint @throws Error for a table that leaves joints out */
  constructor(
    names: readonly string[],
    effortLimit: ArrayLike<number>,
    limits: SafetyLimits['thermal'],
    findings: Findings,
  ) {
    this.#names = names;
    this.#continuous = perJoint(names, limits.continuous, 'limits.thermal.continuous').map(
      (share, j) => share * effortLimit[j]!,
    );
    this.#limits = limits;
    this.#findings = findings;
    this.#keys = names.map((name) => `heat:${name}`);
    this.#rise = new Float64Array(names.length);
  }

  /** Rise of each motor's temperature, 1 at its continuous torque; a live view. */
  get rise(): Float64Array {
    return this.#rise;
  }

  /** @param time s, of arrival @param torque N·m, one a joint; values that are not finite are left out */
  observe(time: number, torque: ArrayLike<number>): void {
    const elapsed = Math.min(time - this.#time, LONGEST);
    this.#time = time;
    if (!(elapsed > 0) || torque.length !== this.#rise.length) return;
    const { warn, stop, time_constant } = this.#limits;
    const share = 1 - Math.exp(-elapsed / time_constant);
    for (let j = 0; j < this.#rise.length; j++) {
      const load = torque[j]! / this.#continuous[j]!;
      if (Number.isFinite(load)) this.#rise[j]! += share * (load * load - this.#rise[j]!);
      if (this.#rise[j]! > warn) this.#report(j, this.#rise[j]! > stop);
      else this.#findings.clear(this.#keys[j]!);
    }
  }

  #report(j: number, overheated: boolean): void {
    const { warn, stop } = this.#limits;
    const text = `${this.#names[j]}: temperature rise ${this.#rise[j]!.toFixed(2)} of that of its continuous torque`;
    const limit = overheated ? stop : warn;
    this.#findings.set(this.#keys[j]!, overheated ? 'motor_overheated' : 'motor_hot', `${text}, limit ${limit}`);
  }
}
