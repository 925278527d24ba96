import type { RayTable } from './ray-table.js';

/** What the casters write: for each pixel the nearest hit so far. */
export interface CastTarget {
  rays: RayTable;
  /** Depth along the optical axis, m; Infinity where nothing was hit. */
  depth: Float32Array;
  /** Index of the geom hit, −1 for none. */
  readonly geom: Int16Array;
}

/** Widens a row's range of pixels against rounding, in units of the ray coordinates. */
const MARGIN = 1e-6;

/** A row's part of a geom: the parabola a·x² + 2b·x + c of the ray coordinate x, and the pixels where it is not negative. */
export class RowSpan {
  /** a, b, c. */
  readonly parabola = new Float64Array(3);
  /** First and last pixel; first > last if there are none. */
  first = 0;
  last = -1;

  /**
   * Finds the pixels from `firstU` to `lastU` where the parabola is not negative; all of them if it opens upwards.
   */
  solve(rayX: Float32Array, firstU: number, lastU: number): void {
    const a = this.parabola[0];
    const b = this.parabola[1];
    const c = this.parabola[2];
    this.first = firstU;
    this.last = lastU;
    if (a >= -1e-12) return;
    const discriminant = b * b - a * c;
    if (discriminant < 0) {
      this.last = firstU - 1;
      return;
    }
    const root = Math.sqrt(discriminant);
    const from = (-b + root) / a - MARGIN;
    const to = (-b - root) / a + MARGIN;
    while (this.first <= this.last && rayX[this.first] < from) this.first++;
    while (this.first <= this.last && rayX[this.last] > to) this.last--;
  }
}
