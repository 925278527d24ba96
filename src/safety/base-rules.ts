import type { Findings } from './findings.js';
import type { SafetyLimits } from './safety-config.js';

/** An IMU has noise, so that values differ, if it gave so many different ones in a row. */
const ALIVE = 10;
/** Deviation of the orientation's norm from 1. */
const NORM_TOLERANCE = 0.05;

/** What the IMU measures. */
export interface ImuObservation {
  /** Of base_link in the world, quaternion x, y, z, w. */
  readonly orientation: ArrayLike<number>;
  /** rad/s */
  readonly angularVelocity: ArrayLike<number>;
  /** Specific force, m/s². */
  readonly linearAcceleration: ArrayLike<number>;
}

/**
 * Judges the base by the IMU: its tilt, the angle between its z axis and the vertical, cos α = 1 − 2(x² + y²); and the
 * IMU itself. An IMU without noise (that of a robot made of nothing) does not count as frozen.
 */
export class BaseRules {
  readonly #limits: SafetyLimits['base'];
  readonly #findings: Findings;
  #digest = Number.NaN;
  /** When these values were first seen, and when they were last, s. */
  #changed = Number.NaN;
  #seen = Number.NaN;
  #changes = 0;
  #slipping = Number.NaN;

  constructor(limits: SafetyLimits['base'], findings: Findings) {
    this.#limits = limits;
    this.#findings = findings;
  }

  /** @param time s, of arrival */
  observe(time: number, imu: ImuObservation): void {
    this.#judgeChange(time, imu);
    const problem = this.#problem(imu);
    if (problem !== undefined) {
      this.#findings.set('imu', 'imu_invalid', `the IMU ${problem}`);
      return;
    }
    this.#findings.clear('imu');
    const { tilt: tilted, fallen } = this.#limits;
    const { orientation: q } = imu;
    const tilt = Math.acos(Math.max(-1, 1 - 2 * (q[0]! * q[0]! + q[1]! * q[1]!)));
    if (tilt > fallen) this.#findings.set('tilt', 'base_fallen', describeTilt(tilt, fallen));
    else if (tilt > tilted) this.#findings.set('tilt', 'base_tilted', describeTilt(tilt, tilted));
    else this.#findings.clear('tilt');
  }

  /** Feet that slip, as the state estimator sees them. @param time s, of arrival @param slipped in words; empty: none */
  observeFeet(time: number, slipped: readonly string[]): void {
    if (slipped.length === 0) {
      this.#slipping = Number.NaN;
      this.#findings.clear('slip');
      return;
    }
    if (Number.isNaN(this.#slipping)) this.#slipping = time;
    const duration = time - this.#slipping;
    const { slip } = this.#limits;
    if (duration < slip) return;
    const text = `${slipped.join(', ')} for ${duration.toFixed(2)} s, limit ${slip} s`;
    this.#findings.set('slip', 'foot_slipped', text);
  }

  #problem({ orientation, angularVelocity, linearAcceleration }: ImuObservation): string | undefined {
    const { angular_velocity, acceleration } = this.#limits;
    const norm = Math.hypot(orientation[0]!, orientation[1]!, orientation[2]!, orientation[3]!);
    if (!(Math.abs(norm - 1) <= NORM_TOLERANCE)) return `gives an orientation of norm ${norm}`;
    for (let k = 0; k < 3; k++) {
      if (!(Math.abs(angularVelocity[k]!) <= angular_velocity)) return `turns at ${angularVelocity[k]} rad/s`;
      if (!(Math.abs(linearAcceleration[k]!) <= acceleration)) return `accelerates at ${linearAcceleration[k]} m/s²`;
    }
    return undefined;
  }

  #judgeChange(time: number, { angularVelocity: w, linearAcceleration: a }: ImuObservation): void {
    // Distinct weights, so that changes of two values do not cancel.
    const digest = w[0]! + 2 * w[1]! + 3 * w[2]! + 5 * a[0]! + 7 * a[1]! + 11 * a[2]!;
    const { frozen } = this.#limits;
    // Silence is not sameness.
    const interrupted = !(time - this.#seen < frozen);
    this.#seen = time;
    if (digest !== this.#digest || interrupted) {
      this.#changes = digest === this.#digest ? 0 : Math.min(this.#changes + 1, ALIVE);
      this.#digest = digest;
      this.#changed = time;
      this.#findings.clear('imu:frozen');
    } else if (this.#changes < ALIVE) {
      this.#changes = 0;
    } else if (time - this.#changed > frozen) {
      const text = `the IMU has given the same values for ${(time - this.#changed).toFixed(2)} s`;
      this.#findings.set('imu:frozen', 'imu_frozen', `${text}, limit ${frozen} s`);
    }
  }
}

function describeTilt(tilt: number, limit: number): string {
  const degrees = (angle: number) => ((angle * 180) / Math.PI).toFixed(1);
  return `the base is tilted by ${degrees(tilt)}°, limit ${degrees(limit)}°`;
}
