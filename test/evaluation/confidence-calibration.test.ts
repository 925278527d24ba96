import { expect } from 'chai';
import { fitCalibration } from '../../src/evaluation/confidence-calibration.js';
import { calibrationError } from '../../src/evaluation/world-score.js';
import { Random } from '../../src/math/random.js';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

describe('the calibration of confidence', () => {
  it('finds what an overconfident model exaggerates', () => {
    const random = new Random(1);
    const given = Array.from({ length: 4000 }, () => {
      const z = random.uniform(-6, 10);
      return { z, p: sigmoid(z), success: random.uniform() < sigmoid(0.4 * z - 1) };
    });
    const { scale, offset } = fitCalibration(given);
    expect(scale).to.be.closeTo(0.4, 0.05);
    expect(offset).to.be.closeTo(-1, 0.15);
    const calibrated = given.map(({ z, success }) => ({ p: sigmoid(scale * z + offset), success }));
    expect(calibrationError(given)).to.be.above(0.1);
    expect(calibrationError(calibrated)).to.be.below(0.03);
  });

  it('leaves a perfect model near to what it is', () => {
    const { scale, offset } = fitCalibration([0.999, 0.999, 0.999].map((p) => ({ p, success: true })));
    expect(scale).to.be.within(0.9, 1.5);
    expect(Math.abs(offset)).to.be.below(0.5);
  });
});
