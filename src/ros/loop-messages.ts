import type { RobotState } from '../control/hardware.js';
import type { LoopSnapshot } from '../control/loop-snapshot.js';
import type { LoopReport } from '../control/loop-statistics.js';
import type { LoopStatus, SuspensionReport } from '../control/shared-state.js';
import { describeStopCauses, nameStopCauses } from '../control/stop-state.js';
import { TRUTH_SIZE } from '../sim/truth-recorder.js';
import type { MessageInput, Stamp } from './messages.js';

/** The inertial measurement. @param frame_id the frame it is in */
export function imuMessage(state: RobotState, frame_id: string, stamp: Stamp): MessageInput<'sensor_msgs/msg/Imu'> {
  const [x, y, z, w] = state.orientation;
  return {
    header: { stamp, frame_id },
    orientation: { x, y, z, w },
    angular_velocity: vector(state.angularVelocity),
    linear_acceleration: vector(state.linearAcceleration),
  };
}

/** A force and a torque. @param values force (N), torque (N·m) @param frame_id the frame they are in */
export function wrenchMessage(
  values: Float64Array,
  frame_id: string,
  stamp: Stamp,
): MessageInput<'geometry_msgs/msg/WrenchStamped'> {
  return { header: { stamp, frame_id }, wrench: { force: vector(values), torque: vector(values, 3) } };
}

/** What the loop does: all of ControllerState but the stamps. @param period s @param suspension what carries the robot */
export function controllerStateMessage(
  { state, command, torque }: LoopSnapshot,
  { stopMode, stopCauses, speedScale }: LoopStatus,
  { lateUs, executionUs, cycles, missed }: LoopReport,
  period: number,
  suspension: SuspensionReport,
): MessageInput<'cosmos_humanoid/msg/ControllerState'> {
  const { position, velocity } = state;
  return {
    mode: stopMode,
    stop_causes: describeStopCauses(stopCauses),
    stop_cause_names: nameStopCauses(stopCauses),
    speed_scale: speedScale,
    reference_position: command.position,
    reference_velocity: command.velocity,
    position,
    velocity,
    position_error: command.position.map((reference, j) => reference - position[j]),
    torque,
    suspension: suspension.phase,
    hoist_load: suspension.load,
    timing: {
      period,
      late_p50: lateUs.p50 * 1e-6,
      late_p99: lateUs.p99 * 1e-6,
      late_max: lateUs.max * 1e-6,
      busy_p50: executionUs.p50 * 1e-6,
      busy_p99: executionUs.p99 * 1e-6,
      busy_max: executionUs.max * 1e-6,
      cycles: BigInt(cycles),
      missed: BigInt(missed),
    },
  };
}

/** Ground truth of the simulation: SimState's numbers. @param joints how many joints the robot has */
export function groundTruthMessage(truth: Float64Array, joints: number): MessageInput<'cosmos_humanoid/msg/SimState'> {
  // The base and the free bodies have 7 positions and 6 velocities each, a joint has one of each.
  const end = truth.length - TRUTH_SIZE;
  const freeBodies = (end - 1 - 2 * joints) / 13;
  const nq = joints + 7 * freeBodies;
  return {
    physics_time: truth[0],
    qpos: truth.subarray(1, 1 + nq),
    qvel: truth.subarray(1 + nq, end),
    violations: Uint32Array.from(truth.subarray(end, end + 3)),
    excess: truth.subarray(end + 3, end + 6),
    excess_joint: Uint32Array.from(truth.subarray(end + 6, end + 9)),
    pelvis_lowest: truth[end + 9],
    tilt_largest: truth[end + 10],
    harness_load: truth[end + 11],
  };
}

function vector(values: Float64Array, at = 0): { x: number; y: number; z: number } {
  return { x: values[at], y: values[at + 1], z: values[at + 2] };
}
