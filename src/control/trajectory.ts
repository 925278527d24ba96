/**
 * A joint trajectory in memory that is allocated once. Rows are waypoints, columns joints in URDF order, row-major:
 * joint j of waypoint k is at `k * joints + j`.
 */
export interface JointTrajectory {
  readonly joints: number;
  /** Rows allocated. */
  readonly capacity: number;
  /** Time for which it was planned, s, on the control loop's clock: identifies it. */
  stamp: number;
  /** Rows in use, at least 1. */
  count: number;
  /** Times at which the waypoints are to be reached, s, absolute on the control loop's clock, increasing. */
  readonly time: Float64Array;
  /** rad */
  readonly position: Float64Array;
  /** rad/s */
  readonly velocity: Float64Array;
  /** Feed-forward torque, N·m. */
  readonly effort: Float64Array;
}

/** One sample of a trajectory: a value for each joint (rad, rad/s, N·m). */
export interface JointSample {
  readonly position: Float64Array;
  readonly velocity: Float64Array;
  readonly effort: Float64Array;
}

/** Allocates an empty trajectory of `capacity` waypoints. */
export function createJointTrajectory(joints: number, capacity: number): JointTrajectory {
  return {
    joints,
    capacity,
    stamp: 0,
    count: 0,
    time: new Float64Array(capacity),
    position: new Float64Array(capacity * joints),
    velocity: new Float64Array(capacity * joints),
    effort: new Float64Array(capacity * joints),
  };
}

/** Allocates a zeroed sample. */
export function createJointSample(joints: number): JointSample {
  return {
    position: new Float64Array(joints),
    velocity: new Float64Array(joints),
    effort: new Float64Array(joints),
  };
}

/**
 * Samples a trajectory at `time`: cubic Hermite in position (position and velocity are continuous across waypoints),
 * linear in effort. Before row `first` and after the last row it gives that row, at rest. Real-time safe.
 *
 * With h = t₁ − t₀ and s = (t − t₀)/h:
 *   q(s) = (2s³−3s²+1)·q₀ + (s³−2s²+s)·h·q̇₀ + (−2s³+3s²)·q₁ + (s³−s²)·h·q̇₁, and q̇ its derivative by t.
 *
 * @param first the first row that counts
 */
export function sampleTrajectory(trajectory: JointTrajectory, time: number, out: JointSample, first = 0): void {
  const { joints, count, time: times, position, velocity, effort } = trajectory;
  let k = first + 1;
  while (k < count && times[k] <= time) k++;
  const before = time < times[first];
  if (before || k >= count) {
    const row = (before ? first : count - 1) * joints;
    for (let j = 0; j < joints; j++) {
      out.position[j] = position[row + j];
      out.velocity[j] = 0;
      out.effort[j] = effort[row + j];
    }
    return;
  }
  const h = times[k] - times[k - 1];
  const s = (time - times[k - 1]) / h;
  const s2 = s * s;
  const s3 = s2 * s;
  const a1 = 3 * s2 - 2 * s3;
  const a0 = 1 - a1;
  const b0 = (s3 - 2 * s2 + s) * h;
  const b1 = (s3 - s2) * h;
  const c1 = (6 * s - 6 * s2) / h;
  const d0 = 3 * s2 - 4 * s + 1;
  const d1 = 3 * s2 - 2 * s;
  const row0 = (k - 1) * joints;
  const row1 = k * joints;
  for (let j = 0; j < joints; j++) {
    const q0 = position[row0 + j];
    const q1 = position[row1 + j];
    const v0 = velocity[row0 + j];
    const v1 = velocity[row1 + j];
    out.position[j] = a0 * q0 + b0 * v0 + a1 * q1 + b1 * v1;
    out.velocity[j] = c1 * (q1 - q0) + d0 * v0 + d1 * v1;
    out.effort[j] = (1 - s) * effort[row0 + j] + s * effort[row1 + j];
  }
}
