/** A picture: rgb8, height × width × 3. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly color: Uint8Array;
}

/** Largest grey level. */
const WHITE = 255;
/** Difference of a colour from which on a pixel counts as moved, grey levels. */
const MOVED = 16;
/** Side of the windows of the structural similarity, px. */
const WINDOW = 7;

/** Σ (a − b)² over all pixels and colours. */
export function squaredError(a: Picture, b: Picture): number {
  return a.color.reduce((sum, value, i) => sum + (value - b.color[i]!) ** 2, 0);
}

/** Peak signal-to-noise ratio of a mean squared error, dB: 10·log₁₀(255²/e). */
export function psnr(meanSquaredError: number): number {
  return 10 * Math.log10(WHITE ** 2 / meanSquaredError);
}

/**
 * Structural similarity of the luminances, −1 … 1 (Z. Wang et al., "Image Quality Assessment: From Error Visibility to
 * Structural Similarity", IEEE TIP 2004), the mean over all 7 × 7 windows:
 * (2µₐµ_b + C₁)(2σ_ab + C₂) / ((µₐ² + µ_b² + C₁)(σₐ² + σ_b² + C₂)), C₁ = (0.01·255)², C₂ = (0.03·255)².
 */
export function structuralSimilarity(a: Picture, b: Picture): number {
  const { width, height } = a;
  const [x, y] = [luminance(a), luminance(b)];
  const [c1, c2] = [(0.01 * WHITE) ** 2, (0.03 * WHITE) ** 2];
  const n = WINDOW * WINDOW;
  let sum = 0;
  let windows = 0;
  for (let top = 0; top + WINDOW <= height; top++) {
    for (let left = 0; left + WINDOW <= width; left++) {
      let [sx, sy, xx, yy, xy] = [0, 0, 0, 0, 0];
      for (let row = top; row < top + WINDOW; row++) {
        for (let p = row * width + left; p < row * width + left + WINDOW; p++) {
          const [u, v] = [x[p]!, y[p]!];
          sx += u;
          sy += v;
          xx += u * u;
          yy += v * v;
          xy += u * v;
        }
      }
      const [mx, my] = [sx / n, sy / n];
      const [vx, vy, covariance] = [xx / n - mx * mx, yy / n - my * my, xy / n - mx * my];
      sum += ((2 * mx * my + c1) * (2 * covariance + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2));
      windows++;
    }
  }
  return sum / windows;
}

/** Pixels that differ from what was seen by more than 16 grey levels in some colour: 1, else 0. */
export function motionMask(seen: Picture, later: Picture): Uint8Array {
  return Uint8Array.from({ length: seen.width * seen.height }, (_, p) =>
    [0, 1, 2].some((c) => Math.abs(seen.color[3 * p + c]! - later.color[3 * p + c]!) > MOVED) ? 1 : 0,
  );
}

/** Pixels in both masks, and in either. */
export function overlap(a: Uint8Array, b: Uint8Array): { readonly both: number; readonly either: number } {
  let [both, either] = [0, 0];
  for (let p = 0; p < a.length; p++) {
    both += a[p]! & b[p]!;
    either += a[p]! | b[p]!;
  }
  return { both, either };
}

/** Rec. 601. */
export function luminance({ color, width, height }: Picture): Float64Array {
  return Float64Array.from(
    { length: width * height },
    (_, p) => 0.299 * color[3 * p]! + 0.587 * color[3 * p + 1]! + 0.114 * color[3 * p + 2]!,
  );
}
