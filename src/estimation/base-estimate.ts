/** What is wrong with an estimate or with the measurements behind it; bits of `BaseEstimate.degraded`. */
export const EstimatorFault = {
  /** A value of the inertial unit is not finite or beyond what it can measure. */
  imuInvalid: 1,
  /** The inertial unit repeats itself bit by bit. */
  imuFrozen: 2,
  /** The gyro or accelerometer contradicts the legs and the gravity direction. */
  imuImplausible: 4,
  /** A joint's position or velocity is not finite or beyond what the joint can do. */
  jointInvalid: 8,
  /** A foot's wrench is not finite or beyond what a foot can bear. */
  wrenchInvalid: 16,
  /** No foot has carried load for a while: position and velocity rest on the inertial unit alone. */
  noContact: 32,
  /** A loaded foot moved over the floor and was placed anew. */
  slip: 64,
  /** Control cycles are missing between two updates. */
  gap: 128,
  /** The filter had to be started anew, because its state was no longer finite or its variances no longer positive. */
  restarted: 256,
  /** The encoders of both legs repeat themselves bit by bit while the inertial unit is alive. */
  jointFrozen: 512,
} as const;
export type EstimatorFault = (typeof EstimatorFault)[keyof typeof EstimatorFault];

const DESCRIPTIONS: Readonly<Record<keyof typeof EstimatorFault, string>> = {
  imuInvalid: 'a value of the inertial unit is none',
  imuFrozen: 'the inertial unit repeats itself',
  imuImplausible: 'the inertial unit contradicts the legs',
  jointInvalid: "a leg's encoder is wrong",
  wrenchInvalid: "a foot's wrench is none",
  noContact: 'no foot carries load',
  slip: 'a loaded foot slips',
  gap: 'control cycles are missing',
  restarted: 'the filter was started anew',
  jointFrozen: "the legs' encoders repeat themselves",
};

/** The faults in which the inertial unit is not used: the estimate rests on the legs alone. */
export const IMU_FAULTS = EstimatorFault.imuInvalid | EstimatorFault.imuFrozen | EstimatorFault.imuImplausible;

/** The faults in a mask of `EstimatorFault`, in words. */
export function describeEstimatorFaults(faults: number): string[] {
  const keys = Object.keys(DESCRIPTIONS) as (keyof typeof EstimatorFault)[];
  return keys.filter((key) => (faults & EstimatorFault[key]) !== 0).map((key) => DESCRIPTIONS[key]);
}

/**
 * Motion of the base, base_link in odom, at the time of the last control cycle. odom is the frame that starts at the
 * midpoint of the soles: z up, z = 0 on the floor, x along the robot's heading.
 */
export interface BaseEstimate {
  /** Time of the measurement, s, on the control loop's clock. */
  time: number;
  /** Origin of base_link, m. */
  readonly position: Float64Array;
  /** Orientation of base_link in odom, quaternion x, y, z, w. */
  readonly orientation: Float64Array;
  /** Velocity of base_link's origin, m/s, odom axes. */
  readonly velocity: Float64Array;
  /** Angular velocity, rad/s, base_link axes. */
  readonly angularVelocity: Float64Array;
  /** Probability that the left and the right foot carry load, 0 … 1. */
  readonly contact: Float64Array;
  /** Mask of `EstimatorFault`; 0: all is well. */
  degraded: number;
}

/** Allocates an estimate: upright, at rest at the origin, feet unloaded. */
export function createBaseEstimate(): BaseEstimate {
  return {
    time: 0,
    position: new Float64Array(3),
    orientation: Float64Array.of(0, 0, 0, 1),
    velocity: new Float64Array(3),
    angularVelocity: new Float64Array(3),
    contact: new Float64Array(2),
    degraded: 0,
  };
}
