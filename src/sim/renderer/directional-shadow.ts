import { castRay } from './cast-ray.js';
import { GeomType, type RenderScene } from './render-scene.js';

/** Cells of the grid along each side. */
const CELLS = 96;
/** Shadow rays start this far above the surface, m. */
const LIFT = 5e-4;

/**
 * The shadows that a scene casts in parallel light. A grid across the light's direction lists the geoms above each of
 * its cells, so that a point is tested against the few that can shade it.
 */
export class DirectionalShadow {
  /** Unit vector towards the light, and two across it. */
  readonly #direction: Float64Array;
  readonly #across: Float64Array;
  readonly #along: Float64Array;
  /** Direction in each geom's own frame, n × 3. */
  readonly #local: Float64Array;
  /** Where each cell's geoms begin in the list; one more for the end. */
  readonly #starts = new Int32Array(CELLS * CELLS + 1);
  #members = new Int32Array(0);
  /** Extent of all geoms across the light: lowest and cells per metre, for both directions. */
  readonly #low = new Float64Array(2);
  readonly #density = new Float64Array(2);
  #scene: RenderScene | undefined;

  /** @param direction - towards the light. */
  constructor(direction: ArrayLike<number>, geoms: number) {
    const length = Math.hypot(direction[0], direction[1], direction[2]);
    const [x, y, z] = Array.from(direction, (component) => component / length);
    this.#direction = Float64Array.of(x, y, z);
    // Any vector that is not parallel to the direction gives two across it.
    const flat = Math.hypot(x, y);
    this.#across = flat > 1e-6 ? Float64Array.of(-y / flat, x / flat, 0) : Float64Array.of(1, 0, 0);
    const [a, b] = this.#across;
    this.#along = Float64Array.of(-z * b, z * a, x * b - y * a);
    this.#local = new Float64Array(3 * geoms);
  }

  /** Builds the grid for `scene`. */
  update(scene: RenderScene): void {
    this.#scene = scene;
    const boxes = this.#measure(scene);
    this.#starts.fill(0);
    const each = (visit: (cell: number, g: number) => void) => {
      for (const [g, [a0, a1, b0, b1]] of boxes) {
        for (let b = this.#cell(b0, 1); b <= this.#cell(b1, 1); b++) {
          for (let a = this.#cell(a0, 0); a <= this.#cell(a1, 0); a++) visit(b * CELLS + a, g);
        }
      }
    };
    each((cell) => this.#starts[cell + 1]++);
    for (let cell = 0; cell < CELLS * CELLS; cell++) this.#starts[cell + 1] += this.#starts[cell];
    this.#members = new Int32Array(this.#starts[CELLS * CELLS]);
    const next = this.#starts.slice();
    each((cell, g) => {
      this.#members[next[cell]++] = g;
    });
  }

  /** Distance towards the light, m, at which something shades a point with the given normal; Infinity in the light. */
  distance(x: number, y: number, z: number, nx: number, ny: number, nz: number): number {
    const { position, rotation, size, type } = this.#scene!;
    const px = x + LIFT * nx;
    const py = y + LIFT * ny;
    const pz = z + LIFT * nz;
    const a = (this.#across[0] * px + this.#across[1] * py - this.#low[0]) * this.#density[0];
    const b = (this.#along[0] * px + this.#along[1] * py + this.#along[2] * pz - this.#low[1]) * this.#density[1];
    if (!(a >= 0 && b >= 0 && a < CELLS && b < CELLS)) return Infinity;
    const cell = Math.floor(b) * CELLS + Math.floor(a);
    let nearest = Infinity;
    for (let i = this.#starts[cell]; i < this.#starts[cell + 1]; i++) {
      const g = this.#members[i];
      const c = 3 * g;
      const r = 9 * g;
      const dx = px - position[c];
      const dy = py - position[c + 1];
      const dz = pz - position[c + 2];
      const ox = rotation[r] * dx + rotation[r + 3] * dy + rotation[r + 6] * dz;
      const oy = rotation[r + 1] * dx + rotation[r + 4] * dy + rotation[r + 7] * dz;
      const oz = rotation[r + 2] * dx + rotation[r + 5] * dy + rotation[r + 8] * dz;
      const l = this.#local;
      nearest = Math.min(
        nearest,
        castRay(type[g], size[c], size[c + 1], size[c + 2], ox, oy, oz, l[c], l[c + 1], l[c + 2]),
      );
    }
    return nearest;
  }

  /** Extents across the light of all geoms that cast shadows; sets the grid's own, and the local directions. */
  #measure(scene: RenderScene): Map<number, [number, number, number, number]> {
    const boxes = new Map<number, [number, number, number, number]>();
    const low = [Infinity, Infinity];
    const high = [-Infinity, -Infinity];
    for (let g = 0; g < scene.count; g++) {
      if (scene.rgba[4 * g + 3] === 0 || scene.type[g] === GeomType.plane) continue;
      for (let k = 0; k < 3; k++) this.#local[3 * g + k] = axisAlong(scene, g, k, this.#direction);
      const [a, b] = [this.#across, this.#along].map((direction) => {
        const center = dot(scene.position, 3 * g, direction);
        const reach = reachAlong(scene, g, direction);
        return [center - reach, center + reach];
      });
      boxes.set(g, [a[0], a[1], b[0], b[1]]);
      for (const [k, range] of [a, b].entries()) {
        low[k] = Math.min(low[k], range[0]);
        high[k] = Math.max(high[k], range[1]);
      }
    }
    this.#low.set(low);
    this.#density.set(low.map((value, k) => CELLS / Math.max(1e-9, high[k] - value)));
    return boxes;
  }

  #cell(value: number, k: number): number {
    return Math.min(CELLS - 1, Math.max(0, Math.floor((value - this.#low[k]) * this.#density[k])));
  }
}

function dot(values: Float64Array, at: number, direction: Float64Array): number {
  return values[at] * direction[0] + values[at + 1] * direction[1] + values[at + 2] * direction[2];
}

/** Component of a direction along axis k of geom g. */
function axisAlong({ rotation }: RenderScene, g: number, k: number, direction: Float64Array): number {
  const r = 9 * g + k;
  return rotation[r] * direction[0] + rotation[r + 3] * direction[1] + rotation[r + 6] * direction[2];
}

/** How far geom g extends from its centre along a unit vector, m. */
function reachAlong(scene: RenderScene, g: number, direction: Float64Array): number {
  const { size, type } = scene;
  const [s0, s1, s2] = [size[3 * g], size[3 * g + 1], size[3 * g + 2]];
  const z = Math.abs(axisAlong(scene, g, 2, direction));
  if (type[g] === GeomType.sphere) return s0;
  if (type[g] === GeomType.capsule) return s0 + s1 * z;
  if (type[g] === GeomType.cylinder) return s1 * z + s0 * Math.sqrt(Math.max(0, 1 - z * z));
  const [x, y] = [0, 1].map((k) => Math.abs(axisAlong(scene, g, k, direction)));
  return type[g] === GeomType.box ? s0 * x + s1 * y + s2 * z : Math.hypot(s0 * x, s1 * y, s2 * z);
}
