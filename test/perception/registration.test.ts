import { expect } from 'chai';
import { intrinsicsFromFov } from '../../src/perception/camera-model.js';
import { DepthRegistration } from '../../src/perception/registration.js';

describe('DepthRegistration', () => {
  const depth = intrinsicsFromFov(64, 48, 1);
  const shifted = [1, 0, 0, 0.05, 0, 1, 0, 0, 0, 0, 1, 0];

  it('passes the image on where both cameras are the same', () => {
    const registration = new DepthRegistration(depth, depth);
    const image = new Float32Array(64 * 48).fill(1);
    expect(registration.identity).to.equal(true);
    expect(registration.register(image)).to.equal(image);
  });

  it('shifts by the disparity of the baseline', () => {
    const registration = new DepthRegistration(depth, depth, shifted);
    const image = new Float32Array(64 * 48);
    image[20 * 64 + 30] = 1;
    const registered = registration.register(image);
    const disparity = Math.round(depth.fx * 0.05);
    expect(registered[20 * 64 + 30 + disparity]).to.equal(1);
    expect(registered.filter((z) => z > 0).length).to.equal(1);
  });

  it('leaves no holes in a wall seen by a camera of higher resolution', () => {
    const color = intrinsicsFromFov(320, 240, 0.8);
    const registered = new DepthRegistration(depth, color, shifted).register(new Float32Array(64 * 48).fill(2));
    expect(registered.every((z) => z === 2)).to.equal(true);
  });

  it('lets the nearest surface win and ignores what was not measured', () => {
    const coarse = intrinsicsFromFov(32, 24, 1);
    const image = new Float32Array(64 * 48).fill(3);
    image[0] = Number.NaN;
    image[1] = Infinity;
    image[65] = 1;
    const registered = new DepthRegistration(depth, coarse).register(image);
    expect(registered[0]).to.equal(1);
    expect(registered[1]).to.equal(3);
    expect(registered.every((z) => z > 0 && z <= 3)).to.equal(true);
  });

  it('refuses what does not fit', () => {
    expect(() => new DepthRegistration(depth, depth, [1, 0, 0])).to.throw('3 elements');
    expect(() => new DepthRegistration(depth, depth).register(new Float32Array(5))).to.throw('5 pixels; 64×48');
  });
});
