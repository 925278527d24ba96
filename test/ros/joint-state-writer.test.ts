import { expect } from 'chai';
import { Codec } from '../../src/ros/codec.js';
import { JointStateWriter } from '../../src/ros/joint-state-writer.js';

describe('JointStateWriter', () => {
  const codec = new Codec('sensor_msgs/msg/JointState');

  for (const names of [
    ['a'],
    ['ab', 'c'],
    ['abc', 'de', 'fghij'],
    Array.from({ length: 75 }, (_, j) => `joint_${j}`),
  ]) {
    it(`writes the same bytes as the codec for ${names.length} joints`, () => {
      const writer = new JointStateWriter(codec, names, 'base_link');
      for (const k of [1, 2]) {
        const vector = (scale: number) => Float64Array.from(names, (_, j) => scale * k + j / 3);
        const stamp = { sec: k, nanosec: 4_000_000_000 + k };
        const [position, velocity, effort] = [vector(1), vector(-2), vector(30)];
        const header = { stamp, frame_id: 'base_link' };
        const expected = Buffer.from(codec.encode({ header, name: names, position, velocity, effort }));
        expect(writer.write(stamp, position, velocity, effort)).to.deep.equal(expected);
      }
    });
  }
});
