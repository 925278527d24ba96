import { XMLParser } from 'fast-xml-parser';

/** A joint of a URDF, as far as its transform goes. */
export interface JointTransform {
  readonly name: string;
  /** Whether it never moves. */
  readonly fixed: boolean;
  readonly parent: string;
  readonly child: string;
  /** Origin in the parent, m. */
  readonly translation: readonly [number, number, number];
  /** Orientation in the parent at zero, quaternion x, y, z, w. */
  readonly rotation: readonly [number, number, number, number];
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

/**
 * The joints between a link and one of its ancestors, the ancestor's end first.
 * @throws Error where `to` does not descend from `from`
 */
export function chain(joints: readonly JointTransform[], from: string, to: string): JointTransform[] {
  const above = new Map(joints.map((joint) => [joint.child, joint]));
  const path: JointTransform[] = [];
  for (let link = to; link !== from; ) {
    const joint = above.get(link);
    if (joint === undefined) throw new Error(`no chain of joints leads from link '${from}' to '${to}'`);
    path.unshift(joint);
    link = joint.parent;
  }
  return path;
}

/** URDF's fixed-axis angles: R = Rz(yaw)·Ry(pitch)·Rx(roll). */
function fromRollPitchYaw([roll, pitch, yaw]: readonly [number, number, number]): [number, number, number, number] {
  const [cr, sr] = [Math.cos(roll / 2), Math.sin(roll / 2)];
  const [cp, sp] = [Math.cos(pitch / 2), Math.sin(pitch / 2)];
  const [cy, sy] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
  return [
    sr * cp * cy - cr * sp * sy,
    cr * sp * cy + sr * cp * sy,
    cr * cp * sy - sr * sp * cy,
    cr * cp * cy + sr * sp * sy,
  ];
}

function triple(text: string): [number, number, number] {
  const [x = 0, y = 0, z = 0] = text.trim().split(/\s+/).map(Number);
  return [x, y, z];
}
