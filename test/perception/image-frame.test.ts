import { expect } from 'chai';
import { colorPixels, depthPixels, type EncodedImage } from '../../src/perception/image-frame.js';

function depthImage(values: number[], change: Partial<EncodedImage> = {}): EncodedImage {
  const data = new Uint8Array(Float32Array.from(values).buffer);
  return { width: values.length, height: 1, encoding: '32FC1', step: data.length, is_bigendian: 0, data, ...change };
}

function colorImage(data: number[], change: Partial<EncodedImage> = {}): EncodedImage {
  const width = data.length / 3;
  return {
    width,
    height: 1,
    encoding: 'rgb8',
    step: 3 * width,
    is_bigendian: 0,
    data: Uint8Array.from(data),
    ...change,
  };
}

describe('image frames', () => {
  it('views depth in metres, also where the bytes are not aligned', () => {
    const aligned = depthImage([0.5, Number.NaN, 2]);
    expect(depthPixels(aligned).buffer).to.equal(aligned.data.buffer);
    expect(depthPixels(aligned)[2]).to.equal(2);
    const shifted = new Uint8Array(aligned.data.length + 1);
    shifted.set(aligned.data, 1);
    expect(depthPixels({ ...aligned, data: shifted.subarray(1) })[0]).to.equal(0.5);
  });

  it('converts depth in millimetres, and blue-green-red', () => {
    const data = new Uint8Array(Uint16Array.of(0, 1500).buffer);
    const depth = depthPixels(depthImage([0, 0], { encoding: '16UC1', step: 4, data }));
    expect(depth[0]).to.equal(0);
    expect(depth[1]).to.be.closeTo(1.5, 1e-6);
    expect([...colorPixels(colorImage([1, 2, 3, 4, 5, 6], { encoding: 'bgr8' }))]).to.deep.equal([3, 2, 1, 6, 5, 4]);
  });

  it('takes NaN, infinities and 0 as nothing measured', () => {
    expect(() => depthPixels(depthImage([Number.NaN, Infinity, -Infinity, 0]))).not.to.throw();
  });

  it('says what is wrong with an image', () => {
    expect(() => depthPixels(depthImage([1, -0.25]))).to.throw('Depth at pixel (1, 0) is -0.25 m');
    expect(() => depthPixels(depthImage([1], { encoding: 'mono8' }))).to.throw("'mono8'; it must be 32FC1 or 16UC1");
    expect(() => depthPixels(depthImage([1], { is_bigendian: 1 }))).to.throw('big-endian');
    expect(() => colorPixels(colorImage([1, 2, 3], { step: 4 }))).to.throw('rows of 4 bytes');
    expect(() => colorPixels(colorImage([1, 2, 3], { height: 2 }))).to.throw('has 3 bytes; 1×2 rgb8 needs 6');
    expect(() => colorPixels(colorImage([], { width: 0 }))).to.throw('0×1');
  });
});
