import { expect } from 'chai';
import { minimumJerk, minimumJerkRate } from '../../src/math/minimum-jerk.js';

describe('minimumJerk', () => {
  it('leads from 0 to 1, halfway at half the time, without speed at its ends', () => {
    expect([0, 0.5, 1].map(minimumJerk)).to.deep.equal([0, 0.5, 1]);
    expect([0, 1].map(minimumJerkRate)).to.deep.equal([0, 0]);
    expect(minimumJerkRate(0.5)).to.equal(1.875);
  });

  it('has the rate that it says', () => {
    const h = 1e-5;
    for (let s = 0.05; s < 1; s += 0.1) {
      expect((minimumJerk(s + h) - minimumJerk(s - h)) / (2 * h)).to.be.closeTo(minimumJerkRate(s), 1e-8);
    }
  });
});
