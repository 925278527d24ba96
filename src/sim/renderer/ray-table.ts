import type { Intrinsics } from '../../perception/camera-model.js';

/**
 * The rays of a camera: pixel (u, v) looks along (x[u], y[v], 1) in the optical frame, so that the parameter of a
 * point on the ray is its depth. The numbers are rounded to 32 bits: cameras that differ in rounding errors only, such
 * as a 320×240 camera and its subsampled 64×48 one, then have bit-identical rays, and so identical images.
 */
export interface RayTable {
  readonly intrinsics: Intrinsics;
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** 1 / the ray's length, for each pixel: width × height. */
  readonly inverseLength: Float32Array;
}

/**
 * Rays through the pixel centres, or through the points `shiftU`, `shiftV` (px) beside them.
 */
export function createRayTable(intrinsics: Intrinsics, shiftU = 0, shiftV = 0): RayTable {
  const { width, height, fx, fy, cx, cy } = intrinsics;
  const x = Float32Array.from({ length: width }, (_, u) => (u + 0.5 + shiftU - cx) / fx);
  const y = Float32Array.from({ length: height }, (_, v) => (v + 0.5 + shiftV - cy) / fy);
  const inverseLength = new Float32Array(width * height);
  for (let p = 0; p < inverseLength.length; p++) {
    inverseLength[p] = 1 / Math.sqrt(x[p % width] ** 2 + y[Math.floor(p / width)] ** 2 + 1);
  }
  return { intrinsics, x, y, inverseLength };
}
