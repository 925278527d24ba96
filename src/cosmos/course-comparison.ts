import { ACTION_DIMENSION } from '../action/action-space.js';
import type { Course } from './world-generator.js';
import type { ForeseenFrame, WorldObject } from './world-model.js';
import { PRESENT } from './world-model.js';
import { normalCdf } from './world-state.js';

type Point = readonly [number, number, number];

/** Difference of a colour from which on a pixel counts as different, grey levels. */
const DIFFERENT = 16;

/** Share of the pixels that differ by more than 16 grey levels in some colour, 0 … 1. */
export function pixelDifference(a: ForeseenFrame, b: ForeseenFrame): number {
  const pixels = a.width * a.height;
  let different = 0;
  for (let p = 0; p < pixels; p++) {
    const differs = [0, 1, 2].some((c) => Math.abs(a.color[3 * p + c]! - b.color[3 * p + c]!) > DIFFERENT);
    if (differs) different++;
  }
  return different / pixels;
}

/** Where a course commands the gripper's centre at waypoint k (from 0), in base_link, m. */
export function gripperPosition({ actions, anchor }: Course, k: number): Point {
  const at = k * ACTION_DIMENSION;
  return [anchor[0]! + actions[at]!, anchor[1]! + actions[at + 1]!, anchor[2]! + actions[at + 2]!];
}

/**
 * Probability that the gripper's centre enters an object that the instruction is not about. The model tells an object's
 * place as normal with deviation σ along each axis; a waypoint x lies within the box of half extents e around it with
 * Π [Φ((x − c + e)/σ) − Φ((x − c − e)/σ)]. Of a path the worst waypoint counts for each object; objects are independent.
 * @param named where the objects of the instruction are, m: the object nearest to each may be touched
 */
export function collisionOf(course: Course, objects: readonly WorldObject[], named: readonly Point[]): number {
  const present = objects.filter(({ presence }) => presence > PRESENT);
  const touched = new Set(named.map((place) => nearest(present, place)));
  const waypoints = course.actions.length / ACTION_DIMENSION;
  let free = 1;
  for (const object of present) {
    if (touched.has(object)) continue;
    let worst = 0;
    for (let k = 0; k < waypoints; k++) worst = Math.max(worst, inside(gripperPosition(course, k), object));
    free *= 1 - object.presence * worst;
  }
  return 1 - free;
}

function inside(point: Point, { position, extent, standardDeviation }: WorldObject): number {
  return point.reduce((product, x, axis) => {
    const [offset, half] = [x - position[axis]!, Math.max(extent[axis]!, 0) / 2];
    return product * (normalCdf((offset + half) / standardDeviation) - normalCdf((offset - half) / standardDeviation));
  }, 1);
}

function nearest(objects: readonly WorldObject[], [x, y, z]: Point): WorldObject | undefined {
  const distance = ({ position }: WorldObject) => Math.hypot(position[0] - x, position[1] - y, position[2] - z);
  return objects.reduce<WorldObject | undefined>(
    (best, object) => (best === undefined || distance(object) < distance(best) ? object : best),
    undefined,
  );
}
