import type { Robot } from '../robot/robot.js';
import { type JointTolerance, TrajectoryCode, type TrajectoryGoal, TrajectoryRefusal } from './trajectory-goal.js';

/** Tolerances of joints for which a trajectory gives none. Hands have none: they grasp. */
export interface ToleranceDefaults {
  /** On the way, rad. */
  readonly path: number;
  /** At the end, rad. */
  readonly goal: number;
  /** At the end, rad/s. */
  readonly rest: number;
  /** After the end, s. */
  readonly goalTime: number;
}

export const toleranceDefaults: ToleranceDefaults = { path: 0.2, goal: 0.05, rest: 0.1, goalTime: 1 };

/** Limits of each joint of a trajectory, in its order; Infinity for none. */
export interface Tolerances {
  /** rad and rad/s, on the way */
  readonly pathPosition: Float64Array;
  readonly pathVelocity: Float64Array;
  /** rad and rad/s, at the end */
  readonly goalPosition: Float64Array;
  readonly goalVelocity: Float64Array;
  /** s */
  readonly goalTime: number;
}

/** @throws TrajectoryRefusal for a joint that does not move, and for numbers that are not finite */
export function tolerancesOf(goal: TrajectoryGoal, robot: Robot, defaults: ToleranceDefaults): Tolerances {
  const hands = new Set([...robot.group('left_hand'), ...robot.group('right_hand')].map((i) => robot.names[i]));
  const table = (list: readonly JointTolerance[], key: 'position' | 'velocity', standard: number) => {
    const limits = Float64Array.from(goal.joints, (name) => (hands.has(name) ? Number.POSITIVE_INFINITY : standard));
    for (const tolerance of list) {
      const joint = goal.joints.indexOf(tolerance.name);
      const value = tolerance[key];
      if (joint < 0 || !Number.isFinite(value)) {
        const why = joint < 0 ? 'is no joint of the trajectory' : `has a ${key} tolerance of ${value}`;
        throw new TrajectoryRefusal(TrajectoryCode.invalidGoal, `tolerances: "${tolerance.name}" ${why}`);
      }
      if (value !== 0) limits[joint] = value > 0 ? value : Number.POSITIVE_INFINITY;
    }
    return limits;
  };
  return {
    pathPosition: table(goal.pathTolerance, 'position', defaults.path),
    pathVelocity: table(goal.pathTolerance, 'velocity', Number.POSITIVE_INFINITY),
    goalPosition: table(goal.goalTolerance, 'position', defaults.goal),
    goalVelocity: table(goal.goalTolerance, 'velocity', defaults.rest),
    goalTime: goal.goalTime > 0 ? goal.goalTime : defaults.goalTime,
  };
}
