const WOOD_SIDE = 512;
/** Texels per metre. */
const WOOD_DENSITY = 400;
/** Texels. */
const PLANK_WIDTH = 128;
/** Floor tiles and half the joints between them, m. */
const TILE_SIDE = 0.6;
const JOINT_HALF_WIDTH = 0.005;
const JOINT_BRIGHTNESS = 0.72;

/** A whole number to a reproducible, evenly spread one in 0 … 1. */
function hash(i: number, j: number): number {
  let h = Math.imul(i, 0x27d4eb2d) ^ Math.imul(j, 0x165667b1);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 0x100000000;
}

/** Smooth noise in 0 … 1 that repeats every `period` cells in both directions. */
function noise(x: number, y: number, period: number, seed: number): number {
  const i = Math.floor(x);
  const j = Math.floor(y);
  const fx = (x - i) * (x - i) * (3 - 2 * (x - i));
  const fy = (y - j) * (y - j) * (3 - 2 * (y - j));
  const at = (a: number, b: number) => hash((a % period) + seed * 1009, b % period);
  const low = at(i, j) + fx * (at(i + 1, j) - at(i, j));
  const high = at(i, j + 1) + fx * (at(i + 1, j + 1) - at(i, j + 1));
  return low + fy * (high - low);
}

/** Brightness of planed boards, around 1; the grain runs along the second coordinate, which is stored together. */
export function createWoodTexture(): Float32Array {
  const texture = new Float32Array(WOOD_SIDE * WOOD_SIDE);
  for (let row = 0; row < WOOD_SIDE; row++) {
    for (let column = 0; column < WOOD_SIDE; column++) {
      const plank = Math.floor(column / PLANK_WIDTH);
      const x = column / WOOD_SIDE;
      const y = row / WOOD_SIDE;
      const bend = noise(x * 8, y * 4, 4, plank + 1);
      const rings = x * 40 + bend * 5;
      const ring = Math.abs(2 * (rings - Math.floor(rings)) - 1);
      const fibre = noise(x * 256, y * 8, 256, 7);
      const joint = column % PLANK_WIDTH === 0 ? 0.82 : 1;
      texture[column * WOOD_SIDE + row] = joint * (0.93 + 0.07 * hash(plank, 3) + 0.07 * ring + 0.07 * fibre - 0.05);
    }
  }
  return texture;
}

/** Brightness of the {@link createWoodTexture} at the points (x[u], y[u]) of a surface, m, for u = `from` … `to` − 1. */
export function paintWood(
  wood: Float32Array,
  x: Float64Array,
  y: Float64Array,
  out: Float64Array,
  from: number,
  to: number,
): void {
  for (let u = from; u < to; u++) {
    const column = Math.floor(x[u] * WOOD_DENSITY) & (WOOD_SIDE - 1);
    const row = Math.floor(y[u] * WOOD_DENSITY) & (WOOD_SIDE - 1);
    out[u] = wood[column * WOOD_SIDE + row];
  }
}

/** Brightness, around 1, of a tiled floor at the points (x[u], y[u]), m, for u = `from` … `to` − 1. */
export function paintTiles(x: Float64Array, y: Float64Array, out: Float64Array, from: number, to: number): void {
  for (let u = from; u < to; u++) {
    const i = Math.floor(x[u] / TILE_SIDE);
    const j = Math.floor(y[u] / TILE_SIDE);
    const dx = x[u] - i * TILE_SIDE;
    const dy = y[u] - j * TILE_SIDE;
    const inJoint = Math.min(dx, dy) < JOINT_HALF_WIDTH || Math.max(dx, dy) > TILE_SIDE - JOINT_HALF_WIDTH;
    out[u] = inJoint ? JOINT_BRIGHTNESS : ((i + j) & 1 ? 0.96 : 1.04) + 0.04 * (hash(i, j) - 0.5);
  }
}
