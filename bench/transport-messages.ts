import type { MessageInput, Stamp } from '../src/ros/messages.js';

/** Joints of the robot. */
const JOINTS = 75;

/** The messages that the benchmark sends, by name. */
export const MESSAGES = {
  joint_state: 'sensor_msgs/msg/JointState',
  image: 'sensor_msgs/msg/Image',
} as const;
export type MessageName = keyof typeof MESSAGES;

/** Frame of the messages that are sent one after the other, whose publication is timed. */
export const BURST = 'burst';
/** Frame of the messages that are sent at a fixed rate, whose delivery is timed. */
export const PACED = 'paced';

/** A JointState of 75 joints with names. */
export function jointState(): (stamp: Stamp, frame_id: string) => MessageInput<'sensor_msgs/msg/JointState'> {
  const name = Array.from({ length: JOINTS }, (_, j) => `left_hand_index_finger_joint_${j}`);
  const vector = (offset: number) => Float64Array.from({ length: JOINTS }, (_, j) => Math.sin(j + offset));
  const [position, velocity, effort] = [vector(0), vector(1), vector(2)];
  return (stamp, frame_id) => ({ header: { stamp, frame_id }, name, position, velocity, effort });
}

/** A colour image of 320 × 240. */
export function image(): (stamp: Stamp, frame_id: string) => MessageInput<'sensor_msgs/msg/Image'> {
  const [width, height] = [320, 240];
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => i % 251);
  return (stamp, frame_id) => ({
    header: { stamp, frame_id },
    height,
    width,
    encoding: 'rgb8',
    is_bigendian: 0,
    step: 3 * width,
    data,
  });
}
