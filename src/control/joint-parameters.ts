/** What the control loop knows about the joints. Every vector has one entry a joint, in URDF joint order. */
export interface JointParameters {
  readonly names: readonly string[];
  /** Lower position limits, rad. */
  readonly lower: Float64Array;
  /** Upper position limits, rad. */
  readonly upper: Float64Array;
  /** Velocity limits (magnitudes), rad/s. */
  readonly velocityLimit: Float64Array;
  /** Torque limits (magnitudes), N·m. */
  readonly effortLimit: Float64Array;
  /** Proportional gains of the drives, N·m/rad. */
  readonly kp: Float64Array;
  /** Integral gains of the controller, N·m/(rad·s). */
  readonly ki: Float64Array;
  /** Derivative gains of the drives, N·m·s/rad; also the damping of an emergency stop. */
  readonly kd: Float64Array;
}

const LIMITS = ['lower', 'upper'] as const;
const MAGNITUDES = ['velocityLimit', 'effortLimit', 'kp', 'ki', 'kd'] as const;

/**
 * Checks lengths and values once, before the loop trusts them.
 * @throws Error naming the vector, the joint and the value.
 */
export function checkJointParameters(parameters: JointParameters): void {
  const joints = parameters.names.length;
  for (const key of [...LIMITS, ...MAGNITUDES]) {
    if (parameters[key].length !== joints) {
      throw new Error(`joint parameter ${key} has ${parameters[key].length} entries, needs ${joints}, one a joint`);
    }
  }
  for (let j = 0; j < joints; j++) {
    for (const key of MAGNITUDES) {
      const value = parameters[key][j];
      if (!Number.isFinite(value) || value < 0) {
        throw new Error(`${key} of ${parameters.names[j]} is ${value}, needs a finite number of at least 0`);
      }
    }
    if (!(parameters.lower[j] < parameters.upper[j])) {
      throw new Error(
        `limits of ${parameters.names[j]} are ${parameters.lower[j]}…${parameters.upper[j]} rad, needs lower < upper`,
      );
    }
  }
}

/** A copy that is plain data, so that it can travel to another thread whatever class it came from. */
export function plainJointParameters(parameters: JointParameters): JointParameters {
  const { names, lower, upper, velocityLimit, effortLimit, kp, ki, kd } = parameters;
  return { names, lower, upper, velocityLimit, effortLimit, kp, ki, kd };
}
