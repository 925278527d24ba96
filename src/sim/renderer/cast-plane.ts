import type { CastTarget } from './cast-target.js';
import type { GeomView } from './geom-view.js';

/**
 * Casts the camera's rays at plane g, seen from its upper side only. Half lengths of 0 mean endless, as in MuJoCo.
 */
export function castPlane(target: CastTarget, view: GeomView, size: Float64Array, g: number): void {
  const { depth, geom } = target;
  const { x: rayX, y: rayY } = target.rays;
  const { center, axes } = view;
  const width = rayX.length;
  const c = 3 * g;
  const a = 9 * g;
  const o0 = -(center[c] * axes[a] + center[c + 1] * axes[a + 1] + center[c + 2] * axes[a + 2]);
  const o1 = -(center[c] * axes[a + 3] + center[c + 1] * axes[a + 4] + center[c + 2] * axes[a + 5]);
  const height = -(center[c] * axes[a + 6] + center[c + 1] * axes[a + 7] + center[c + 2] * axes[a + 8]);
  const half0 = size[c] > 0 ? size[c] : Infinity;
  const half1 = size[c + 1] > 0 ? size[c + 1] : Infinity;
  const bounded = half0 !== Infinity || half1 !== Infinity;
  for (let v = 0, p = 0; v < rayY.length; v++) {
    const y = rayY[v];
    const row2 = y * axes[a + 7] + axes[a + 8];
    for (let u = 0; u < width; u++, p++) {
      const x = rayX[u];
      const fall = -(x * axes[a + 6] + row2);
      // height / fall < depth, with the division done for visible pixels only
      if (fall <= 0 || height >= depth[p] * fall) continue;
      const t = height / fall;
      if (bounded) {
        const l0 = x * axes[a] + y * axes[a + 1] + axes[a + 2];
        const l1 = x * axes[a + 3] + y * axes[a + 4] + axes[a + 5];
        if (Math.abs(o0 + t * l0) > half0 || Math.abs(o1 + t * l1) > half1) continue;
      }
      depth[p] = t;
      geom[p] = g;
    }
  }
}
