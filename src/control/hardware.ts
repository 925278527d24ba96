import type { Hoist } from './hoist.js';

/** What the robot reports once a control cycle. Joint vectors are 75 long, in URDF joint order. */
export interface RobotState {
  /** Time of the measurement, s, on the clock of the control loop (`monotonicSeconds`), which sets it. */
  time: number;
  /** Joint positions, rad. */
  readonly position: Float64Array;
  /** Joint velocities, rad/s. */
  readonly velocity: Float64Array;
  /** Torques the drives exert, N·m. */
  readonly effort: Float64Array;
  /** Orientation of base_link in the world, quaternion x, y, z, w. */
  readonly orientation: Float64Array;
  /** Angular velocity in base_link, rad/s. */
  readonly angularVelocity: Float64Array;
  /** Specific force in base_link, m/s² (+9.81 on z at rest, upright). */
  readonly linearAcceleration: Float64Array;
  /** Force (N) then torque (N·m) of the ground on each sole, in the frames l_sole and r_sole. */
  readonly leftFootWrench: Float64Array;
  readonly rightFootWrench: Float64Array;
}

/**
 * What the drives are told once a control cycle. Each drive applies
 * τ = kp·(position − q) + kd·(velocity − q̇) + effort, within its effort limit.
 */
export interface JointCommand {
  /** rad */
  readonly position: Float64Array;
  /** rad/s */
  readonly velocity: Float64Array;
  /** N·m/rad */
  readonly kp: Float64Array;
  /** N·m·s/rad */
  readonly kd: Float64Array;
  /** Feed-forward torque, N·m. */
  readonly effort: Float64Array;
}

/**
 * A robot, real or simulated, behind the 1 kHz loop. `read` and `write` run in the loop's thread, must not block
 * and must not allocate.
 */
export interface Hardware {
  /** Whether the robot stands still while the loop does not run, as a simulation does; false when left out. */
  readonly standsStill?: boolean;
  /** What can lift the robot, once configured; left out where nothing can that this program moves. */
  readonly hoist?: Hoist | undefined;
  /** Opens the device; rejects with what is missing and how to supply it. */
  configure(): Promise<void>;
  /** Enables the drives and fills `state` with the first measurement. */
  activate(state: RobotState): void;
  read(state: RobotState): void;
  write(command: JointCommand): void;
  /** Disables the drives and releases the device. */
  deactivate(): void;
}

/** Allocates a zeroed state for `joints` joints, upright. */
export function createRobotState(joints: number): RobotState {
  return {
    time: 0,
    position: new Float64Array(joints),
    velocity: new Float64Array(joints),
    effort: new Float64Array(joints),
    orientation: Float64Array.of(0, 0, 0, 1),
    angularVelocity: new Float64Array(3),
    linearAcceleration: new Float64Array(3),
    leftFootWrench: new Float64Array(6),
    rightFootWrench: new Float64Array(6),
  };
}

/** Allocates a zeroed command (all gains zero: the drives exert nothing) for `joints` joints. */
export function createJointCommand(joints: number): JointCommand {
  return {
    position: new Float64Array(joints),
    velocity: new Float64Array(joints),
    kp: new Float64Array(joints),
    kd: new Float64Array(joints),
    effort: new Float64Array(joints),
  };
}
