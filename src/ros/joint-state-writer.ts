import { bytesOf } from './bytes.js';
import type { Codec } from './codec.js';
import type { Stamp } from './messages.js';

/** Of the stamp, which comes first, after the four bytes that say how the message is encoded. */
const STAMP = 4;

/**
 * Writes joint states of the same joints over and over: names and lengths are encoded once, numbers are replaced in
 * place, since it is the names that take the time.
 */
export class JointStateWriter {
  readonly #bytes: Buffer;
  readonly #offsets: readonly [number, number, number];

  /** @param names of the joints @param frame_id of the header */
  constructor(codec: Codec<'sensor_msgs/msg/JointState'>, names: readonly string[], frame_id = '') {
    const zeros = new Float64Array(names.length);
    const message = { header: { frame_id }, name: names, position: zeros, velocity: zeros, effort: zeros };
    this.#bytes = Buffer.from(codec.encode(message));
    // The three arrays are the end of the message; a length and padding, 8 bytes together, lie between them.
    const end = this.#bytes.length;
    const size = zeros.byteLength;
    this.#offsets = [end - 3 * size - 16, end - 2 * size - 8, end - size];
  }

  /**
   * @param position rad @param velocity rad/s @param effort N·m; one of each a joint
   * @returns the message's bytes, valid until the next call
   */
  write(stamp: Stamp, position: Float64Array, velocity: Float64Array, effort: Float64Array): Buffer {
    const bytes = this.#bytes;
    bytes.writeInt32LE(stamp.sec, STAMP);
    bytes.writeUInt32LE(stamp.nanosec, STAMP + 4);
    bytes.set(bytesOf(position), this.#offsets[0]);
    bytes.set(bytesOf(velocity), this.#offsets[1]);
    bytes.set(bytesOf(effort), this.#offsets[2]);
    return bytes;
  }
}
