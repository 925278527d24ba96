import { Random } from '../../../src/math/random.js';

/**
 * MJCF of a reproducible scene around the origin with 60 geoms of all kinds in any orientation, none of them around
 * the origin itself, a floor, and a ramp.
 */
export function randomScene(seed: number): string {
  const random = new Random(seed);
  const geoms: string[] = [];
  const types = ['sphere', 'capsule', 'cylinder', 'box', 'ellipsoid'];
  while (geoms.length < 60) {
    const type = types[geoms.length % types.length];
    const position = [random.uniform(-0.4, 3), random.uniform(-1.5, 1.5), random.uniform(-1, 1)];
    const size = [random.uniform(0.02, 0.15), random.uniform(0.02, 0.4), random.uniform(0.02, 0.2)];
    if (Math.hypot(...position) < Math.hypot(...size) + 0.02) continue;
    const angles = [random.uniform(0, 360), random.uniform(0, 360), random.uniform(0, 360)];
    const color = [random.uniform(0.1, 0.9), random.uniform(0.1, 0.9), random.uniform(0.1, 0.9), 1];
    geoms.push(
      `<geom name="g${geoms.length}" type="${type}" pos="${position.join(' ')}" size="${size.join(' ')}" ` +
        `euler="${angles.join(' ')}" rgba="${color.join(' ')}"/>`,
    );
  }
  return `<mujoco><worldbody>
    <geom name="floor" type="plane" size="40 40 1" pos="0 0 -1.2"/>
    <geom name="ramp" type="plane" size=".5 .3 1" pos="1.5 -.8 -.8" euler="20 -30 10"/>
    ${geoms.join('\n')}
  </worldbody></mujoco>`;
}
