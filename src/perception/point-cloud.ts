import type { Intrinsics } from './camera-model.js';

/** Bytes of a point: x, y, z (float32, m) and rgb (0x00RRGGBB in the bits of a float32, as PCL and rviz have it). */
export const POINT_STEP = 16;

/** The fields of a point, as sensor_msgs/PointField describes them (7 is FLOAT32). */
export const POINT_FIELDS = [
  { name: 'x', offset: 0, datatype: 7, count: 1 },
  { name: 'y', offset: 4, datatype: 7, count: 1 },
  { name: 'z', offset: 8, datatype: 7, count: 1 },
  { name: 'rgb', offset: 12, datatype: 7, count: 1 },
] as const;

/** Gathers coloured points of one or several cameras as the data of a sensor_msgs/PointCloud2. Adding allocates nothing. */
export class PointCloud {
  /** Points gathered. */
  count = 0;

  readonly #coordinates: Float32Array;
  readonly #colors: Uint32Array;
  readonly #bytes: Uint8Array;

  /** @param capacity - greatest number of points. */
  constructor(capacity: number) {
    const buffer = new ArrayBuffer(capacity * POINT_STEP);
    this.#coordinates = new Float32Array(buffer);
    this.#colors = new Uint32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }

  /** The points: count × {@link POINT_STEP} little-endian bytes, valid until the next change. */
  get data(): Uint8Array {
    return this.#bytes.subarray(0, this.count * POINT_STEP);
  }

  clear(): void {
    this.count = 0;
  }

  /**
   * Adds every `stride`th pixel in both directions that has a depth; points beyond the capacity are left out.
   *
   * @param color - rgb8.
   * @param depth - m, registered to the colour image.
   * @param transform - row-major 3 × 4, from the optical frame to the cloud's frame.
   */
  add(color: Uint8Array, depth: Float32Array, intrinsics: Intrinsics, transform: Float64Array, stride: number): void {
    const { width, height, fx, fy, cx, cy } = intrinsics;
    if (color.length !== 3 * width * height || depth.length !== width * height) {
      throw new Error(
        `Images have ${color.length} colour bytes and ${depth.length} depths, not those of ${width}×${height}.`,
      );
    }
    const m = transform;
    const coordinates = this.#coordinates;
    const capacity = this.#colors.length / 4;
    for (let v = 0; v < height; v += stride) {
      const rayY = (v + 0.5 - cy) / fy;
      for (let u = 0; u < width; u += stride) {
        const p = v * width + u;
        const z = depth[p];
        if (!(z > 0 && z < Infinity)) continue;
        if (this.count === capacity) return;
        const x = ((u + 0.5 - cx) / fx) * z;
        const y = rayY * z;
        const o = 4 * this.count++;
        coordinates[o] = m[0] * x + m[1] * y + m[2] * z + m[3];
        coordinates[o + 1] = m[4] * x + m[5] * y + m[6] * z + m[7];
        coordinates[o + 2] = m[8] * x + m[9] * y + m[10] * z + m[11];
        this.#colors[o + 3] = (color[3 * p] << 16) | (color[3 * p + 1] << 8) | color[3 * p + 2];
      }
    }
  }
}
