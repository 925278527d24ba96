import { quat } from 'gl-matrix';
import type { JointTransform } from '../robot/joint-transforms.js';
import type { MessageInput } from './messages.js';

type Transform = MessageInput<'geometry_msgs/msg/TransformStamped'>;

/** The transform from parent to child at a position. @param position rad */
export function transformAt(
  joint: JointTransform,
  position: number,
  stamp: MessageInput<'builtin_interfaces/msg/Time'>,
): Transform {
  const turn = quat.setAxisAngle(quat.create(), [...joint.axis], position);
  const [qx, qy, qz, qw] = quat.multiply(turn, [...joint.rotation], turn);
  const [x, y, z] = joint.translation;
  return {
    header: { stamp, frame_id: joint.parent },
    child_frame_id: joint.child,
    transform: { translation: { x, y, z }, rotation: { x: qx, y: qy, z: qz, w: qw } },
  };
}
