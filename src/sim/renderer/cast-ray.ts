import { GeomType } from './render-scene.js';

/**
 * Least t ≥ 0 at which the ray o + t·l, given in the geom's own frame, is in a geom of the given type and half sizes;
 * Infinity if it never is. Planes are never hit: they are floors.
 */
export function castRay(
  type: number,
  s0: number,
  s1: number,
  s2: number,
  ox: number,
  oy: number,
  oz: number,
  lx: number,
  ly: number,
  lz: number,
): number {
  switch (type) {
    case GeomType.sphere:
      return ball(s0, ox, oy, oz, lx, ly, lz);
    case GeomType.capsule:
      return Math.min(
        tube(s0, s1, ox, oy, oz, lx, ly, lz),
        ball(s0, ox, oy, oz - s1, lx, ly, lz),
        ball(s0, ox, oy, oz + s1, lx, ly, lz),
      );
    case GeomType.cylinder:
      return tube(s0, s1, ox, oy, oz, lx, ly, lz);
    case GeomType.ellipsoid:
      return ball(1, ox / s0, oy / s1, oz / s2, lx / s0, ly / s1, lz / s2);
    case GeomType.box:
      return slabs(s0, s1, s2, ox, oy, oz, lx, ly, lz);
    default:
      return Infinity;
  }
}

function ball(r: number, ox: number, oy: number, oz: number, lx: number, ly: number, lz: number): number {
  const a = lx * lx + ly * ly + lz * lz;
  const b = ox * lx + oy * ly + oz * lz;
  const c = ox * ox + oy * oy + oz * oz - r * r;
  if (c < 0) return 0;
  const discriminant = b * b - a * c;
  return b >= 0 || discriminant < 0 ? Infinity : (-b - Math.sqrt(discriminant)) / a;
}

/** A cylinder: the ray's interval within the endless cylinder, cut by the ends. */
function tube(r: number, half: number, ox: number, oy: number, oz: number, lx: number, ly: number, lz: number): number {
  const a = lx * lx + ly * ly;
  const b = ox * lx + oy * ly;
  const c = ox * ox + oy * oy - r * r;
  const discriminant = b * b - a * c;
  if (discriminant < 0 || (c > 0 && b >= 0)) return Infinity;
  const root = Math.sqrt(discriminant);
  const ends = 1 / lz;
  const e0 = (-half - oz) * ends;
  const e1 = (half - oz) * ends;
  const from = Math.max((-b - root) / a, Math.min(e0, e1), 0);
  return from < Math.min((root - b) / a, Math.max(e0, e1)) ? from : Infinity;
}

function slabs(
  s0: number,
  s1: number,
  s2: number,
  ox: number,
  oy: number,
  oz: number,
  lx: number,
  ly: number,
  lz: number,
): number {
  const x0 = (-s0 - ox) / lx;
  const x1 = (s0 - ox) / lx;
  const y0 = (-s1 - oy) / ly;
  const y1 = (s1 - oy) / ly;
  const z0 = (-s2 - oz) / lz;
  const z1 = (s2 - oz) / lz;
  const from = Math.max(Math.min(x0, x1), Math.min(y0, y1), Math.min(z0, z1), 0);
  return from < Math.min(Math.max(x0, x1), Math.max(y0, y1), Math.max(z0, z1)) ? from : Infinity;
}
