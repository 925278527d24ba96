import type { JointTrajectory } from '../control/trajectory.js';
import type { Message } from './messages.js';
import { isZero, toSeconds } from './time.js';

/**
 * Reads a message into memory that is allocated once. Shape and names are checked here, values where they are used.
 * Velocities and efforts that are left out are zero.
 *
 * @param names the robot's joints; the message names them all in this order, or none
 * @param now ROS time that a stamp of zero stands for, s
 * @param out filled; its times are ROS time, s. Unchanged where the message is refused.
 * @throws Error saying what is wrong with the message
 */
export function readJointTrajectory(
  message: Message<'trajectory_msgs/msg/JointTrajectory'>,
  names: readonly string[],
  now: number,
  out: JointTrajectory,
): void {
  const { header, joint_names: given, points } = message;
  if (given.length !== 0) checkNames(given, names);
  if (points.length === 0 || points.length > out.capacity) {
    throw new Error(`joint trajectory has ${points.length} points, needs 1 to ${out.capacity}`);
  }
  for (let k = 0; k < points.length; k++) {
    checkLength('positions', points[k].positions.length, names.length, k, false);
    checkLength('velocities', points[k].velocities.length, names.length, k, true);
    checkLength('effort', points[k].effort.length, names.length, k, true);
  }
  const start = isZero(header.stamp) ? now : toSeconds(header.stamp);
  out.stamp = start;
  out.count = points.length;
  for (let k = 0; k < points.length; k++) {
    const { positions, velocities, effort, time_from_start: time } = points[k];
    out.time[k] = start + toSeconds(time);
    fill(out.position, k, names.length, positions);
    fill(out.velocity, k, names.length, velocities);
    fill(out.effort, k, names.length, effort);
  }
}

function checkNames(given: readonly string[], names: readonly string[]): void {
  if (given.length !== names.length) {
    throw new Error(
      `joint trajectory names ${given.length} joints, the robot has ${names.length}: send all, in URDF order`,
    );
  }
  for (let j = 0; j < names.length; j++) {
    if (given[j] === names[j]) continue;
    throw new Error(`joint ${j} of the trajectory is "${given[j]}", needs "${names[j]}": send all, in URDF order`);
  }
}

function checkLength(field: string, length: number, joints: number, point: number, optional: boolean): void {
  if (length === joints || (optional && length === 0)) return;
  throw new Error(`point ${point} of the joint trajectory has ${length} ${field}, the robot has ${joints} joints`);
}

function fill(to: Float64Array, row: number, joints: number, values: ArrayLike<number>): void {
  const at = row * joints;
  if (values.length === 0) to.fill(0, at, at + joints);
  else for (let j = 0; j < joints; j++) to[at + j] = values[j];
}
