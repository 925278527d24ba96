import { expect } from 'chai';
import { bytesOf } from '../../src/ros/bytes.js';
import { Codec } from '../../src/ros/codec.js';
import { ImageWriter } from '../../src/ros/image-writer.js';

describe('ImageWriter', () => {
  const codec = new Codec('sensor_msgs/msg/Image');
  const stamp = { sec: 5, nanosec: 3_999_999_999 };

  for (const [encoding, step, pixels] of [
    ['rgb8', 9, Uint8Array.from({ length: 18 }, (_, i) => i)],
    ['32FC1', 12, Float32Array.of(0.1, Number.NaN, 3, 4, 5, 6)],
  ] as const) {
    it(`writes the same bytes as the codec for ${encoding}`, () => {
      const size = { width: 3, height: 2, encoding };
      const writer = new ImageWriter(codec, { ...size, frame_id: 'camera_optical_frame' });
      const header = { stamp, frame_id: 'camera_optical_frame' };
      const expected = codec.encode({ header, ...size, step, data: bytesOf(pixels) });
      expect(writer.write(stamp, pixels).equals(expected)).to.equal(true);
    });
  }
});
