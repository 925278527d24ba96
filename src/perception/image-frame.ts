/** An image as it travels: the fields of sensor_msgs/Image that matter for its pixels. */
export interface EncodedImage {
  readonly width: number;
  readonly height: number;
  /** Such as `rgb8` or `32FC1`. */
  readonly encoding: string;
  /** Bytes in a row. */
  readonly step: number;
  /** 0 for little-endian. */
  readonly is_bigendian: number;
  readonly data: Uint8Array;
}

const PIXEL_BYTES: Readonly<Record<string, number>> = { rgb8: 3, bgr8: 3, '32FC1': 4, '16UC1': 2 };
const MILLIMETRE = 1e-3;

/**
 * The pixels of a colour image (`rgb8`, or `bgr8`, which is converted): width × height × 3 bytes, red first; a view of
 * the message where possible.
 *
 * @throws Error naming what is wrong with the image.
 */
export function colorPixels(image: EncodedImage): Uint8Array {
  checkLayout(image, 'rgb8', 'bgr8');
  if (image.encoding === 'rgb8') return image.data;
  const rgb = new Uint8Array(image.data.length);
  for (let i = 0; i < rgb.length; i += 3) {
    rgb[i] = image.data[i + 2];
    rgb[i + 1] = image.data[i + 1];
    rgb[i + 2] = image.data[i];
  }
  return rgb;
}

/**
 * The pixels of a depth image, m along the optical axis: `32FC1`, of which this is a view where the bytes are aligned,
 * or `16UC1` in millimetres, which is converted. As REP-118 has it, NaN and infinities mean that there is no
 * measurement, and so does 0.
 *
 * @throws Error naming what is wrong with the image, a negative depth included.
 */
export function depthPixels(image: EncodedImage): Float32Array {
  checkLayout(image, '32FC1', '16UC1');
  if (image.is_bigendian !== 0) throw new Error('Depth image is big-endian; it must be little-endian.');
  const pixels = image.width * image.height;
  const bytesPerPixel = PIXEL_BYTES[image.encoding];
  const { data } = image.data.byteOffset % bytesPerPixel === 0 ? image : { data: Uint8Array.from(image.data) };
  if (image.encoding === '16UC1') {
    return Float32Array.from(new Uint16Array(data.buffer, data.byteOffset, pixels), (value) => value * MILLIMETRE);
  }
  const depth = new Float32Array(data.buffer, data.byteOffset, pixels);
  checkDepth(depth, image.width);
  return depth;
}

/** @throws Error naming the first pixel whose depth is negative; −Infinity (too close to measure) is allowed. */
export function checkDepth(depth: Float32Array, width: number): void {
  for (let p = 0; p < depth.length; p++) {
    if (depth[p] < 0 && depth[p] !== -Infinity) {
      throw new Error(
        `Depth at pixel (${p % width}, ${Math.floor(p / width)}) is ${depth[p]} m; it must be positive, or NaN or 0 ` +
          'where nothing was measured.',
      );
    }
  }
}

function checkLayout(image: EncodedImage, ...encodings: string[]): void {
  const { width, height, encoding, step, data } = image;
  if (!encodings.includes(encoding)) {
    throw new Error(`Image is encoded as '${encoding}'; it must be ${encodings.join(' or ')}.`);
  }
  if (width < 1 || height < 1) throw new Error(`Image is ${width}×${height}; it must have at least one pixel.`);
  const row = width * PIXEL_BYTES[encoding];
  if (step !== row) {
    throw new Error(`Image has rows of ${step} bytes; ${width} pixels of ${encoding} need ${row}, without padding.`);
  }
  if (data.length !== row * height) {
    throw new Error(`Image has ${data.length} bytes; ${width}×${height} ${encoding} needs ${row * height}.`);
  }
}
