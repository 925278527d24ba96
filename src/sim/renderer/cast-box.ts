import type { CastTarget } from './cast-target.js';
import type { GeomView } from './geom-view.js';

/** Relative widening of the faces, so that no ray slips through between two of them. */
const SEAM = 1 + 1e-12;

/**
 * Casts the camera's rays at box g by slabs: in the box's frame the ray is o + t·l, and it enters through the last of
 * the planes ±s that it meets among those that face the camera.
 */
export function castBox(target: CastTarget, view: GeomView, size: Float64Array, g: number): void {
  const { depth, geom } = target;
  const { x: rayX, y: rayY } = target.rays;
  const { center, axes } = view;
  const width = rayX.length;
  const c = 3 * g;
  const a = 9 * g;
  const o0 = -(center[c] * axes[a] + center[c + 1] * axes[a + 1] + center[c + 2] * axes[a + 2]);
  const o1 = -(center[c] * axes[a + 3] + center[c + 1] * axes[a + 4] + center[c + 2] * axes[a + 5]);
  const o2 = -(center[c] * axes[a + 6] + center[c + 1] * axes[a + 7] + center[c + 2] * axes[a + 8]);
  const s0 = size[c] * SEAM;
  const s1 = size[c + 1] * SEAM;
  const s2 = size[c + 2] * SEAM;
  // Signed distance to the plane that faces the camera, along each axis; 0 if the camera is between the two.
  const e0 = facing(o0, size[c]);
  const e1 = facing(o1, size[c + 1]);
  const e2 = facing(o2, size[c + 2]);
  const ax = axes[a];
  const bx = axes[a + 3];
  const cx = axes[a + 6];
  const near = view.near[g];
  const firstU = view.bounds[4 * g];
  const lastU = view.bounds[4 * g + 1];
  const lastV = view.bounds[4 * g + 3];
  for (let v = view.bounds[4 * g + 2]; v <= lastV; v++) {
    const y = rayY[v];
    const row0 = y * axes[a + 1] + axes[a + 2];
    const row1 = y * axes[a + 4] + axes[a + 5];
    const row2 = y * axes[a + 7] + axes[a + 8];
    for (let u = firstU, p = v * width + firstU; u <= lastU; u++, p++) {
      if (depth[p] <= near) continue;
      const x = rayX[u];
      const l0 = x * ax + row0;
      const l1 = x * bx + row1;
      const l2 = x * cx + row2;
      let t = 0;
      if (e0 !== 0) {
        if (e0 * l0 <= 0) continue;
        t = e0 / l0;
      }
      if (e1 !== 0) {
        if (e1 * l1 <= 0) continue;
        const t1 = e1 / l1;
        if (t1 > t) t = t1;
      }
      if (e2 !== 0) {
        if (e2 * l2 <= 0) continue;
        const t2 = e2 / l2;
        if (t2 > t) t = t2;
      }
      if (t >= depth[p]) continue;
      if (Math.abs(o0 + t * l0) <= s0 && Math.abs(o1 + t * l1) <= s1 && Math.abs(o2 + t * l2) <= s2) {
        depth[p] = t;
        geom[p] = g;
      }
    }
  }
}

function facing(coordinate: number, half: number): number {
  if (coordinate > half) return half - coordinate;
  return coordinate < -half ? -half - coordinate : 0;
}
