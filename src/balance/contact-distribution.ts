import { clamp } from '../control/limits.js';
import { type BodyModel, GRAVITY } from './body-model.js';

/**
 * Wrenches of the soles that carry the weight with a centre of pressure, in closed form: the force
 * m·(ω²(c − p), g) is split by p's place along the line between the soles, and each sole presses as near to p as its
 * edges allow.
 * @param pressure p: x, y on the floor, m @param frequency ω, rad/s
 * @param bears whether the left and the right sole do @param out wrench on each sole in its axes (12)
 */
export function distributeWrench(
  model: BodyModel,
  pressure: Float64Array,
  frequency: number,
  bears: readonly boolean[],
  out: Float64Array,
): void {
  const { mass, com, soleSize } = model;
  const fx = mass * frequency * frequency * (com[0] - pressure[0]);
  const fy = mass * frequency * frequency * (com[1] - pressure[1]);
  const fz = mass * GRAVITY;
  const left = model.feet[0].position;
  const right = model.feet[1].position;
  const dx = left[0] - right[0];
  const dy = left[1] - right[1];
  const along = ((pressure[0] - right[0]) * dx + (pressure[1] - right[1]) * dy) / (dx * dx + dy * dy);
  const share = bears[0] && bears[1] ? clamp(along, 0, 1) : bears[0] ? 1 : 0;
  for (let f = 0; f < 2; f++) {
    const { position, rotation: r } = model.feet[f];
    const part = f === 0 ? share : 1 - share;
    const px = pressure[0] - position[0];
    const py = pressure[1] - position[1];
    const x = clamp(r[0] * px + r[3] * py, -soleSize[0], soleSize[0]);
    const y = clamp(r[1] * px + r[4] * py, -soleSize[1], soleSize[1]);
    for (let k = 0; k < 3; k++) out[6 * f + k] = part * (r[k] * fx + r[3 + k] * fy + r[6 + k] * fz);
    out[6 * f + 3] = y * out[6 * f + 2];
    out[6 * f + 4] = -x * out[6 * f + 2];
    out[6 * f + 5] = 0;
  }
}
