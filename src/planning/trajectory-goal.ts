/** How following a trajectory ended: the codes of control_msgs/action/FollowJointTrajectory. */
export const TrajectoryCode = {
  successful: 0,
  /** Malformed, beyond a limit, or replaced by another trajectory. */
  invalidGoal: -1,
  invalidJoints: -2,
  /** It ends in the past. */
  oldHeaderTimestamp: -3,
  /** A joint left the path, or the robot was stopped. */
  pathToleranceViolated: -4,
  goalToleranceViolated: -5,
} as const;
export type TrajectoryCode = (typeof TrajectoryCode)[keyof typeof TrajectoryCode];

/** How it ended, in a code and in words. */
export interface TrajectoryOutcome {
  readonly code: TrajectoryCode;
  readonly message: string;
}

/** Why a trajectory was not taken. */
export class TrajectoryRefusal extends Error implements TrajectoryOutcome {
  readonly code: TrajectoryCode;

  constructor(code: TrajectoryCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A point of a trajectory, its arrays parallel to the trajectory's joints; all but the positions may be empty. */
export interface TrajectoryPoint {
  /** rad */
  readonly positions: ArrayLike<number>;
  /** rad/s */
  readonly velocities: ArrayLike<number>;
  /** rad/s² */
  readonly accelerations: ArrayLike<number>;
  /** s after the start of the trajectory */
  readonly timeFromStart: number;
}

/** How far a joint may be off: 0 stands for the default, a negative number for no limit. */
export interface JointTolerance {
  readonly name: string;
  /** rad */
  readonly position: number;
  /** rad/s */
  readonly velocity: number;
}

/** What is to be followed. */
export interface TrajectoryGoal {
  /** Time that `timeFromStart` counts from, s; undefined for now. */
  readonly start: number | undefined;
  /** Names of the joints that move, in any order. */
  readonly joints: readonly string[];
  readonly points: readonly TrajectoryPoint[];
  readonly pathTolerance: readonly JointTolerance[];
  readonly goalTolerance: readonly JointTolerance[];
  /** How long the joints may take to come within the goal's tolerances after the end, s; 0 for the default. */
  readonly goalTime: number;
}
