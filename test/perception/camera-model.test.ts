import { expect } from 'chai';
import {
  deproject,
  intrinsicsFromFov,
  intrinsicsFromK,
  intrinsicsToK,
  project,
  sameIntrinsics,
  subsampleIntrinsics,
} from '../../src/perception/camera-model.js';

describe('camera model', () => {
  const camera = intrinsicsFromFov(320, 240, Math.PI / 2);

  it('spans the field of view between the outer edges of the image', () => {
    expect(camera.fx).to.be.closeTo(160, 1e-9);
    const uv = new Float64Array(2);
    project(camera, -1, 0, 1, uv);
    expect(uv[0]).to.be.closeTo(0, 1e-9);
    project(camera, 1, 0, 1, uv);
    expect(uv[0]).to.be.closeTo(320, 1e-9);
  });

  it('projects what it deprojects to the centre of the same pixel', () => {
    const point = new Float64Array(3);
    const uv = new Float64Array(2);
    deproject(camera, 17, 201, 2.5, point);
    expect(point[2]).to.equal(2.5);
    expect(project(camera, point[0], point[1], point[2], uv)).to.equal(true);
    expect(uv[0]).to.be.closeTo(17.5, 1e-9);
    expect(uv[1]).to.be.closeTo(201.5, 1e-9);
  });

  it('says what is not in the image', () => {
    const uv = new Float64Array(2);
    expect(project(camera, 0, 0, -1, uv)).to.equal(false);
    expect(project(camera, 1.01, 0, 1, uv)).to.equal(false);
  });

  it('counts from pixel centres in CameraInfo', () => {
    const k = intrinsicsToK(camera);
    expect([k[2], k[5]]).to.deep.equal([159.5, 119.5]);
    expect(sameIntrinsics(intrinsicsFromK(320, 240, k), camera)).to.equal(true);
  });

  it('keeps the rays of the pixels in the middle of each block', () => {
    const small = subsampleIntrinsics(camera, 5);
    const [a, b] = [new Float64Array(3), new Float64Array(3)];
    deproject(small, 7, 9, 1, a);
    deproject(camera, 37, 47, 1, b);
    expect(a[0]).to.be.closeTo(b[0], 1e-12);
    expect(a[1]).to.be.closeTo(b[1], 1e-12);
  });

  it('refuses what is not a camera', () => {
    expect(() => intrinsicsFromFov(320, 240, 4)).to.throw('4 rad');
    expect(() => intrinsicsFromFov(0, 240, 1)).to.throw('0×240');
    expect(() => intrinsicsFromK(4, 3, [1, 0, 0])).to.throw('3 elements');
    expect(() => intrinsicsFromK(4, 3, [0, 0, 0, 0, 0, 0, 0, 0, 1])).to.throw('Focal length 0, 0');
    expect(() => intrinsicsFromK(4, 3, [9, 1, 0, 0, 9, 0, 0, 0, 1])).to.throw('[fx 0 cx; 0 fy cy; 0 0 1]');
    expect(() => subsampleIntrinsics(camera, 4)).to.throw('must be odd');
  });
});
