import type { TaskWeights } from './body-task.js';

/** What keeps the robot upright. */
export type BalanceLaw =
  /** Whole-body quadratic program, with `dcm` where it does not converge. */
  | 'whole-body'
  /** Commanded posture, gravity, and the centre of pressure that the DCM asks for. */
  | 'dcm'
  /** Commanded posture and gravity. */
  | 'posture';

/** Stiffness, 1/s², and damping, 1/s, of an acceleration. */
export interface Gains {
  readonly kp: number;
  readonly kd: number;
}

export interface StabilizerOptions {
  readonly law: BalanceLaw;
  /** Cycles from one solution to the next. */
  readonly decimation: number;
  /** Iterations that the solver may take; a hard push takes about 30. */
  readonly iterations: number;
  /** Gain of the DCM's error, 1/s. */
  readonly dcmGain: number;
  /** How far beyond the soles the DCM may ask for the centre of pressure, m: the body's rotation makes up for it. */
  readonly reach: number;
  /** A posture's centre of mass is shifted to keep this distance from the soles' edge, m. */
  readonly staticMargin: number;
  /** Friction of the soles to rely on. */
  readonly friction: number;
  readonly weights: TaskWeights;
  readonly height: Gains;
  readonly orientation: Gains;
  /**
   * How much the torso gives way: its angular acceleration back to the posture, rad/s², where the DCM is `low` metres
   * or less from the soles' edge (`soft`), and where it is `high` or more (`firm`).
   */
  readonly yielding: { readonly soft: number; readonly firm: number; readonly low: number; readonly high: number };
  readonly waist: Gains;
  /** The soles are held level, and at rest. */
  readonly sole: Gains;
}

/** Tuned on pushes and on standing with noise: see `npm run bench -- balance`. */
export const STABILIZER_DEFAULTS: StabilizerOptions = {
  law: 'whole-body',
  decimation: 2,
  iterations: 120,
  dcmGain: 8,
  reach: 0.05,
  staticMargin: 0.06,
  friction: 0.6,
  weights: { com: 300, height: 30, pelvis: 1, torso: 0.03, waist: 0.02, force: 1e-5, moment: 1e-4 },
  height: { kp: 60, kd: 14 },
  orientation: { kp: 50, kd: 12 },
  yielding: { soft: 2, firm: 40, low: 0.01, high: 0.06 },
  waist: { kp: 30, kd: 8 },
  sole: { kp: 100, kd: 20 },
};
