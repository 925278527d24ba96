import type { JointTrajectory } from '../control/trajectory.js';
import { bytesOf } from './bytes.js';
import type { Codec } from './codec.js';
import type { Stamp } from './messages.js';

/** Of the stamp, which comes first, after the four bytes that say how the message is encoded. */
const STAMP = 4;
/** Length of an array and what aligns the doubles after it. */
const LENGTH = 8;
/** time_from_start. */
const DURATION = 8;

/**
 * Writes joint trajectories of the same shape over and over: names and lengths are encoded once, numbers are replaced
 * in place.
 */
export class JointTrajectoryWriter {
  readonly #bytes: Buffer;
  readonly #size: number;

  /** @param names of the joints @param points of each trajectory @param period time between the points, s */
  constructor(
    codec: Codec<'trajectory_msgs/msg/JointTrajectory'>,
    names: readonly string[],
    points: number,
    period: number,
  ) {
    const zeros = new Float64Array(names.length);
    const message = {
      joint_names: names,
      points: Array.from({ length: points }, (_, k) => ({
        positions: zeros,
        velocities: zeros,
        effort: zeros,
        time_from_start: {
          sec: Math.floor(k * period + 1e-9),
          nanosec: Math.round(((k * period + 1e-9) % 1) * 1e6) * 1e3,
        },
      })),
    };
    this.#bytes = Buffer.from(codec.encode(message));
    this.#size = zeros.byteLength;
  }

  /**
   * @param stamp time of the first point
   * @returns the message's bytes, valid until the next call
   */
  write(stamp: Stamp, trajectory: JointTrajectory): Buffer {
    const bytes = this.#bytes;
    const { joints, count } = trajectory;
    const size = this.#size;
    bytes.writeInt32LE(stamp.sec, STAMP);
    bytes.writeUInt32LE(stamp.nanosec, STAMP + 4);
    // Points end the message, each: positions, velocities, no accelerations (a length only), effort, time_from_start.
    let at = bytes.length;
    for (let k = count - 1; k >= 0; k--) {
      const row = k * joints;
      at -= DURATION + size;
      bytes.set(bytesOf(trajectory.effort.subarray(row, row + joints)), at);
      at -= LENGTH + size;
      bytes.set(bytesOf(trajectory.velocity.subarray(row, row + joints)), at);
      at -= LENGTH + size;
      bytes.set(bytesOf(trajectory.position.subarray(row, row + joints)), at);
      at -= LENGTH;
    }
    return bytes;
  }
}
