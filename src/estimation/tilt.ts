import type { RobotState } from '../control/hardware.js';

/** Angle between the vertical and a sole's normal, rad. @param r base in odom @param sole in the base */
export function soleTilt(r: Float64Array, sole: Float64Array): number {
  const x = r[0] * sole[2] + r[1] * sole[5] + r[2] * sole[8];
  const y = r[3] * sole[2] + r[4] * sole[5] + r[5] * sole[8];
  return Math.asin(Math.min(1, Math.sqrt(x * x + y * y)));
}

/**
 * Writes the orientation with the measured tilt and heading 0 into `out`: q = q_z(−yaw)⊗q. Where the orientation is no
 * quaternion, the tilt is that of the specific force at rest: roll = atan2(a_y, a_z), pitch = atan2(−a_x, √(a_y² + a_z²)).
 */
export function setTilt({ orientation }: RobotState, force: Float64Array, out: Float64Array): void {
  const [x, y, z, w] = orientation;
  const length = Math.hypot(x, y, z, w);
  let roll = Math.atan2(force[1], force[2]);
  let pitch = Math.atan2(-force[0], Math.hypot(force[1], force[2]));
  if (Math.abs(length - 1) < 0.1) {
    roll = Math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y));
    pitch = Math.asin(Math.max(-1, Math.min(1, 2 * (w * y - z * x))));
  }
  const [cr, sr] = [Math.cos(roll / 2), Math.sin(roll / 2)];
  const [cp, sp] = [Math.cos(pitch / 2), Math.sin(pitch / 2)];
  out.set([sr * cp, cr * sp, -sr * sp, cr * cp]);
}
