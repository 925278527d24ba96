import { createJointCommand, createRobotState, type JointCommand, type RobotState } from './hardware.js';
import type { JointController } from './joint-controller.js';

/** One consistent view of what the loop measured and commanded in the same cycle. */
export interface LoopSnapshot {
  readonly state: RobotState;
  /** Velocity, gains and effort as sent to the drives, and the position asked for: the drives get the nearest that their torque reaches. */
  readonly command: JointCommand;
  /** Torques asked of the joints, N·m: drive law and feed-forward together, limited. */
  readonly torque: Float64Array;
  /** Stamp of the trajectory that is followed, s, on the loop's clock; 0 while there is none. */
  referenceStamp: number;
  /** When the loop first followed that trajectory, s; 0 while there is none. */
  referenceApplied: number;
  /** When the first command of the present stop mode was written, s; 0 before the first cycle. */
  modeSince: number;
  /** State of the simulation (time, qpos, qvel, the worst so far); empty on a real robot. */
  readonly groundTruth: Float64Array;
}

/** Sizes that both threads must agree on. */
export interface SharedLayout {
  readonly joints: number;
  /** Doubles of ground truth, 0 on a real robot. */
  readonly groundTruthSize: number;
}

/** Allocates a zeroed snapshot. */
export function createLoopSnapshot(layout: SharedLayout): LoopSnapshot {
  return {
    state: createRobotState(layout.joints),
    command: createJointCommand(layout.joints),
    torque: new Float64Array(layout.joints),
    referenceStamp: 0,
    referenceApplied: 0,
    modeSince: 0,
    groundTruth: new Float64Array(layout.groundTruthSize),
  };
}

/** Time, stamp and time of the reference, time of the mode, IMU, two wrenches. */
const FIXED = 4 + 4 + 3 + 3 + 6 + 6;

/** Doubles of shared memory a snapshot needs. */
export function snapshotSize({ joints, groundTruthSize }: SharedLayout): number {
  return FIXED + 9 * joints + groundTruthSize;
}

/** Where in a packed snapshot the loop writes since when it follows the trajectory, s. */
export const APPLIED = 2;
/** Where it writes since when the stop mode holds, s. */
export const MODE_SINCE = 3;

/** Loop: writes a cycle into shared memory, but for {@link APPLIED} and {@link MODE_SINCE}. Real-time safe. */
export function packSnapshot(
  to: Float64Array,
  state: RobotState,
  command: JointCommand,
  controller: JointController,
  groundTruth: Float64Array,
): void {
  to[0] = state.time;
  to[1] = controller.reference.stamp;
  let at = 4;
  at = put(to, at, state.position);
  at = put(to, at, state.velocity);
  at = put(to, at, state.effort);
  at = put(to, at, state.orientation);
  at = put(to, at, state.angularVelocity);
  at = put(to, at, state.linearAcceleration);
  at = put(to, at, state.leftFootWrench);
  at = put(to, at, state.rightFootWrench);
  at = put(to, at, controller.asked);
  at = put(to, at, command.velocity);
  at = put(to, at, command.kp);
  at = put(to, at, command.kd);
  at = put(to, at, command.effort);
  at = put(to, at, controller.torque);
  put(to, at, groundTruth);
}

/** Reads a cycle from a private copy of that memory. */
export function unpackSnapshot(from: Float64Array, out: LoopSnapshot): void {
  const { state, command } = out;
  state.time = from[0];
  out.referenceStamp = from[1];
  out.referenceApplied = from[APPLIED];
  out.modeSince = from[MODE_SINCE];
  let at = 4;
  at = take(from, at, state.position);
  at = take(from, at, state.velocity);
  at = take(from, at, state.effort);
  at = take(from, at, state.orientation);
  at = take(from, at, state.angularVelocity);
  at = take(from, at, state.linearAcceleration);
  at = take(from, at, state.leftFootWrench);
  at = take(from, at, state.rightFootWrench);
  at = take(from, at, command.position);
  at = take(from, at, command.velocity);
  at = take(from, at, command.kp);
  at = take(from, at, command.kd);
  at = take(from, at, command.effort);
  at = take(from, at, out.torque);
  take(from, at, out.groundTruth);
}

function put(to: Float64Array, at: number, values: Float64Array): number {
  to.set(values, at);
  return at + values.length;
}

function take(from: Float64Array, at: number, values: Float64Array): number {
  for (let i = 0; i < values.length; i++) values[i] = from[at + i];
  return at + values.length;
}
