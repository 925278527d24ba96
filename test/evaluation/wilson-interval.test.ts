import { expect } from 'chai';
import { wilsonInterval } from '../../src/evaluation/wilson-interval.js';

describe('wilsonInterval', () => {
  it('has the published values', () => {
    // Newcombe (1998), table I: the score method.
    const cases: [number, number, number, number][] = [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
      [29, 29, 0.883, 1],
    ];
    for (const [successes, trials, low, high] of cases) {
      const interval = wilsonInterval(successes, trials);
      expect(interval[0], `${successes}/${trials}`).to.be.closeTo(low, 1e-4);
      expect(interval[1], `${successes}/${trials}`).to.be.closeTo(high, 1e-4);
    }
  });

  it('mirrors with success and failure, and narrows with the number of trials', () => {
    const [low, high] = wilsonInterval(3, 10);
    const [mirroredLow, mirroredHigh] = wilsonInterval(7, 10);
    expect(mirroredLow).to.be.closeTo(1 - high, 1e-12);
    expect(mirroredHigh).to.be.closeTo(1 - low, 1e-12);
    const [manyLow, manyHigh] = wilsonInterval(300, 1000);
    expect(manyHigh - manyLow).to.be.below((high - low) / 5);
  });
});
