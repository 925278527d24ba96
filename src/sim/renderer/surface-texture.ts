/** Patterns of the finishes. */
export const TEXTURES = {
  wood: {
    /** Texels along each side, a power of two; texels a metre; and texels across a plank. */
    side: 512,
    density: 400,
    plank: 128,
    /** Brightness of the joints between planks, and of the wood: at least, and by plank, ring and fibre. */
    joint: 0.82,
    base: 0.93,
    vary: 0.07,
    offset: -0.05,
    /** Rings across the texture, how much they bend, cells of the bends' noise, and cells of the fibres'. */
    rings: 40,
    bend: 5,
    bendCells: [8, 4],
    bendPeriod: 4,
    fibreCells: [256, 8],
    fibrePeriod: 256,
    fibreSeed: 7,
    plankSeed: 3,
  },
  tiles: {
    /** Side and half the joint's width, m; brightness of the joints, of odd and even tiles, and their spread. */
    side: 0.6,
    joint: 0.005,
    jointBrightness: 0.72,
    odd: 0.96,
    even: 1.04,
    vary: 0.04,
  },
} as const;
export type TextureConstants = typeof TEXTURES;
const WOOD = TEXTURES.wood;
const TILES = TEXTURES.tiles;

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
  const { side, plank: width, joint: dark, base, vary, offset, rings: density, bend: bending } = WOOD;
  const texture = new Float32Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const plank = Math.floor(column / width);
      const x = column / side;
      const y = row / side;
      const bend = noise(x * WOOD.bendCells[0], y * WOOD.bendCells[1], WOOD.bendPeriod, plank + 1);
      const rings = x * density + bend * bending;
      const ring = Math.abs(2 * (rings - Math.floor(rings)) - 1);
      const fibre = noise(x * WOOD.fibreCells[0], y * WOOD.fibreCells[1], WOOD.fibrePeriod, WOOD.fibreSeed);
      const joint = column % width === 0 ? dark : 1;
      texture[column * side + row] =
        joint * (base + vary * hash(plank, WOOD.plankSeed) + vary * ring + vary * fibre + offset);
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
    const column = Math.floor(x[u] * WOOD.density) & (WOOD.side - 1);
    const row = Math.floor(y[u] * WOOD.density) & (WOOD.side - 1);
    out[u] = wood[column * WOOD.side + row];
  }
}

/** Brightness, around 1, of a tiled floor at the points (x[u], y[u]), m, for u = `from` … `to` − 1. */
export function paintTiles(x: Float64Array, y: Float64Array, out: Float64Array, from: number, to: number): void {
  for (let u = from; u < to; u++) {
    const i = Math.floor(x[u] / TILES.side);
    const j = Math.floor(y[u] / TILES.side);
    const dx = x[u] - i * TILES.side;
    const dy = y[u] - j * TILES.side;
    const inJoint = Math.min(dx, dy) < TILES.joint || Math.max(dx, dy) > TILES.side - TILES.joint;
    out[u] = inJoint ? TILES.jointBrightness : ((i + j) & 1 ? TILES.odd : TILES.even) + TILES.vary * (hash(i, j) - 0.5);
  }
}
