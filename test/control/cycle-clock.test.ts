import { expect } from 'chai';
import { CycleClock } from '../../src/control/cycle-clock.js';

describe('CycleClock', () => {
  it('keeps to its grid without drift', () => {
    const clock = new CycleClock(0.001, 10);
    for (let k = 1; k <= 100_000; k++) {
      expect(clock.advance(clock.deadline + 0.0004)).to.equal(0);
    }
    expect(clock.deadline).to.be.closeTo(110, 1e-9);
  });

  it('runs a cycle that is late by less than a period at once', () => {
    const clock = new CycleClock(1, 0);
    expect(clock.advance(1.5)).to.equal(0);
    expect(clock.deadline).to.equal(1);
  });

  it('skips and counts whole periods, and never runs a burst', () => {
    const clock = new CycleClock(1, 0);
    expect(clock.advance(4.5)).to.equal(3);
    expect(clock.deadline).to.equal(4);
    expect(clock.missed).to.equal(3);
    expect(clock.advance(4.7)).to.equal(0);
    expect(clock.deadline).to.equal(5);
  });
});
