/** Where a moving body is to be at a time: world position, m, and heading, rad. */
export interface Waypoint {
  /** s since the start of the episode */
  readonly time: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly yaw: number;
}

/** Place and velocity along a path: x, y, z (m), yaw (rad), and their rates (m/s, rad/s). */
export interface PathState {
  readonly place: Float64Array;
  readonly rate: Float64Array;
}

export function createPathState(): PathState {
  return { place: new Float64Array(4), rate: new Float64Array(4) };
}

/**
 * Where the path is at `time`, into `out`: at rest in each waypoint, in between
 *   p = a + (b − a)·(3s² − 2s³), ṗ = (b − a)·6s(1 − s)/T, s = (t − t_a)/T.
 * Allocates nothing.
 * @param path waypoints in the order of their times, at least one
 */
export function followPath(path: readonly Waypoint[], time: number, out: PathState): void {
  let next = 0;
  while (next < path.length && path[next]!.time <= time) next++;
  const from = path[Math.max(next - 1, 0)]!;
  const to = path[Math.min(next, path.length - 1)]!;
  const duration = to.time - from.time;
  const s = duration > 0 ? Math.min(Math.max((time - from.time) / duration, 0), 1) : 0;
  const share = s * s * (3 - 2 * s);
  const rate = duration > 0 ? (6 * s * (1 - s)) / duration : 0;
  const { place, rate: speed } = out;
  place[0] = from.x + share * (to.x - from.x);
  place[1] = from.y + share * (to.y - from.y);
  place[2] = from.z + share * (to.z - from.z);
  place[3] = from.yaw + share * (to.yaw - from.yaw);
  speed[0] = rate * (to.x - from.x);
  speed[1] = rate * (to.y - from.y);
  speed[2] = rate * (to.z - from.z);
  speed[3] = rate * (to.yaw - from.yaw);
}
