import type { Intrinsics } from './camera-model.js';

/** Size of the image that policies see, px. */
export const POLICY_WIDTH = 64;
export const POLICY_HEIGHT = 48;
/** Red, green, blue, x, y, z. */
export const POLICY_CHANNELS = 6;

const PIXELS = POLICY_WIDTH * POLICY_HEIGHT;
/** Depth steps in a metre. */
const DEPTH_STEPS = 10000;
const DEPTH_LIMIT = 65535;

/** What a camera saw, in the form that the demonstrations store. */
export interface PolicyFrame {
  /** rgb8, 48 × 64 × 3. */
  readonly color: Uint8Array;
  /** Depth along the optical axis in 0.1 mm, 0 where there is none, 48 × 64. */
  readonly depth: Uint16Array;
  /** fx, fy, cx, cy (px, for 64 × 48), then the row-major 3 × 4 transform from the optical frame to base_link (m). */
  readonly camera: Float32Array;
}

/** An empty frame. */
export function createPolicyFrame(): PolicyFrame {
  return { color: new Uint8Array(3 * PIXELS), depth: new Uint16Array(PIXELS), camera: new Float32Array(16) };
}

/** An empty policy image, [6, 48, 64]. */
export function createPolicyImage(): Float32Array {
  return new Float32Array(POLICY_CHANNELS * PIXELS);
}

/** Depth (m) in steps of 0.1 mm; 0 for what cannot be stored: no depth, NaN, negative, or beyond 6.5535 m. */
export function quantizeDepth(depth: number): number {
  const steps = Math.round(depth * DEPTH_STEPS);
  return steps > 0 && steps <= DEPTH_LIMIT ? steps : 0;
}

/** The inverse of {@link quantizeDepth}, m. */
export function dequantizeDepth(steps: number): number {
  return steps / DEPTH_STEPS;
}

/**
 * Reduces colour and registered depth to what policies see. Of an image s times as large as theirs (s odd; 320 × 240
 * has s = 5) the pixels (s·i + (s−1)/2, s·j + (s−1)/2) are taken, so that the result is the same to the last bit
 * whether the camera has 64 × 48 pixels or s times as many.
 *
 * @param color - rgb8.
 * @param depth - m along the optical axis; 0, NaN or infinite where there is none.
 * @param transform - row-major 3 × 4, from the optical frame to base_link, m.
 * @throws Error if the images do not have a suitable size.
 */
export function samplePolicyFrame(
  color: Uint8Array,
  depth: Float32Array,
  intrinsics: Intrinsics,
  transform: Float64Array,
  out: PolicyFrame,
): void {
  const { width, height, fx, fy, cx, cy } = intrinsics;
  const step = width / POLICY_WIDTH;
  if (!Number.isInteger(step) || step % 2 === 0 || height !== step * POLICY_HEIGHT) {
    throw new Error(`Camera image is ${width}×${height}; policies need an odd multiple of 64×48, such as 320×240.`);
  }
  if (color.length !== 3 * width * height || depth.length !== width * height) {
    throw new Error(
      `Camera image has ${color.length} colour bytes and ${depth.length} depths; ` +
        `${width}×${height} needs ${3 * width * height} and ${width * height}.`,
    );
  }
  const middle = (step - 1) / 2;
  for (let j = 0, p = 0; j < POLICY_HEIGHT; j++) {
    let q = (step * j + middle) * width + middle;
    for (let i = 0; i < POLICY_WIDTH; i++, p++, q += step) {
      out.color[3 * p] = color[3 * q];
      out.color[3 * p + 1] = color[3 * q + 1];
      out.color[3 * p + 2] = color[3 * q + 2];
      out.depth[p] = quantizeDepth(depth[q]);
    }
  }
  out.camera[0] = fx / step;
  out.camera[1] = fy / step;
  out.camera[2] = cx / step;
  out.camera[3] = cy / step;
  for (let k = 0; k < 12; k++) out.camera[4 + k] = transform[k];
}

/**
 * The policy's input from a frame: [6, 48, 64] float32 into `out` at `offset`; red, green, blue in 0 … 1, then the
 * point that each pixel sees in base_link (m; 0, 0, 0 where there is no depth):
 * (x, y, z) = R·(z·(u + ½ − cx)/fx, z·(v + ½ − cy)/fy, z) + t.
 */
export function composePolicyImage(frame: PolicyFrame, out: Float32Array, offset = 0): void {
  const { color, depth, camera: m } = frame;
  if (out.length < offset + POLICY_CHANNELS * PIXELS) {
    throw new Error(`Policy image needs ${POLICY_CHANNELS * PIXELS} numbers at ${offset}; there are ${out.length}.`);
  }
  for (let v = 0, p = 0; v < POLICY_HEIGHT; v++) {
    const rayY = (v + 0.5 - m[3]) / m[1];
    for (let u = 0; u < POLICY_WIDTH; u++, p++) {
      const o = offset + p;
      out[o] = color[3 * p] / 255;
      out[o + PIXELS] = color[3 * p + 1] / 255;
      out[o + 2 * PIXELS] = color[3 * p + 2] / 255;
      const z = dequantizeDepth(depth[p]);
      const x = ((u + 0.5 - m[2]) / m[0]) * z;
      const y = rayY * z;
      const seen = z > 0;
      out[o + 3 * PIXELS] = seen ? m[4] * x + m[5] * y + m[6] * z + m[7] : 0;
      out[o + 4 * PIXELS] = seen ? m[8] * x + m[9] * y + m[10] * z + m[11] : 0;
      out[o + 5 * PIXELS] = seen ? m[12] * x + m[13] * y + m[14] * z + m[15] : 0;
    }
  }
}
