import { expect } from 'chai';
import { mat4, vec3 } from 'gl-matrix';
import { Random } from '../../src/math/random.js';
import { deproject, intrinsicsFromFov } from '../../src/perception/camera-model.js';
import {
  composePolicyImage,
  createPolicyFrame,
  createPolicyImage,
  dequantizeDepth,
  quantizeDepth,
  samplePolicyFrame,
} from '../../src/perception/policy-image.js';

describe('policy image', () => {
  const random = new Random(4);
  const hfov = (75 * Math.PI) / 180;
  const large = intrinsicsFromFov(320, 240, hfov);
  const small = intrinsicsFromFov(64, 48, hfov);
  const pose = mat4.fromRotationTranslation(mat4.create(), [0.5, -0.5, 0.5, -0.5], [0.1, 0.02, 0.61]);
  const transform = Float64Array.from({ length: 12 }, (_, i) => pose[4 * (i % 4) + Math.floor(i / 4)]);
  const color = Uint8Array.from({ length: 3 * 320 * 240 }, () => random.integer(256));
  const depth = Float32Array.from({ length: 320 * 240 }, () => (random.uniform() < 0.1 ? 0 : random.uniform(0.2, 7)));

  it('is the same to the last bit from 320 × 240 and from the 64 × 48 pixels in the middle of its blocks', () => {
    const smallColor = new Uint8Array(3 * 64 * 48);
    const smallDepth = new Float32Array(64 * 48);
    for (let p = 0; p < 64 * 48; p++) {
      const q = (5 * Math.floor(p / 64) + 2) * 320 + 5 * (p % 64) + 2;
      smallDepth[p] = depth[q];
      smallColor.set(color.subarray(3 * q, 3 * q + 3), 3 * p);
    }
    const [a, b] = [createPolicyFrame(), createPolicyFrame()];
    samplePolicyFrame(color, depth, large, transform, a);
    samplePolicyFrame(smallColor, smallDepth, small, transform, b);
    expect(a).to.deep.equal(b);
    const [imageA, imageB] = [createPolicyImage(), createPolicyImage()];
    composePolicyImage(a, imageA);
    composePolicyImage(b, imageB);
    expect(Buffer.from(imageA.buffer).equals(Buffer.from(imageB.buffer))).to.equal(true);
  });

  it('holds colours in 0 … 1 and points in base_link', () => {
    const frame = createPolicyFrame();
    samplePolicyFrame(color, depth, large, transform, frame);
    const image = new Float32Array(10 + 6 * 64 * 48);
    composePolicyImage(frame, image, 10);
    const point = new Float64Array(3);
    let without = 0;
    for (let p = 0; p < 64 * 48; p++) {
      const at = (channel: number) => image[10 + channel * 64 * 48 + p];
      expect(at(1)).to.equal(Math.fround(frame.color[3 * p + 1] / 255));
      const z = dequantizeDepth(frame.depth[p]);
      if (z === 0) {
        without++;
        expect([at(3), at(4), at(5)]).to.deep.equal([0, 0, 0]);
        continue;
      }
      deproject(small, p % 64, Math.floor(p / 64), z, point);
      const expected = vec3.transformMat4([0, 0, 0], [point[0], point[1], point[2]], pose);
      for (let k = 0; k < 3; k++) expect(at(3 + k)).to.be.closeTo(expected[k], 2e-6);
    }
    expect(without).to.be.above(100);
  });

  it('rounds depth to 0.1 mm and has no depth where it cannot be stored', () => {
    expect(quantizeDepth(1.23456)).to.equal(12346);
    expect(dequantizeDepth(12346)).to.equal(1.2346);
    for (const nothing of [0, Number.NaN, Infinity, -Infinity, -1, 6.6, 0.00001]) {
      expect(quantizeDepth(nothing), `${nothing}`).to.equal(0);
    }
    for (let steps = 0; steps <= 65535; steps += 7) {
      expect(quantizeDepth(Math.fround(dequantizeDepth(steps)))).to.equal(steps);
    }
  });

  it('refuses images that it cannot sample', () => {
    const frame = createPolicyFrame();
    const odd = intrinsicsFromFov(128, 96, 1);
    expect(() => samplePolicyFrame(color, depth, odd, transform, frame)).to.throw('128×96');
    expect(() => samplePolicyFrame(color, depth, small, transform, frame)).to.throw('64×48 needs 9216 and 3072');
    expect(() => composePolicyImage(frame, new Float32Array(7))).to.throw('there are 7');
  });
});
