import { type Intrinsics, sameIntrinsics } from './camera-model.js';

const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];

/**
 * Carries depth over to the pixels of a colour camera beside it. Each depth pixel covers the colour pixels between the
 * images of its two corners at its depth; the nearest surface wins. Allocates only when it is constructed.
 */
export class DepthRegistration {
  /** Whether the two cameras are the same, so that there is nothing to do. */
  readonly identity: boolean;

  readonly #depth: Intrinsics;
  readonly #color: Intrinsics;
  readonly #transform: Float64Array;
  readonly #registered: Float32Array;

  /**
   * @param colorFromDepth - row-major 3 × 4 transform of points from the depth to the colour camera's optical frame, m.
   */
  constructor(depth: Intrinsics, color: Intrinsics, colorFromDepth: ArrayLike<number> = IDENTITY) {
    if (colorFromDepth.length !== 12) {
      throw new Error(`Transform from depth to colour has ${colorFromDepth.length} elements; it must have 12 (3 × 4).`);
    }
    this.#depth = depth;
    this.#color = color;
    this.#transform = Float64Array.from(colorFromDepth);
    this.identity = sameIntrinsics(depth, color) && IDENTITY.every((value, i) => value === colorFromDepth[i]);
    this.#registered = new Float32Array(this.identity ? 0 : color.width * color.height);
  }

  /**
   * The depth (m, 0 where unknown) seen by each pixel of the colour camera. The result is the argument itself if the
   * cameras are the same, and otherwise a buffer that the next call overwrites.
   */
  register(depth: Float32Array): Float32Array {
    const { width, height, fx, fy, cx, cy } = this.#depth;
    if (depth.length !== width * height) {
      throw new Error(`Depth image has ${depth.length} pixels; ${width}×${height} needs ${width * height}.`);
    }
    if (this.identity) return depth;
    const m = this.#transform;
    this.#registered.fill(0);
    for (let v = 0, p = 0; v < height; v++) {
      for (let u = 0; u < width; u++, p++) {
        const z = depth[p];
        if (!(z > 0 && z < Infinity)) continue;
        const left = ((u - cx) / fx) * z;
        const top = ((v - cy) / fy) * z;
        const right = ((u + 1 - cx) / fx) * z;
        const bottom = ((v + 1 - cy) / fy) * z;
        const seen = m[8] * 0.5 * (left + right) + m[9] * 0.5 * (top + bottom) + m[10] * z + m[11];
        if (seen <= 0) continue;
        this.#cover(
          this.#u(left, top, z),
          this.#v(left, top, z),
          this.#u(right, bottom, z),
          this.#v(right, bottom, z),
          seen,
        );
      }
    }
    return this.#registered;
  }

  #u(x: number, y: number, z: number): number {
    const m = this.#transform;
    const depth = m[8] * x + m[9] * y + m[10] * z + m[11];
    return (this.#color.fx * (m[0] * x + m[1] * y + m[2] * z + m[3])) / depth + this.#color.cx;
  }

  #v(x: number, y: number, z: number): number {
    const m = this.#transform;
    const depth = m[8] * x + m[9] * y + m[10] * z + m[11];
    return (this.#color.fy * (m[4] * x + m[5] * y + m[6] * z + m[7])) / depth + this.#color.cy;
  }

  /** Sets the pixels whose centres lie between two corners, at least the one in the middle. */
  #cover(u0: number, v0: number, u1: number, v1: number, z: number): void {
    const { width, height } = this.#color;
    const registered = this.#registered;
    const middleU = Math.floor(0.5 * (u0 + u1));
    const middleV = Math.floor(0.5 * (v0 + v1));
    const fromU = Math.min(middleU, Math.ceil(Math.min(u0, u1) - 0.5));
    const fromV = Math.min(middleV, Math.ceil(Math.min(v0, v1) - 0.5));
    const toU = Math.max(middleU, Math.ceil(Math.max(u0, u1) - 0.5) - 1);
    const toV = Math.max(middleV, Math.ceil(Math.max(v0, v1) - 0.5) - 1);
    for (let v = Math.max(0, fromV); v <= Math.min(height - 1, toV); v++) {
      for (let u = Math.max(0, fromU); u <= Math.min(width - 1, toU); u++) {
        const p = v * width + u;
        if (registered[p] === 0 || z < registered[p]) registered[p] = z;
      }
    }
  }
}
