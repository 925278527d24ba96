import type { TaskWeights } from './body-task.js';
import type { SoleArea } from './support-polygon.js';

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
  /**
   * How the waist follows its command: firmly, so that a hand that pulls a handle does not turn it; softly while the robot
   * steps, and in the stance that this leaves it in.
   */
  readonly waist: { readonly firm: Gains; readonly soft: Gains };
  /** The soles are held level, and at rest. */
  readonly sole: Gains;
  readonly step: RecoveryStepOptions;
}

/**
 * When the body's rotation cannot bring the DCM back any more, from what pushes that are survived without a step leave of
 * its distance from the soles' edge: `upright` metres while the pelvis is upright, less by `slope` metres for each radian
 * that it leans, as the rotation is under way then, but `least`. A pelvis that leans by `lean` radians has turned as far
 * as it can, and the DCM must be `leaning` metres from the edge.
 */
export interface StepTrigger {
  readonly upright: number;
  readonly slope: number;
  readonly least: number;
  readonly lean: number;
  readonly leaning: number;
}

/** No step is made. */
export const NEVER: StepTrigger = {
  upright: Number.NEGATIVE_INFINITY,
  slope: 0,
  least: Number.NEGATIVE_INFINITY,
  lean: Number.POSITIVE_INFINITY,
  leaning: Number.NEGATIVE_INFINITY,
};

export interface RecoveryStepOptions {
  readonly trigger: StepTrigger;
  /** Where the ankle's torques hold the centre of pressure of a sole that bears all. */
  readonly pressure: SoleArea;
  /** How long the foot is in the air, s, and how high, m. */
  readonly time: number;
  readonly height: number;
  /** Speed at which it goes on down where the floor is late, m/s. */
  readonly descent: number;
  /**
   * Where the swing foot may land, from the other sole's centre in that sole's axes, m: ahead, behind, and aside, so that
   * the legs do not meet.
   */
  readonly reach: { readonly forward: number; readonly backward: number; readonly near: number; readonly far: number };
  /** The swing foot is held on its path. */
  readonly tracking: Gains;
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
  waist: { firm: { kp: 120, kd: 16 }, soft: { kp: 30, kd: 8 } },
  sole: { kp: 100, kd: 20 },
  step: {
    trigger: { upright: 0.028, slope: 0.1, least: 0.007, lean: 0.6, leaning: 0.05 },
    pressure: { behind: 0.12, ahead: 0.04, aside: 0.02 },
    time: 0.3,
    height: 0.05,
    descent: 0.3,
    reach: { forward: 0.45, backward: 0.4, near: 0.18, far: 0.45 },
    tracking: { kp: 400, kd: 40 },
  },
};
