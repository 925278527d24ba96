import { vec3 } from 'gl-matrix';
import { type Obstacle, ObstacleClass } from '../planning/separation-monitor.js';
import type { Message } from './messages.js';

type Vector = [number, number, number];

/** Where base_link is in odom. */
type BasePose = Message<'geometry_msgs/msg/Pose'>;

/** Reads obstacles in base_link; `base` is needed for those given in odom. @throws Error saying what is wrong */
export function readObstacles(
  message: Message<'cosmos_humanoid/msg/TrackedObstacles'>,
  base: BasePose | undefined,
): Obstacle[] {
  const { header, positions, velocities, radii, classes } = message;
  const count = positions.length;
  if (radii.length !== count) throw new Error(`people: ${radii.length} radii for ${count} positions`);
  for (const [what, list] of Object.entries({ velocities, classes })) {
    if (list.length !== count && list.length !== 0) {
      throw new Error(`people: ${list.length} ${what} for ${count} positions`);
    }
  }
  const toBase = transformFrom(header.frame_id, base);
  return positions.map((position, i) => {
    const obstacle = {
      position: toBase([position.x, position.y, position.z], true),
      velocity: velocities.length === 0 ? zero : toBase([velocities[i]!.x, velocities[i]!.y, velocities[i]!.z], false),
      radius: radii[i]!,
      kind: (classes[i] ?? ObstacleClass.unknown) as ObstacleClass,
    };
    if (![...obstacle.position, ...obstacle.velocity, obstacle.radius].every(Number.isFinite)) {
      throw new Error(`people: position, velocity or radius ${i} is not finite`);
    }
    // It would count as farther away.
    if (obstacle.radius < 0) throw new Error(`people: radius ${i} is ${obstacle.radius} m; it must not be negative`);
    return obstacle;
  });
}

const zero: Vector = [0, 0, 0];

function transformFrom(frame: string, base: BasePose | undefined): (vector: Vector, point: boolean) => Vector {
  if (frame === 'base_link') return (vector) => vector;
  if (frame !== 'odom') throw new Error(`people are in frame "${frame}", needs "base_link" or "odom"`);
  if (base === undefined) throw new Error('people are in frame "odom", but no message came on the topic odom yet');
  const { position: p, orientation: q } = base;
  const inverse: [number, number, number, number] = [-q.x, -q.y, -q.z, q.w];
  return ([x, y, z], point) => {
    const moved: Vector = point ? [x - p.x, y - p.y, z - p.z] : [x, y, z];
    return vec3.transformQuat(moved, moved, inverse) as Vector;
  };
}
