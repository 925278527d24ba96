import { bytesOf } from './bytes.js';
import type { Codec } from './codec.js';
import type { Stamp } from './messages.js';

/** Of the stamp, which comes first, after the four bytes that say how the message is encoded. */
const STAMP = 4;
const PIXEL_BYTES = { rgb8: 3, '32FC1': 4 } as const;

/** Writes images of the same size and encoding over and over, replacing stamp and pixels in place. */
export class ImageWriter {
  readonly #bytes: Buffer;

  constructor(
    codec: Codec<'sensor_msgs/msg/Image'>,
    {
      width,
      height,
      encoding,
      frame_id,
    }: {
      readonly width: number;
      readonly height: number;
      readonly encoding: keyof typeof PIXEL_BYTES;
      readonly frame_id: string;
    },
  ) {
    const step = width * PIXEL_BYTES[encoding];
    const data = new Uint8Array(step * height);
    this.#bytes = Buffer.from(codec.encode({ header: { frame_id }, width, height, encoding, step, data }));
  }

  /** @returns the message's bytes, valid until the next call */
  write(stamp: Stamp, pixels: Uint8Array | Float32Array): Buffer {
    const bytes = this.#bytes;
    bytes.writeInt32LE(stamp.sec, STAMP);
    bytes.writeUInt32LE(stamp.nanosec, STAMP + 4);
    // The pixels are the end of the message.
    bytes.set(bytesOf(pixels), bytes.length - pixels.byteLength);
    return bytes;
  }
}
