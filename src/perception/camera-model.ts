/**
 * A pinhole camera without distortion. The centre of pixel (u, v) is at (u + 0.5, v + 0.5), so that the principal
 * point of a symmetric camera is (width / 2, height / 2). ROS counts from pixel centres instead: see
 * {@link intrinsicsFromK} and {@link intrinsicsToK}.
 */
export interface Intrinsics {
  /** px */
  readonly width: number;
  /** px */
  readonly height: number;
  /** Focal lengths, px. */
  readonly fx: number;
  readonly fy: number;
  /** Principal point, px from the upper left corner of the image. */
  readonly cx: number;
  readonly cy: number;
}

/** Square pixels, principal point in the middle. `hfov` is the horizontal field of view, rad. */
export function intrinsicsFromFov(width: number, height: number, hfov: number): Intrinsics {
  if (!(hfov > 0 && hfov < Math.PI)) {
    throw new Error(`Horizontal field of view is ${hfov} rad; it must lie between 0 and π.`);
  }
  const focal = (0.5 * width) / Math.tan(0.5 * hfov);
  return checked({ width, height, fx: focal, fy: focal, cx: 0.5 * width, cy: 0.5 * height });
}

/**
 * From the row-major 3 × 3 matrix K of a sensor_msgs/CameraInfo. There (REP-104, image_geometry) the centre of the
 * first pixel has the coordinate 0, here 0.5.
 */
export function intrinsicsFromK(width: number, height: number, k: ArrayLike<number>): Intrinsics {
  if (k.length !== 9) {
    throw new Error(`Camera matrix K has ${k.length} elements; it must have 9 (row-major 3 × 3).`);
  }
  if (k[1] !== 0 || k[3] !== 0 || k[6] !== 0 || k[7] !== 0 || k[8] !== 1) {
    throw new Error(`Camera matrix K is [${Array.from(k).join(', ')}]; it must be [fx 0 cx; 0 fy cy; 0 0 1].`);
  }
  return checked({ width, height, fx: k[0], fy: k[4], cx: k[2] + 0.5, cy: k[5] + 0.5 });
}

/** The row-major 3 × 3 matrix K of a sensor_msgs/CameraInfo. */
export function intrinsicsToK(intrinsics: Intrinsics): Float64Array {
  const { fx, fy, cx, cy } = intrinsics;
  return Float64Array.of(fx, 0, cx - 0.5, 0, fy, cy - 0.5, 0, 0, 1);
}

/**
 * The camera whose pixel (i, j) looks along the same ray as pixel (s·i + (s−1)/2, s·j + (s−1)/2) of the given one.
 * `step` s is odd and divides both sides of the image.
 */
export function subsampleIntrinsics(intrinsics: Intrinsics, step: number): Intrinsics {
  const { width, height, fx, fy, cx, cy } = intrinsics;
  if (!Number.isInteger(step) || step < 1 || step % 2 === 0 || width % step !== 0 || height % step !== 0) {
    throw new Error(`Cannot take every ${step}th pixel of ${width}×${height}: the step must be odd and divide both.`);
  }
  return { width: width / step, height: height / step, fx: fx / step, fy: fy / step, cx: cx / step, cy: cy / step };
}

/** Whether two cameras have the same pixels looking along the same rays. */
export function sameIntrinsics(a: Intrinsics, b: Intrinsics): boolean {
  return (
    a.width === b.width && a.height === b.height && a.fx === b.fx && a.fy === b.fy && a.cx === b.cx && a.cy === b.cy
  );
}

/**
 * Image coordinates (px, into `out[0..1]`) of a point in the optical frame (m; z forward, x right, y down). Returns
 * whether the point lies in front of the camera and inside the image.
 *
 * u = fx·x/z + cx, v = fy·y/z + cy; the point is seen by pixel (⌊u⌋, ⌊v⌋).
 */
export function project(intrinsics: Intrinsics, x: number, y: number, z: number, out: Float64Array): boolean {
  const u = (intrinsics.fx * x) / z + intrinsics.cx;
  const v = (intrinsics.fy * y) / z + intrinsics.cy;
  out[0] = u;
  out[1] = v;
  return z > 0 && u >= 0 && v >= 0 && u < intrinsics.width && v < intrinsics.height;
}

/**
 * The point in the optical frame (m, into `out[0..2]`) that the centre of pixel (u, v) sees at depth z (m along the
 * optical axis).
 */
export function deproject(intrinsics: Intrinsics, u: number, v: number, z: number, out: Float64Array): void {
  out[0] = ((u + 0.5 - intrinsics.cx) / intrinsics.fx) * z;
  out[1] = ((v + 0.5 - intrinsics.cy) / intrinsics.fy) * z;
  out[2] = z;
}

function checked(intrinsics: Intrinsics): Intrinsics {
  const { width, height, fx, fy, cx, cy } = intrinsics;
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new Error(`Image size is ${width}×${height}; both sides must be whole and positive.`);
  }
  if (!(fx > 0 && fy > 0 && fx < Infinity && fy < Infinity && Number.isFinite(cx) && Number.isFinite(cy))) {
    throw new Error(`Focal length ${fx}, ${fy} and principal point ${cx}, ${cy} must be finite, the first positive.`);
  }
  return intrinsics;
}
