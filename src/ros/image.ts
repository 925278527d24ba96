import type { Message } from './messages.js';

type Image = Message<'sensor_msgs/msg/Image'>;

/**
 * The pixels of a depth image (32FC1, m, NaN where there is no return; REP-118): a view of the message where that is
 * possible, else a copy.
 * @throws Error saying what is wrong with the image
 */
export function depthPixels(image: Image): Float32Array {
  checkImage(image, '32FC1', 4);
  const { data, width, height } = image;
  if (image.is_bigendian !== 0) throw new Error('depth image is big-endian, needs little-endian');
  if (data.byteOffset % 4 === 0) return new Float32Array(data.buffer, data.byteOffset, width * height);
  return new Float32Array(data.slice().buffer, 0, width * height);
}

/**
 * The pixels of a colour image (rgb8, row-major, not padded): a view of the message.
 * @throws Error saying what is wrong with the image
 */
export function colorPixels(image: Image): Uint8Array {
  checkImage(image, 'rgb8', 3);
  return image.data;
}

/** The bytes of an array, not copied, to be sent as the `data` of an image. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function checkImage({ width, height, step, encoding, data }: Image, wanted: string, pixelSize: number): void {
  if (encoding !== wanted) throw new Error(`image is encoded as "${encoding}", needs "${wanted}"`);
  if (width === 0 || height === 0) throw new Error(`image has ${width} x ${height} pixels`);
  if (step !== width * pixelSize) {
    throw new Error(`image has rows of ${step} bytes, needs ${width * pixelSize} (${width} pixels, not padded)`);
  }
  if (data.length !== step * height) {
    throw new Error(`image has ${data.length} bytes, needs ${step * height} (${width} x ${height} ${encoding})`);
  }
}
