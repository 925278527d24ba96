import { WAIST_JOINTS } from './body-model.js';

/** How much each task counts, against one another. */
export interface TaskWeights {
  /** Acceleration of the centre of mass, horizontal and vertical, per (m/s²)². */
  readonly com: number;
  readonly height: number;
  /** Angular acceleration of pelvis and torso, per (rad/s²)². */
  readonly pelvis: number;
  readonly torso: number;
  /** Acceleration of the waist's joints, per (rad/s²)². */
  readonly waist: number;
  /** Forces (per N²) and moments (per (N·m)²) of the soles, against those at rest. */
  readonly force: number;
  readonly moment: number;
}

/** What is asked of the body in one cycle: accelerations in world axes. */
export interface BodyTask {
  /** m/s² */
  readonly comAcceleration: Float64Array;
  /** rad/s² */
  readonly pelvisAcceleration: Float64Array;
  readonly torsoAcceleration: Float64Array;
  /** rad/s², waist's joints in URDF order */
  readonly waistAcceleration: Float64Array;
  /** Bounds of the waist's accelerations, rad/s². */
  readonly waistLower: Float64Array;
  readonly waistUpper: Float64Array;
  /** Whether each sole bears; one that does not swings. */
  readonly bears: [boolean, boolean];
  /** Acceleration of each sole, linear then angular (6 each). */
  readonly soleAcceleration: readonly [Float64Array, Float64Array];
  /** Acceleration that the arms and the head will have whatever happens; all degrees of freedom, others unused. */
  readonly armAcceleration: Float64Array;
}

export function createBodyTask(dof: number): BodyTask {
  return {
    comAcceleration: new Float64Array(3),
    pelvisAcceleration: new Float64Array(3),
    torsoAcceleration: new Float64Array(3),
    waistAcceleration: new Float64Array(WAIST_JOINTS),
    waistLower: new Float64Array(WAIST_JOINTS).fill(Number.NEGATIVE_INFINITY),
    waistUpper: new Float64Array(WAIST_JOINTS).fill(Number.POSITIVE_INFINITY),
    bears: [true, true],
    soleAcceleration: [new Float64Array(6), new Float64Array(6)],
    armAcceleration: new Float64Array(dof),
  };
}
