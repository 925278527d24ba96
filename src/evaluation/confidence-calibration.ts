/** How a confidence's logit z becomes a probability: σ(scale·z + offset). */
export interface Calibration {
  readonly scale: number;
  readonly offset: number;
}

/** Steps of Newton's method, far more than it takes. */
const STEPS = 50;
/** Weight of staying near scale 1 and offset 0, in episodes' moments: without it, perfect predictions have no fit. */
const PRIOR = 1;
/** Probabilities nearer to 0 or 1 are taken as this near. */
const EDGE = 1e-6;

/**
 * Platt's calibration (J. Platt, "Probabilistic Outputs for Support Vector Machines", 1999): the scale a and offset b that
 * minimise −Σ log P(outcome) + ½·prior·((a − 1)² + b²), by Newton's method. The scale is kept above 0.
 * @param given probabilities and what came; those of an uncalibrated model
 */
export function fitCalibration(given: readonly { readonly p: number; readonly success: boolean }[]): Calibration {
  const points = given.map(({ p, success }) => {
    const kept = Math.min(Math.max(p, EDGE), 1 - EDGE);
    return { z: Math.log(kept / (1 - kept)), y: success ? 1 : 0 };
  });
  let [a, b] = [1, 0];
  for (let step = 0; step < STEPS; step++) {
    let [ga, gb, haa, hab, hbb] = [PRIOR * (a - 1), PRIOR * b, PRIOR, 0, PRIOR];
    for (const { z, y } of points) {
      const p = 1 / (1 + Math.exp(-(a * z + b)));
      const weight = p * (1 - p);
      ga += (p - y) * z;
      gb += p - y;
      haa += weight * z * z;
      hab += weight * z;
      hbb += weight;
    }
    const determinant = haa * hbb - hab * hab;
    // Not farther than 1 at once: far from the optimum the curvature says little.
    const limit = (value: number) => Math.min(Math.max(value, -1), 1);
    a = Math.max(a - limit((hbb * ga - hab * gb) / determinant), 1e-3);
    b -= limit((haa * gb - hab * ga) / determinant);
  }
  return { scale: a, offset: b };
}
