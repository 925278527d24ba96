import type { CastTarget } from './cast-target.js';
import type { GeomView } from './geom-view.js';
import { GeomType, type RenderScene } from './render-scene.js';

/** Distance within which a hit counts as being on the end of a cylinder, m. */
const END_TOLERANCE = 1e-5;

/** The surface that a row of pixels shows: what the shader needs to know of it. */
export interface SurfaceRow {
  /** Unit normals in the optical frame. */
  readonly normalX: Float64Array;
  readonly normalY: Float64Array;
  readonly normalZ: Float64Array;
  /** Coordinates on flat surfaces (planes and the sides of boxes), m. */
  readonly s0: Float64Array;
  readonly s1: Float64Array;
}

/** Room for rows of `width` pixels. */
export function createSurfaceRow(width: number): SurfaceRow {
  return {
    normalX: new Float64Array(width),
    normalY: new Float64Array(width),
    normalZ: new Float64Array(width),
    s0: new Float64Array(width),
    s1: new Float64Array(width),
  };
}

/** Finds the surface at the pixels `from` … `to` − 1 of row v, which all show geom g. */
export function findSurface(
  row: SurfaceRow,
  target: CastTarget,
  view: GeomView,
  scene: RenderScene,
  g: number,
  v: number,
  from: number,
  to: number,
): void {
  const { size } = scene;
  switch (scene.type[g]) {
    case GeomType.sphere:
      roundSurface(row, target, view, size, GeomType.sphere, g, v, from, to);
      break;
    case GeomType.capsule:
      roundSurface(row, target, view, size, GeomType.capsule, g, v, from, to);
      break;
    case GeomType.cylinder:
      roundSurface(row, target, view, size, GeomType.cylinder, g, v, from, to);
      break;
    case GeomType.ellipsoid:
      ellipsoidSurface(row, target, view, size, g, v, from, to);
      break;
    case GeomType.box:
      boxSurface(row, target, view, size, g, v, from, to);
      break;
    default:
      planeSurface(row, target, view, g, v, from, to);
  }
}

/** Away from the nearest point of the axis: spheres, capsules, and cylinders between their ends. */
function roundSurface(
  row: SurfaceRow,
  target: CastTarget,
  view: GeomView,
  size: Float64Array,
  type: number,
  g: number,
  v: number,
  from: number,
  to: number,
): void {
  const { depth } = target;
  const rayX = target.rays.x;
  const y = target.rays.y[v];
  const offset = v * rayX.length;
  const { normalX, normalY, normalZ } = row;
  const cx = view.center[3 * g];
  const cy = view.center[3 * g + 1];
  const cz = view.center[3 * g + 2];
  const ax = view.axes[9 * g + 6];
  const ay = view.axes[9 * g + 7];
  const az = view.axes[9 * g + 8];
  const inverse = 1 / size[3 * g];
  const half = type === GeomType.sphere ? 0 : size[3 * g + 1];
  const end = type === GeomType.cylinder ? half - END_TOLERANCE : Infinity;
  for (let u = from; u < to; u++) {
    const t = depth[offset + u];
    const qx = rayX[u] * t - cx;
    const qy = y * t - cy;
    const qz = t - cz;
    let z = qx * ax + qy * ay + qz * az;
    if (z > end || z < -end) {
      const sign = z > 0 ? 1 : -1;
      normalX[u] = sign * ax;
      normalY[u] = sign * ay;
      normalZ[u] = sign * az;
    } else {
      z = Math.max(-half, Math.min(half, z));
      normalX[u] = (qx - z * ax) * inverse;
      normalY[u] = (qy - z * ay) * inverse;
      normalZ[u] = (qz - z * az) * inverse;
    }
  }
}

/** The gradient of Σ (q_k / s_k)². */
function ellipsoidSurface(
  row: SurfaceRow,
  target: CastTarget,
  view: GeomView,
  size: Float64Array,
  g: number,
  v: number,
  from: number,
  to: number,
): void {
  const { depth } = target;
  const rayX = target.rays.x;
  const y = target.rays.y[v];
  const offset = v * rayX.length;
  const { normalX, normalY, normalZ } = row;
  const { center, axes } = view;
  const c = 3 * g;
  const a = 9 * g;
  const i0 = 1 / (size[c] * size[c]);
  const i1 = 1 / (size[c + 1] * size[c + 1]);
  const i2 = 1 / (size[c + 2] * size[c + 2]);
  for (let u = from; u < to; u++) {
    const t = depth[offset + u];
    const qx = rayX[u] * t - center[c];
    const qy = y * t - center[c + 1];
    const qz = t - center[c + 2];
    const w0 = (qx * axes[a] + qy * axes[a + 1] + qz * axes[a + 2]) * i0;
    const w1 = (qx * axes[a + 3] + qy * axes[a + 4] + qz * axes[a + 5]) * i1;
    const w2 = (qx * axes[a + 6] + qy * axes[a + 7] + qz * axes[a + 8]) * i2;
    const inverse = 1 / Math.sqrt(w0 * w0 + w1 * w1 + w2 * w2);
    normalX[u] = (w0 * axes[a] + w1 * axes[a + 3] + w2 * axes[a + 6]) * inverse;
    normalY[u] = (w0 * axes[a + 1] + w1 * axes[a + 4] + w2 * axes[a + 7]) * inverse;
    normalZ[u] = (w0 * axes[a + 2] + w1 * axes[a + 5] + w2 * axes[a + 8]) * inverse;
  }
}

/** The side whose plane is nearest to the hit. */
function boxSurface(
  row: SurfaceRow,
  target: CastTarget,
  view: GeomView,
  size: Float64Array,
  g: number,
  v: number,
  from: number,
  to: number,
): void {
  const { depth } = target;
  const rayX = target.rays.x;
  const y = target.rays.y[v];
  const offset = v * rayX.length;
  const { normalX, normalY, normalZ, s0, s1 } = row;
  const { axes } = view;
  const cx = view.center[3 * g];
  const cy = view.center[3 * g + 1];
  const cz = view.center[3 * g + 2];
  const h0 = size[3 * g];
  const h1 = size[3 * g + 1];
  const h2 = size[3 * g + 2];
  const a = 9 * g;
  const a0 = axes[a];
  const a1 = axes[a + 1];
  const a2 = axes[a + 2];
  const b0 = axes[a + 3];
  const b1 = axes[a + 4];
  const b2 = axes[a + 5];
  const c0 = axes[a + 6];
  const c1 = axes[a + 7];
  const c2 = axes[a + 8];
  for (let u = from; u < to; u++) {
    const t = depth[offset + u];
    const qx = rayX[u] * t - cx;
    const qy = y * t - cy;
    const qz = t - cz;
    const q0 = qx * a0 + qy * a1 + qz * a2;
    const q1 = qx * b0 + qy * b1 + qz * b2;
    const q2 = qx * c0 + qy * c1 + qz * c2;
    const d0 = Math.abs(q0) - h0;
    const d1 = Math.abs(q1) - h1;
    const d2 = Math.abs(q2) - h2;
    if (d0 > d1 && d0 > d2) {
      const sign = q0 > 0 ? 1 : -1;
      normalX[u] = sign * a0;
      normalY[u] = sign * a1;
      normalZ[u] = sign * a2;
      s0[u] = q2;
      s1[u] = q1;
    } else if (d1 > d2) {
      const sign = q1 > 0 ? 1 : -1;
      normalX[u] = sign * b0;
      normalY[u] = sign * b1;
      normalZ[u] = sign * b2;
      s0[u] = q2;
      s1[u] = q0;
    } else {
      const sign = q2 > 0 ? 1 : -1;
      normalX[u] = sign * c0;
      normalY[u] = sign * c1;
      normalZ[u] = sign * c2;
      s0[u] = q0;
      s1[u] = q1;
    }
  }
}

function planeSurface(
  row: SurfaceRow,
  target: CastTarget,
  view: GeomView,
  g: number,
  v: number,
  from: number,
  to: number,
): void {
  const { depth } = target;
  const rayX = target.rays.x;
  const y = target.rays.y[v];
  const offset = v * rayX.length;
  const { axes, center } = view;
  const a = 9 * g;
  row.normalX.fill(axes[a + 6], from, to);
  row.normalY.fill(axes[a + 7], from, to);
  row.normalZ.fill(axes[a + 8], from, to);
  for (let u = from; u < to; u++) {
    const t = depth[offset + u];
    const qx = rayX[u] * t - center[3 * g];
    const qy = y * t - center[3 * g + 1];
    const qz = t - center[3 * g + 2];
    row.s0[u] = qx * axes[a] + qy * axes[a + 1] + qz * axes[a + 2];
    row.s1[u] = qx * axes[a + 3] + qy * axes[a + 4] + qz * axes[a + 5];
  }
}
