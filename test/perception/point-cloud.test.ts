import { expect } from 'chai';
import { intrinsicsFromFov } from '../../src/perception/camera-model.js';
import { POINT_STEP, PointCloud } from '../../src/perception/point-cloud.js';

describe('PointCloud', () => {
  const camera = intrinsicsFromFov(4, 2, Math.PI / 2);
  // Optical frame at (1, 2, 3), looking along x: z → x, x → −y, y → −z.
  const transform = Float64Array.of(0, 0, 1, 1, -1, 0, 0, 2, 0, -1, 0, 3);
  const color = Uint8Array.from({ length: 24 }, (_, i) => i);
  const depth = Float32Array.of(0, Number.NaN, 1, 2, Infinity, 0, 0, 4);

  it('packs points and colours as PCL and rviz read them', () => {
    const cloud = new PointCloud(8);
    cloud.add(color, depth, camera, transform, 1);
    expect(cloud.count).to.equal(3);
    expect(cloud.data.length).to.equal(3 * POINT_STEP);
    const view = new DataView(cloud.data.buffer, cloud.data.byteOffset);
    // Pixel (2, 0): ray (0.25, −0.25, 1) at depth 1.
    expect([0, 4, 8].map((o) => view.getFloat32(o, true))).to.deep.equal([2, 1.75, 3.25]);
    expect(view.getUint32(12, true)).to.equal(0x060708);
  });

  it('thins out, adds up and stops at its capacity', () => {
    const cloud = new PointCloud(2);
    cloud.add(color, depth, camera, transform, 2);
    expect(cloud.count).to.equal(1);
    cloud.add(color, depth, camera, transform, 1);
    expect(cloud.count).to.equal(2);
    cloud.clear();
    expect(cloud.data.length).to.equal(0);
  });

  it('refuses images of another size', () => {
    expect(() => new PointCloud(2).add(color, depth.subarray(1), camera, transform, 1)).to.throw('7 depths');
  });
});
