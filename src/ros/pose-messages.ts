import type { Message, MessageInput } from './messages.js';

/** Position x, y, z (m) and quaternion x, y, z, w as a geometry_msgs/Pose. */
export function poseMessage(pose: ArrayLike<number>, at = 0): MessageInput<'geometry_msgs/msg/Pose'> {
  return {
    position: { x: pose[at]!, y: pose[at + 1]!, z: pose[at + 2]! },
    orientation: { x: pose[at + 3]!, y: pose[at + 4]!, z: pose[at + 5]!, w: pose[at + 6]! },
  };
}

/** Writes a geometry_msgs/Pose into `out` (7) at `at`: position x, y, z (m) and quaternion x, y, z, w. */
export function readPose(
  { position, orientation }: Message<'geometry_msgs/msg/Pose'>,
  out: Float64Array,
  at = 0,
): Float64Array {
  const { x, y, z, w } = orientation;
  out.set([position.x, position.y, position.z, x, y, z, w], at);
  return out;
}
