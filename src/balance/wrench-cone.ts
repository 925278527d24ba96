/** Rows of the cone of one sole. */
export const CONE_ROWS = 17;

/**
 * Writes the cone of wrenches that a flat rectangular sole can bear without slipping, tipping or turning, as rows
 * a·w ≥ 0 with w = (fx, fy, fz, τx, τy, τz) at its centre: with X, Y half its length and width and friction μ,
 *   |fx| ≤ μ fz, |fy| ≤ μ fz, fz ≥ 0, |τx| ≤ Y fz, |τy| ≤ X fz,
 *   |τz| within the moment that the forces at the corners leave
 * (Caron, Pham, Nakamura: Stability of surface contacts for humanoid robots, ICRA 2015, eq. 18–20).
 * @param row first row of `out` @param column first of the six columns of the wrench @param columns of `out`
 */
export function writeWrenchCone(
  size: readonly [number, number],
  friction: number,
  out: Float64Array,
  row: number,
  column: number,
  columns: number,
): void {
  const [x, y] = size;
  const mu = friction;
  const twist = mu * (x + y);
  const rows: number[][] = [[0, 0, 1, 0, 0, 0]];
  for (const s of [-1, 1]) {
    rows.push([s, 0, mu, 0, 0, 0], [0, s, mu, 0, 0, 0], [0, 0, y, s, 0, 0], [0, 0, x, 0, s, 0]);
    for (const t of [-1, 1]) {
      // τz − τmin ≥ 0 and τmax − τz ≥ 0, each absolute value by both of its signs.
      rows.push([s * y, t * x, twist, -s * mu, -t * mu, 1], [s * y, t * x, twist, s * mu, t * mu, -1]);
    }
  }
  rows.forEach((values, i) => {
    out.set(values, (row + i) * columns + column);
  });
}
