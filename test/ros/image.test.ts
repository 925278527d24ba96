import { expect } from 'chai';
import { bytesOf, colorPixels, depthPixels } from '../../src/ros/image.js';

const header = { stamp: { sec: 0, nanosec: 0 }, frame_id: '' };

describe('image', () => {
  const depth = Float32Array.of(0.5, Number.NaN, 2, 3);
  const image = { header, height: 2, width: 2, encoding: '32FC1', is_bigendian: 0, step: 8, data: bytesOf(depth) };

  it('views depth that is aligned and copies depth that is not', () => {
    expect(depthPixels(image).buffer).to.equal(depth.buffer);
    const shifted = new Uint8Array(17);
    shifted.set(bytesOf(depth), 1);
    expect(depthPixels({ ...image, data: shifted.subarray(1) })).to.deep.equal(depth);
  });

  it('views colour', () => {
    const data = new Uint8Array(12);
    expect(colorPixels({ ...image, encoding: 'rgb8', step: 6, data })).to.equal(data);
  });

  it('says what is wrong with an image', () => {
    expect(() => depthPixels({ ...image, encoding: '16UC1' })).to.throw(/encoded as "16UC1", needs "32FC1"/);
    expect(() => depthPixels({ ...image, step: 12 })).to.throw(/rows of 12 bytes, needs 8/);
    expect(() => depthPixels({ ...image, data: image.data.subarray(4) })).to.throw(/12 bytes, needs 16/);
    expect(() => depthPixels({ ...image, is_bigendian: 1 })).to.throw(/big-endian/);
    expect(() => colorPixels({ ...image, width: 0 })).to.throw(/encoded|0 x 2/);
  });
});
