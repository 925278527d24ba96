import { type CastTarget, RowSpan } from './cast-target.js';
import type { GeomView } from './geom-view.js';

/** Keeps the division finite for rays along the axis. */
const TINY = 1e-30;
const span = new RowSpan();

/**
 * Casts the camera's rays d at capsule (`capped`) or cylinder g with axis n, centre c, radius r and half length h.
 * Across the axis, the ray meets the endless cylinder at t = −(B + √(B² − A·C)) / A with
 * A = d·d − (n·d)², B = d·w, C = w·w − r², where w = (n·c)·n − c is the camera's offset from the axis. Where that
 * point lies beyond an end, the hemisphere or disc of this end decides.
 */
export function castRound(target: CastTarget, view: GeomView, size: Float64Array, g: number, capped: boolean): void {
  const { depth, geom } = target;
  const { x: rayX, y: rayY } = target.rays;
  const width = rayX.length;
  const radius = size[3 * g];
  const half = size[3 * g + 1];
  const cx = view.center[3 * g];
  const cy = view.center[3 * g + 1];
  const cz = view.center[3 * g + 2];
  const nx = view.axes[9 * g + 6];
  const ny = view.axes[9 * g + 7];
  const nz = view.axes[9 * g + 8];
  // The camera's coordinate along the axis.
  const along = -(nx * cx + ny * cy + nz * cz);
  const wx = -along * nx - cx;
  const wy = -along * ny - cy;
  const wz = -along * nz - cz;
  const C = wx * wx + wy * wy + wz * wz - radius * radius;
  const near = view.near[g];
  const firstU = view.bounds[4 * g];
  const lastU = view.bounds[4 * g + 1];
  const lastV = view.bounds[4 * g + 3];
  for (let v = view.bounds[4 * g + 2]; v <= lastV; v++) {
    const y = rayY[v];
    const rowN = y * ny + nz;
    const rowD = y * y + 1;
    const rowB = y * wy + wz;
    // B² − A·C, a parabola in the ray's x, is not negative on the pixels that the endless cylinder covers.
    span.parabola[0] = wx * wx - C * (1 - nx * nx);
    span.parabola[1] = wx * rowB + C * nx * rowN;
    span.parabola[2] = rowB * rowB - C * (rowD - rowN * rowN);
    span.solve(rayX, firstU, lastU);
    const { first, last } = span;
    for (let u = first, p = v * width + first; u <= last; u++, p++) {
      if (depth[p] <= near) continue;
      const x = rayX[u];
      const dn = x * nx + rowN;
      const dd = x * x + rowD;
      const A = dd - dn * dn;
      const B = x * wx + rowB;
      const discriminant = B * B - A * C;
      if (discriminant < 0) continue;
      let t = -(B + Math.sqrt(discriminant)) / (A + TINY);
      const z = along + t * dn;
      if (z > half || z < -half) {
        const end = z > 0 ? half : -half;
        if (capped) {
          // The sphere around the end point e = −w + (end − along)·n, as seen from the camera.
          const offset = end - along;
          const de = offset * dn - B;
          const squared = de * de - dd * (C + offset * offset);
          if (squared < 0) continue;
          t = (de - Math.sqrt(squared)) / dd;
        } else {
          t = (end - along) / dn;
          if (A * t * t + 2 * B * t + C > 0) continue;
        }
      }
      if (t > 0 && t < depth[p]) {
        depth[p] = t;
        geom[p] = g;
      }
    }
  }
}
