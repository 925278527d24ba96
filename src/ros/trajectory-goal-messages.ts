import { TrajectoryCode, type TrajectoryGoal, TrajectoryRefusal } from '../planning/trajectory-goal.js';
import { isZero, toSeconds } from './time.js';

interface Stamp {
  readonly sec: number;
  readonly nanosec: number;
}

/** The part of trajectory_msgs/msg/JointTrajectory that counts, decoded from bytes or by rclnodejs. */
export interface TrajectoryMessage {
  readonly header: { readonly stamp: Stamp };
  readonly joint_names: readonly string[];
  readonly points: readonly {
    readonly positions: ArrayLike<number>;
    readonly velocities: ArrayLike<number>;
    readonly accelerations: ArrayLike<number>;
    readonly effort: ArrayLike<number>;
    readonly time_from_start: Stamp;
  }[];
}

interface ToleranceMessage {
  readonly name: string;
  readonly position: number;
  readonly velocity: number;
}

/** The part of a FollowJointTrajectory goal that counts. */
export interface FollowGoalMessage {
  readonly trajectory: TrajectoryMessage;
  readonly multi_dof_trajectory: { readonly joint_names: readonly string[] };
  readonly path_tolerance: readonly ToleranceMessage[];
  readonly goal_tolerance: readonly ToleranceMessage[];
  readonly goal_time_tolerance: Stamp;
}

/**
 * @param origin ROS time at which the planner's clock is 0, s
 * @throws TrajectoryRefusal for what cannot be followed here
 */
export function readTrajectoryGoal(message: FollowGoalMessage, origin: number): TrajectoryGoal {
  const [joint] = message.multi_dof_trajectory.joint_names;
  if (joint !== undefined) {
    throw new TrajectoryRefusal(TrajectoryCode.invalidJoints, `the robot has no multi-DOF joint "${joint}"`);
  }
  return {
    ...readTrajectory(message.trajectory, origin),
    pathTolerance: message.path_tolerance,
    goalTolerance: message.goal_tolerance,
    goalTime: toSeconds(message.goal_time_tolerance),
  };
}

/** The same for a trajectory alone, with the default tolerances. */
export function readTrajectory({ header, joint_names, points }: TrajectoryMessage, origin: number): TrajectoryGoal {
  const pushed = points.findIndex(({ effort }) => effort.length > 0);
  if (pushed >= 0) {
    throw new TrajectoryRefusal(
      TrajectoryCode.invalidGoal,
      `point ${pushed} has efforts, which cannot be followed: leave them empty`,
    );
  }
  return {
    start: isZero(header.stamp) ? undefined : toSeconds(header.stamp) - origin,
    joints: [...joint_names],
    points: points.map(({ positions, velocities, accelerations, time_from_start }) => ({
      positions,
      velocities,
      accelerations,
      timeFromStart: toSeconds(time_from_start),
    })),
    pathTolerance: [],
    goalTolerance: [],
    goalTime: 0,
  };
}
