import type { MainModule, MjData, MjModel } from '@mujoco/mujoco';
import type { CameraPose } from '../../../src/sim/renderer/camera-pose.js';
import type { RayTable } from '../../../src/sim/renderer/ray-table.js';

/** How a rendered depth image differs from MuJoCo's ray caster. */
export interface DepthComparison {
  hits: number;
  /** Greatest difference where both see the same geom, m. */
  worst: number;
  /** Rays within 1e-6 of an outline, where the two may disagree. */
  outlines: number;
  /** Descriptions of all other disagreements. */
  disagreements: string[];
}

/** Compares every pixel with `mj_ray` along the same ray. */
export function compareWithMujoco(
  mj: MainModule,
  model: MjModel,
  data: MjData,
  pose: CameraPose,
  rays: RayTable,
  depth: Float32Array,
  segmentation: Int16Array,
): DepthComparison {
  const geom = new mj.IntBuffer(1);
  const normal = new mj.DoubleBuffer(3);
  const groups = [1, 1, 1, 0, 0, 0];
  const position = Array.from(pose.position);
  const cast = (x: number, y: number) => {
    const r = pose.rotation;
    const direction = [0, 3, 6].map((i) => r[i] * x + r[i + 1] * y + r[i + 2]);
    // The direction has depth 1, so that the distance in its units is the depth.
    const distance = mj.mj_ray(model, data, position, direction, groups, true, -1, geom, normal);
    return distance < 0 ? { depth: 0, geom: -1 } : { depth: distance, geom: geom.GetView()[0] };
  };
  const result: DepthComparison = { hits: 0, worst: 0, outlines: 0, disagreements: [] };
  const width = rays.x.length;
  for (let p = 0; p < depth.length; p++) {
    const x = rays.x[p % width];
    const y = rays.y[Math.floor(p / width)];
    const expected = cast(x, y);
    const difference = Math.abs(expected.depth - depth[p]);
    if (expected.geom >= 0) result.hits++;
    if (expected.geom === segmentation[p] || difference < 1e-6) {
      result.worst = Math.max(result.worst, difference);
      continue;
    }
    const step = 1e-6;
    const beside = [
      [step, 0],
      [-step, 0],
      [0, step],
      [0, -step],
    ].map(([dx, dy]) => cast(x + dx, y + dy));
    if (beside.some((hit) => hit.geom === segmentation[p])) {
      result.outlines++;
    } else {
      result.disagreements.push(
        `pixel (${p % width}, ${Math.floor(p / width)}): geom ${segmentation[p]} at ${depth[p]} m, ` +
          `MuJoCo geom ${expected.geom} at ${expected.depth} m`,
      );
    }
  }
  geom.delete();
  normal.delete();
  return result;
}
