import { clamp } from '../control/limits.js';
import type { FootState } from './foot-state.js';

/** Where a sole stands. */
export type Foothold = Pick<FootState, 'position' | 'rotation'>;

/** Corners of a sole, and of two. */
const CORNERS = 4;
const MOST = 2 * CORNERS;

/**
 * Convex hull of one or two soles on the floor, world x and y. Allocates nothing after construction.
 */
export class SupportPolygon {
  /** Mean of the soles' centres, m. */
  readonly center = new Float64Array(2);
  readonly #size: readonly [number, number];
  readonly #x = new Float64Array(MOST);
  readonly #y = new Float64Array(MOST);
  readonly #order = new Int32Array(MOST);
  readonly #hull = new Int32Array(2 * MOST);
  /** Edges n·p ≤ offset, n of unit length. */
  readonly #nx = new Float64Array(2 * MOST);
  readonly #ny = new Float64Array(2 * MOST);
  readonly #offset = new Float64Array(2 * MOST);
  #corners = 0;
  #edges = 0;

  /** @param size half the length and half the width of a sole, m */
  constructor(size: readonly [number, number]) {
    this.#size = size;
  }

  /** Sets the soles, one or two. */
  update(soles: readonly Foothold[]): void {
    const length = this.#size[0];
    const width = this.#size[1];
    this.#corners = CORNERS * soles.length;
    this.center.fill(0);
    for (let f = 0; f < soles.length; f++) {
      const { position, rotation: r } = soles[f];
      for (let corner = 0; corner < CORNERS; corner++) {
        const along = (corner & 1) === 0 ? length : -length;
        const across = (corner & 2) === 0 ? width : -width;
        this.#x[CORNERS * f + corner] = position[0] + r[0] * along + r[1] * across;
        this.#y[CORNERS * f + corner] = position[1] + r[3] * along + r[4] * across;
      }
      for (let k = 0; k < 2; k++) this.center[k] += position[k] / soles.length;
    }
    this.#wrap();
  }

  /** Distance from a point to the nearest edge, m; negative outside. */
  margin(x: number, y: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let e = 0; e < this.#edges; e++) {
      least = Math.min(least, this.#offset[e] - this.#nx[e] * x - this.#ny[e] * y);
    }
    return least;
  }

  /**
   * Moves `point` (2) towards `from`, a point inside, until it keeps `margin` (m, negative to allow it outside) from
   * every edge; a `from` nearer to an edge than the margin keeps that distance.
   */
  clamp(point: Float64Array, fromX: number, fromY: number, margin: number): void {
    const dx = point[0] - fromX;
    const dy = point[1] - fromY;
    let scale = 1;
    for (let e = 0; e < this.#edges; e++) {
      const along = this.#nx[e] * dx + this.#ny[e] * dy;
      if (along <= 0) continue;
      const room = this.#offset[e] - margin - this.#nx[e] * fromX - this.#ny[e] * fromY;
      scale = Math.min(scale, Math.max(0, room / along));
    }
    point[0] = fromX + scale * dx;
    point[1] = fromY + scale * dy;
  }

  /** Andrew's monotone chain, counter-clockwise. */
  #wrap(): void {
    const order = this.#order;
    const corners = this.#corners;
    for (let i = 0; i < corners; i++) {
      let k = i;
      for (; k > 0 && this.#before(i, order[k - 1]); k--) order[k] = order[k - 1];
      order[k] = i;
    }
    const hull = this.#hull;
    let count = 0;
    for (let i = 0; i < corners; i++) {
      while (count >= 2 && !this.#turnsLeft(hull[count - 2], hull[count - 1], order[i])) count--;
      hull[count++] = order[i];
    }
    const lower = count + 1;
    for (let i = corners - 2; i >= 0; i--) {
      while (count >= lower && !this.#turnsLeft(hull[count - 2], hull[count - 1], order[i])) count--;
      hull[count++] = order[i];
    }
    // The last point is the first one again.
    this.#edges = count - 1;
    for (let e = 0; e < this.#edges; e++) {
      const a = hull[e];
      const b = hull[e + 1];
      const dx = this.#x[b] - this.#x[a];
      const dy = this.#y[b] - this.#y[a];
      const length = Math.sqrt(dx * dx + dy * dy);
      this.#nx[e] = dy / length;
      this.#ny[e] = -dx / length;
      this.#offset[e] = this.#nx[e] * this.#x[a] + this.#ny[e] * this.#y[a];
    }
  }

  #before(a: number, b: number): boolean {
    return this.#x[a] < this.#x[b] || (this.#x[a] === this.#x[b] && this.#y[a] < this.#y[b]);
  }

  #turnsLeft(a: number, b: number, c: number): boolean {
    const cross =
      (this.#x[b] - this.#x[a]) * (this.#y[c] - this.#y[a]) - (this.#y[b] - this.#y[a]) * (this.#x[c] - this.#x[a]);
    return cross > 1e-12;
  }
}

/** Part of a sole, from its centre, m: how far behind it, ahead of it and to either side. */
export interface SoleArea {
  readonly behind: number;
  readonly ahead: number;
  readonly aside: number;
}

/** Moves `point` (2) to the place in `area` on a sole that is nearest to it. */
export function clampToSole({ position, rotation: r }: Foothold, area: SoleArea, point: Float64Array): void {
  const { behind, ahead, aside } = area;
  const dx = point[0] - position[0];
  const dy = point[1] - position[1];
  const x = clamp(r[0] * dx + r[3] * dy, -behind, ahead);
  const y = clamp(r[1] * dx + r[4] * dy, -aside, aside);
  point[0] = position[0] + r[0] * x + r[1] * y;
  point[1] = position[1] + r[3] * x + r[4] * y;
}
