/**
 * Poses are seven numbers: position x, y, z (m) and unit quaternion x, y, z, w. The functions work on arrays at an
 * offset, so that sequences of poses need no copies, and allocate nothing.
 */

/** Writes the product of two quaternions, a ⊗ b, into `out`, which may be `a` or `b`. */
export function multiplyQuaternions(
  a: Float64Array,
  ai: number,
  b: Float64Array,
  bi: number,
  out: Float64Array,
  oi: number,
): void {
  const [ax, ay, az, aw] = [a[ai]!, a[ai + 1]!, a[ai + 2]!, a[ai + 3]!];
  const [bx, by, bz, bw] = [b[bi]!, b[bi + 1]!, b[bi + 2]!, b[bi + 3]!];
  out[oi] = aw * bx + ax * bw + ay * bz - az * by;
  out[oi + 1] = aw * by - ax * bz + ay * bw + az * bx;
  out[oi + 2] = aw * bz + ax * by - ay * bx + az * bw;
  out[oi + 3] = aw * bw - ax * bx - ay * by - az * bz;
}

/**
 * Writes the rotation vector (axis × angle, rad, angle in [0, π]) that leads from quaternion `from` to `to` in the
 * base's axes: exp(out)·from = to.
 */
export function rotationBetween(
  from: Float64Array,
  fi: number,
  to: Float64Array,
  ti: number,
  out: Float64Array,
  oi: number,
): void {
  const [fx, fy, fz, fw] = [from[fi]!, from[fi + 1]!, from[fi + 2]!, from[fi + 3]!];
  const [tx, ty, tz, tw] = [to[ti]!, to[ti + 1]!, to[ti + 2]!, to[ti + 3]!];
  // d = to ⊗ conj(from)
  let x = -tw * fx + tx * fw - ty * fz + tz * fy;
  let y = -tw * fy + tx * fz + ty * fw - tz * fx;
  let z = -tw * fz - tx * fy + ty * fx + tz * fw;
  let w = tw * fw + tx * fx + ty * fy + tz * fz;
  if (w < 0) [x, y, z, w] = [-x, -y, -z, -w];
  const sine = Math.hypot(x, y, z);
  const scale = sine < 1e-9 ? 2 : (2 * Math.atan2(sine, w)) / sine;
  out[oi] = x * scale;
  out[oi + 1] = y * scale;
  out[oi + 2] = z * scale;
}

/** Writes the quaternion of rotation vector `v` (rad) into `out`. */
export function quaternionFromRotationVector(v: Float64Array, vi: number, out: Float64Array, oi: number): void {
  const angle = Math.hypot(v[vi]!, v[vi + 1]!, v[vi + 2]!);
  const scale = angle < 1e-9 ? 0.5 : Math.sin(angle / 2) / angle;
  out[oi] = v[vi]! * scale;
  out[oi + 1] = v[vi + 1]! * scale;
  out[oi + 2] = v[vi + 2]! * scale;
  out[oi + 3] = Math.cos(angle / 2);
}

const rotation = new Float64Array(3);
const step = new Float64Array(4);

/** Interpolates from pose `a` (s = 0) to pose `b` (s = 1): positions linearly, orientations along the geodesic. */
export function interpolatePose(
  a: Float64Array,
  ai: number,
  b: Float64Array,
  bi: number,
  s: number,
  out: Float64Array,
  oi: number,
): void {
  rotationBetween(a, ai + 3, b, bi + 3, rotation, 0);
  for (let k = 0; k < 3; k++) rotation[k]! *= s;
  quaternionFromRotationVector(rotation, 0, step, 0);
  for (let k = 0; k < 3; k++) out[oi + k] = a[ai + k]! + s * (b[bi + k]! - a[ai + k]!);
  multiplyQuaternions(step, 0, a, ai + 3, out, oi + 3);
}

/** Writes the rigid transform of a pose, row-major 3 × 4 [R t], into `out` (12). */
export function transformFromPose(pose: Float64Array, out: Float64Array): void {
  const [x, y, z, w] = [pose[3]!, pose[4]!, pose[5]!, pose[6]!];
  out[0] = 1 - 2 * (y * y + z * z);
  out[1] = 2 * (x * y - z * w);
  out[2] = 2 * (x * z + y * w);
  out[3] = pose[0]!;
  out[4] = 2 * (x * y + z * w);
  out[5] = 1 - 2 * (x * x + z * z);
  out[6] = 2 * (y * z - x * w);
  out[7] = pose[1]!;
  out[8] = 2 * (x * z - y * w);
  out[9] = 2 * (y * z + x * w);
  out[10] = 1 - 2 * (x * x + y * y);
  out[11] = pose[2]!;
}
