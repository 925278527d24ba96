import { XMLParser } from 'fast-xml-parser';
import { quat } from 'gl-matrix';
import type { MessageInput } from './messages.js';

type Transform = MessageInput<'geometry_msgs/msg/TransformStamped'>;

/** A joint of a URDF, as far as its transform goes. */
export interface JointTransform {
  readonly name: string;
  /** Whether it never moves. */
  readonly fixed: boolean;
  readonly parent: string;
  readonly child: string;
  /** Origin in the parent, m. */
  readonly translation: readonly [number, number, number];
  /** Orientation in the parent at zero, x, y, z, w. */
  readonly rotation: quat;
  /** Axis in the child, of length 1. */
  readonly axis: readonly [number, number, number];
}

interface XmlJoint {
  readonly name: string;
  readonly type: string;
  readonly parent: { readonly link: string };
  readonly child: { readonly link: string };
  readonly origin?: { readonly xyz?: string; readonly rpy?: string };
  readonly axis?: { readonly xyz: string };
}

/** Reads the joints of a URDF, fixed and revolute, in document order. */
export function jointTransforms(urdf: string): JointTransform[] {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    isArray: (tag) => tag === 'joint',
  });
  const { robot } = parser.parse(urdf) as { robot: { joint?: XmlJoint[] } };
  return (robot.joint ?? []).map(({ name, type, parent, child, origin, axis }) => ({
    name,
    fixed: type === 'fixed',
    parent: parent.link,
    child: child.link,
    translation: triple(origin?.xyz ?? '0 0 0'),
    rotation: fromRollPitchYaw(triple(origin?.rpy ?? '0 0 0')),
    axis: triple(axis?.xyz ?? '1 0 0'),
  }));
}

/** The transform from parent to child at a position. @param position rad */
export function transformAt(
  joint: JointTransform,
  position: number,
  stamp: MessageInput<'builtin_interfaces/msg/Time'>,
): Transform {
  const turn = quat.setAxisAngle(quat.create(), [...joint.axis], position);
  const [qx, qy, qz, qw] = quat.multiply(turn, joint.rotation, turn);
  const [x, y, z] = joint.translation;
  return {
    header: { stamp, frame_id: joint.parent },
    child_frame_id: joint.child,
    transform: { translation: { x, y, z }, rotation: { x: qx, y: qy, z: qz, w: qw } },
  };
}

/** URDF's fixed-axis angles: R = Rz(yaw)·Ry(pitch)·Rx(roll). */
function fromRollPitchYaw([roll, pitch, yaw]: readonly [number, number, number]): quat {
  const q = quat.create();
  quat.rotateZ(q, q, yaw);
  quat.rotateY(q, q, pitch);
  return quat.rotateX(q, q, roll);
}

function triple(text: string): [number, number, number] {
  const [x = 0, y = 0, z = 0] = text.trim().split(/\s+/).map(Number);
  return [x, y, z];
}
