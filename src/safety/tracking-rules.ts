import type { Findings } from './findings.js';
import { perJoint } from './per-joint.js';
import type { SafetyLimits } from './safety-config.js';

/** Measurements without any change in any joint that are no chance while a command moves this far, rad. */
const STANDSTILL = 3;
const STANDSTILL_DISTANCE = 1e-3;

/**
 * Compares command and measurement: a joint that does not follow is stuck, blocked or without torque; one whose
 * measurement stays the same to the last bit while its command moves on has a sensor that is.
 */
export class TrackingRules {
  readonly #names: readonly string[];
  readonly #error: Float64Array;
  readonly #persistence: number;
  readonly #frozenDistance: number;
  readonly #frozenTime: number;
  readonly #findings: Findings;
  readonly #since: Float64Array;
  readonly #last: Float64Array;
  readonly #commandedAt: Float64Array;
  readonly #changedAt: Float64Array;
  /** Measurements in a row in which no joint at all has changed. */
  #standstill = 0;

  /** @throws Error for a table that leaves joints out */
  constructor(names: readonly string[], { tracking, joints }: SafetyLimits, findings: Findings) {
    this.#names = names;
    this.#error = perJoint(names, tracking.error, 'limits.tracking.error');
    this.#persistence = tracking.persistence;
    this.#frozenDistance = joints.frozen_distance;
    this.#frozenTime = joints.frozen_time;
    this.#findings = findings;
    this.#since = new Float64Array(names.length).fill(Number.NaN);
    this.#last = new Float64Array(names.length).fill(Number.NaN);
    this.#commandedAt = new Float64Array(names.length);
    this.#changedAt = new Float64Array(names.length);
  }

  /**
   * @param time s, of arrival @param stiff whether the drives follow the command at all
   * @param commanded rad @param measured rad
   */
  observe(time: number, stiff: boolean, commanded: ArrayLike<number>, measured: ArrayLike<number>): void {
    if (commanded.length !== this.#names.length || measured.length !== this.#names.length) return;
    let [changed, moved] = [false, 0];
    for (let j = 0; j < this.#names.length; j++) {
      this.#judgeError(time, j, stiff ? commanded[j]! - measured[j]! : 0);
      changed ||= measured[j] !== this.#last[j];
      this.#judgeChange(time, j, stiff, commanded[j]!, measured[j]!);
      moved = Math.max(moved, Math.abs(commanded[j]! - this.#commandedAt[j]!));
    }
    this.#judgeStandstill(changed || !stiff, moved);
  }

  /** No joint's measurement changes: the encoders' bus stands still, which is plain much sooner than for one joint. */
  #judgeStandstill(changed: boolean, moved: number): void {
    this.#standstill = changed ? 0 : this.#standstill + 1;
    if (changed) {
      this.#findings.clear('frozen:all');
    } else if (this.#standstill >= STANDSTILL && moved > STANDSTILL_DISTANCE) {
      const text = `no joint's measurement has changed ${this.#standstill} times in a row while the command moves`;
      this.#findings.set('frozen:all', 'joint_frozen', text);
    }
  }

  #judgeError(time: number, j: number, error: number): void {
    const key = `tracking:${this.#names[j]}`;
    const limit = this.#error[j]!;
    if (!(Math.abs(error) > limit)) {
      if (!Number.isNaN(this.#since[j]!)) this.#findings.clear(key);
      this.#since[j] = Number.NaN;
      return;
    }
    if (Number.isNaN(this.#since[j]!)) this.#since[j] = time;
    if (time - this.#since[j]! < this.#persistence) return;
    const text = `${this.#names[j]}: ${Math.abs(error).toFixed(3)} rad from its command, limit ${limit} rad`;
    this.#findings.set(key, 'tracking_error', text);
  }

  #judgeChange(time: number, j: number, stiff: boolean, commanded: number, measured: number): void {
    const key = `frozen:${this.#names[j]}`;
    if (measured !== this.#last[j] || !stiff) {
      if (measured !== this.#last[j]) this.#findings.clear(key);
      this.#last[j] = measured;
      this.#commandedAt[j] = commanded;
      this.#changedAt[j] = time;
      return;
    }
    const moved = Math.abs(commanded - this.#commandedAt[j]!) > this.#frozenDistance;
    if (moved && time - this.#changedAt[j]! >= this.#frozenTime) {
      const text = `${this.#names[j]}: the measurement stays at ${measured} rad while the command moves`;
      this.#findings.set(key, 'joint_frozen', text);
    }
  }
}
