import { type CastTarget, RowSpan } from './cast-target.js';
import type { GeomView } from './geom-view.js';

const span = new RowSpan();

/** Casts the camera's rays at ellipsoid g: in its frame, scaled by its half axes, it is the unit sphere. */
export function castEllipsoid(target: CastTarget, view: GeomView, size: Float64Array, g: number): void {
  const { depth, geom } = target;
  const { x: rayX, y: rayY } = target.rays;
  const { center, axes } = view;
  const width = rayX.length;
  const c = 3 * g;
  const a = 9 * g;
  const i0 = 1 / size[c];
  const i1 = 1 / size[c + 1];
  const i2 = 1 / size[c + 2];
  const o0 = -(center[c] * axes[a] + center[c + 1] * axes[a + 1] + center[c + 2] * axes[a + 2]) * i0;
  const o1 = -(center[c] * axes[a + 3] + center[c + 1] * axes[a + 4] + center[c + 2] * axes[a + 5]) * i1;
  const o2 = -(center[c] * axes[a + 6] + center[c + 1] * axes[a + 7] + center[c + 2] * axes[a + 8]) * i2;
  const C = o0 * o0 + o1 * o1 + o2 * o2 - 1;
  // The ray in the scaled frame is o + t·l, where l = x·k + row.
  const k0 = axes[a] * i0;
  const k1 = axes[a + 3] * i1;
  const k2 = axes[a + 6] * i2;
  const kk = k0 * k0 + k1 * k1 + k2 * k2;
  const ko = k0 * o0 + k1 * o1 + k2 * o2;
  const near = view.near[g];
  const firstU = view.bounds[4 * g];
  const lastU = view.bounds[4 * g + 1];
  const lastV = view.bounds[4 * g + 3];
  for (let v = view.bounds[4 * g + 2]; v <= lastV; v++) {
    const y = rayY[v];
    const row0 = (y * axes[a + 1] + axes[a + 2]) * i0;
    const row1 = (y * axes[a + 4] + axes[a + 5]) * i1;
    const row2 = (y * axes[a + 7] + axes[a + 8]) * i2;
    const rowK = row0 * k0 + row1 * k1 + row2 * k2;
    const rowO = row0 * o0 + row1 * o1 + row2 * o2;
    const rowR = row0 * row0 + row1 * row1 + row2 * row2;
    span.parabola[0] = ko * ko - kk * C;
    span.parabola[1] = ko * rowO - rowK * C;
    span.parabola[2] = rowO * rowO - rowR * C;
    span.solve(rayX, firstU, lastU);
    const { first, last } = span;
    for (let u = first, p = v * width + first; u <= last; u++, p++) {
      if (depth[p] <= near) continue;
      const x = rayX[u];
      const l0 = x * k0 + row0;
      const l1 = x * k1 + row1;
      const l2 = x * k2 + row2;
      const A = l0 * l0 + l1 * l1 + l2 * l2;
      const B = l0 * o0 + l1 * o1 + l2 * o2;
      const discriminant = B * B - A * C;
      if (discriminant < 0) continue;
      const t = -(B + Math.sqrt(discriminant)) / A;
      if (t > 0 && t < depth[p]) {
        depth[p] = t;
        geom[p] = g;
      }
    }
  }
}
