import { type Obstacle, ObstacleClass } from './separation-monitor.js';

/** Most spheres. */
export const SPHERES = 16;
/** Heights in base_link at which a person's column has its spheres, m: as far as the arms reach. */
const COLUMN = [0, 0.3, -0.3, 0.6] as const;

/**
 * The spheres that the arms keep away from: an object's own, a column of four for a person or something unknown, whose
 * height is not known. The nearest come first, and the first 16 count.
 * @param obstacles in base_link, m @param out centre and radius of each, 4 numbers @returns how many there are
 */
export function obstacleSpheres(obstacles: readonly Obstacle[], out: Float64Array): number {
  const nearest = [...obstacles].sort((a, b) => distance(a) - distance(b));
  let count = 0;
  for (const { position, radius, kind } of nearest) {
    for (const z of kind === ObstacleClass.object ? [position[2]] : COLUMN) {
      if (count === SPHERES) return count;
      out.set([position[0], position[1], z, radius], 4 * count);
      count++;
    }
  }
  return count;
}

/** From the vertical through base_link, m. */
function distance({ position, radius }: Obstacle): number {
  return Math.hypot(position[0], position[1]) - radius;
}
