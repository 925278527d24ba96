import type { TrajectoryGoal, TrajectoryPoint } from '../../src/planning/trajectory-goal.js';

/** A point of positions only, or with velocities and accelerations. */
export function point(
  timeFromStart: number,
  positions: readonly number[],
  velocities: readonly number[] = [],
  accelerations: readonly number[] = [],
): TrajectoryPoint {
  return { timeFromStart, positions, velocities, accelerations };
}

/** A trajectory from now on with the default tolerances. */
export function goal(
  joints: readonly string[],
  points: readonly TrajectoryPoint[],
  options: Partial<TrajectoryGoal> = {},
): TrajectoryGoal {
  return { start: undefined, joints, points, pathTolerance: [], goalTolerance: [], goalTime: 0, ...options };
}
