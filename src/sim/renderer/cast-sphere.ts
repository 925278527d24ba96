import { type CastTarget, RowSpan } from './cast-target.js';
import type { GeomView } from './geom-view.js';

const span = new RowSpan();

/**
 * Casts the camera's rays d at sphere g: |t·d − c|² = r², the nearer root t = (B − √(B² − A·C)) / A with
 * A = d·d, B = d·c, C = c·c − r².
 */
export function castSphere(target: CastTarget, view: GeomView, size: Float64Array, g: number): void {
  const { depth, geom } = target;
  const { x: rayX, y: rayY } = target.rays;
  const width = rayX.length;
  const cx = view.center[3 * g];
  const cy = view.center[3 * g + 1];
  const cz = view.center[3 * g + 2];
  const C = cx * cx + cy * cy + cz * cz - size[3 * g] * size[3 * g];
  const near = view.near[g];
  const firstU = view.bounds[4 * g];
  const lastU = view.bounds[4 * g + 1];
  const lastV = view.bounds[4 * g + 3];
  for (let v = view.bounds[4 * g + 2]; v <= lastV; v++) {
    const y = rayY[v];
    const rowA = y * y + 1;
    const rowB = y * cy + cz;
    span.parabola[0] = cx * cx - C;
    span.parabola[1] = cx * rowB;
    span.parabola[2] = rowB * rowB - C * rowA;
    span.solve(rayX, firstU, lastU);
    const { first, last } = span;
    for (let u = first, p = v * width + first; u <= last; u++, p++) {
      if (depth[p] <= near) continue;
      const x = rayX[u];
      const A = x * x + rowA;
      const B = x * cx + rowB;
      const discriminant = B * B - A * C;
      if (discriminant < 0) continue;
      const t = (B - Math.sqrt(discriminant)) / A;
      if (t > 0 && t < depth[p]) {
        depth[p] = t;
        geom[p] = g;
      }
    }
  }
}
