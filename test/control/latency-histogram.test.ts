import { expect } from 'chai';
import { HISTOGRAM_SIZE, LatencyHistogram } from '../../src/control/latency-histogram.js';

describe('LatencyHistogram', () => {
  it('gives quantiles within 4 %', () => {
    for (const scale of [1, 37, 1200, 30_000]) {
      const histogram = new LatencyHistogram();
      for (let k = 1; k <= 1000; k++) histogram.record(k * scale);
      for (const share of [0.5, 0.9, 0.99, 1]) {
        expect(histogram.quantile(share)).to.be.within(share * 1000 * scale, share * 1000 * scale * 1.04 + 1);
      }
      expect(histogram.count()).to.equal(1000);
    }
  });

  it('takes what is out of range', () => {
    const histogram = new LatencyHistogram();
    expect(histogram.quantile(0.5)).to.equal(0);
    for (const value of [-5, 0, 1e12, Infinity]) histogram.record(value);
    expect(histogram.count()).to.equal(4);
    expect(histogram.quantile(0)).to.equal(1);
  });

  it('refuses memory that is too short', () => {
    expect(() => new LatencyHistogram(new Float64Array(3))).to.throw(RangeError, `needs ${HISTOGRAM_SIZE}`);
  });
});
