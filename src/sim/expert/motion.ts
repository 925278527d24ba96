import { interpolatePose, rotationBetween } from '../../math/pose.js';

/** Time between the waypoints of a plan, s, and how many it has. */
export const waypointTime = 0.1;
export const horizon = 10;

/** Largest turning speed of a hand, rad/s. */
const turnSpeed = 1.2;
/** A hand is there within this distance, m. */
const arrived = 0.004;

/** Quaternion x, y, z, w of a yaw about z, then a tilt of the fingers downwards about y. */
export function orientation(yaw: number, tilt: number): readonly [number, number, number, number] {
  const [cy, sy, ct, st] = [Math.cos(yaw / 2), Math.sin(yaw / 2), Math.cos(tilt / 2), Math.sin(tilt / 2)];
  return [-sy * st, cy * st, sy * ct, cy * ct];
}

/** Quaternion of {@link orientation}, the hand then rolled about its fingers' direction. */
export function rolledOrientation(yaw: number, tilt: number, roll: number): readonly [number, number, number, number] {
  const [x, y, z, w] = orientation(yaw, tilt);
  const [s, c] = [Math.sin(roll / 2), Math.cos(roll / 2)];
  // q ⊗ (s, 0, 0, c)
  return [w * s + x * c, y * c + z * s, z * c - y * s, w * c - x * s];
}

export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!);
}

/** Angle between the orientations of two poses, rad. */
export function angleBetween(a: Float64Array, b: Float64Array): number {
  const turn = new Float64Array(3);
  rotationBetween(a, 3, b, 3, turn, 0);
  return Math.hypot(...turn);
}

/** The pose moved by so much along base_link's axes, m. */
export function shifted(pose: Float64Array, x: number, y: number, z: number): Float64Array {
  const moved = pose.slice();
  moved[0]! += x;
  moved[1]! += y;
  moved[2]! += z;
  return moved;
}

/** A direction of the pose's frame along base_link's axes: R·v = v + 2w(u × v) + 2u × (u × v), q = (u, w). */
export function rotated(pose: Float64Array, [a, b, c]: readonly [number, number, number]): [number, number, number] {
  const [x, y, z, w] = [pose[3]!, pose[4]!, pose[5]!, pose[6]!];
  const [p, q, r] = [y * c - z * b, z * a - x * c, x * b - y * a];
  return [a + 2 * (w * p + y * r - z * q), b + 2 * (w * q + z * p - x * r), c + 2 * (w * r + x * q - y * p)];
}

/** A direction along base_link's axes in the pose's frame: Rᵀ·v. */
export function toFrame(pose: Float64Array, v: readonly [number, number, number]): [number, number, number] {
  return rotated(Float64Array.of(0, 0, 0, -pose[3]!, -pose[4]!, -pose[5]!, pose[6]!), v);
}

/** The direction of the fingers of a pose on the floor plan, not normalised. */
export function forward(pose: Float64Array): readonly [number, number] {
  const [qx, qy, qz, qw] = [pose[3]!, pose[4]!, pose[5]!, pose[6]!];
  return [1 - 2 * (qy * qy + qz * qz), 2 * (qx * qy + qz * qw)];
}

/** The pose moved back along the fingers' direction on the floor plan until its x is at most `x`; the height stays. */
export function behind(pose: Float64Array, x: number): Float64Array {
  const [forwardX, forwardY] = forward(pose);
  const length = Math.max(0, (pose[0]! - x) / forwardX);
  return shifted(pose, -length * forwardX, -length * forwardY, 0);
}

/** Distance of `pose` from the line along the fingers of `goal`, on the floor plan. */
export function besides(pose: Float64Array, goal: Float64Array): number {
  const yaw = 2 * Math.atan2(goal[5]!, goal[6]!);
  return Math.abs((pose[1]! - goal[1]!) * Math.cos(yaw) - (pose[0]! - goal[0]!) * Math.sin(yaw));
}

/** Whether `pose` is on the way forwards to `goal`: at most so far beside and above or below its line, m, and turned, rad. */
export function inLine(pose: Float64Array, goal: Float64Array, aside: number, rise: number, turn: number): boolean {
  return (
    pose[0]! < goal[0]! &&
    besides(pose, goal) < aside &&
    Math.abs(pose[2]! - goal[2]!) < rise &&
    angleBetween(pose, goal) < turn
  );
}

/**
 * Moves `pose` towards `goal` for one waypoint at `speed` (m/s) at most, slowing down near it.
 * @returns whether it is there (4 mm)
 */
export function moveTowards(pose: Float64Array, goal: Float64Array, speed: number): boolean {
  const length = distance(pose, goal);
  const angle = angleBetween(pose, goal);
  // Half of what is left in each waypoint at most, so that the motion ends softly.
  const fraction = Math.min(
    1,
    Math.max(0.5, 0.01 / Math.max(length, 1e-9)),
    (speed * waypointTime) / Math.max(length, 1e-9),
    (turnSpeed * waypointTime) / Math.max(angle, 1e-9),
  );
  interpolatePose(pose, 0, goal, 0, fraction, pose, 0);
  return distance(pose, goal) < arrived;
}
