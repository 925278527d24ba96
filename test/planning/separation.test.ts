import { expect } from 'chai';
import { allowedScale, protectiveDistance, separationDefaults } from '../../src/planning/separation.js';

const options = separationDefaults;
const approach = { human: 1.6, robot: 1, reaction: 0.1 };

describe('protectiveDistance', () => {
  it('is the sum of ISO/TS 15066', () => {
    // S_h = 1.6·(0.1 + 0.25), S_r = 1·0.1, S_s = 1·0.25/2, C + Z_d + Z_r = 0.17
    expect(protectiveDistance(1, approach, options)).to.be.closeTo(0.56 + 0.1 + 0.125 + 0.17, 1e-12);
    expect(protectiveDistance(0, approach, options)).to.be.closeTo(0.16 + 0.17, 1e-12);
    // At half the speed the robot stops in half the time, on a quarter of the way.
    expect(protectiveDistance(0.5, approach, options)).to.be.closeTo(0.36 + 0.05 + 0.125 / 4 + 0.17, 1e-12);
  });
});

describe('allowedScale', () => {
  it('is the scale whose protective distance is the one there is', () => {
    for (const robot of [0, 0.3, 1, 2]) {
      for (const scale of [0.05, 0.3, 0.7, 0.99]) {
        const distance = protectiveDistance(scale, { ...approach, robot }, options);
        expect(allowedScale(distance, { ...approach, robot }, options)).to.be.closeTo(scale, 1e-9);
      }
    }
  });

  it('is 0 below the least distance, 1 far away, and no number is no reason to move', () => {
    expect(allowedScale(0.32, approach, options)).to.equal(0);
    expect(allowedScale(-1, approach, options)).to.equal(0);
    expect(allowedScale(Number.NaN, approach, options)).to.equal(0);
    expect(allowedScale(10, approach, options)).to.equal(1);
    expect(allowedScale(Number.POSITIVE_INFINITY, approach, options)).to.equal(1);
    expect(allowedScale(0.5, { human: 0, robot: 0, reaction: 0.1 }, options)).to.equal(1);
  });

  it('falls no faster than the robot can brake', () => {
    const step = 1e-4;
    let distance = 2;
    let scale = 1;
    for (let time = 0; time < 2; time += step) {
      distance -= (approach.human + scale * approach.robot) * step;
      const next = allowedScale(distance, approach, options);
      expect(scale - next).to.be.below((step / options.stopTime) * (1 + 1e-6));
      scale = next;
    }
    expect(scale).to.equal(0);
  });
});
