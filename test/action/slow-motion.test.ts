import { expect } from 'chai';
import { SlowMotion } from '../../src/action/slow-motion.js';

describe('SlowMotion', () => {
  it('lags by what was not done of the time', () => {
    const slow = new SlowMotion();
    expect(slow.lag(3)).to.equal(0);
    slow.observe(10, 0.5);
    slow.observe(12, 0);
    slow.observe(13, 1);
    for (const [time, lag] of [
      [9, 0],
      [11, 0.5],
      [12.5, 1.5],
      [13, 2],
      [20, 2],
    ] as const) {
      expect(slow.lag(time), `at ${time}`).to.be.closeTo(lag, 1e-12);
    }
  });

  it('stands where the scale is no number, and begins anew where the clock is set back', () => {
    const slow = new SlowMotion();
    slow.observe(10, Number.NaN);
    expect(slow.lag(11)).to.equal(1);
    slow.observe(2, 1);
    expect(slow.lag(11)).to.equal(0);
  });

  it('remembers the last changes only', () => {
    const slow = new SlowMotion();
    for (let k = 0; k < 1000; k++) slow.observe(0.01 * k, 0.5);
    expect(slow.lag(9.99)).to.be.closeTo(4.995, 1e-9);
    expect(slow.lag(0)).to.be.closeTo(slow.lag(4.88), 1e-9);
  });
});
