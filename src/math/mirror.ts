/**
 * Reflects poses about the plane y = 0, in place: y and the rotation about x and z change sign. A frame turned like the
 * right hand's becomes one turned like the left hand's.
 * @param poses position x, y, z and quaternion x, y, z, w, one after the other
 */
export function mirrorPoses(poses: Float64Array): void {
  for (let at = 0; at < poses.length; at += 7) {
    poses[at + 1] = -poses[at + 1]!;
    poses[at + 3] = -poses[at + 3]!;
    poses[at + 5] = -poses[at + 5]!;
  }
}
