import { expect } from 'chai';
import { PlanningClock } from '../../src/planning/planning-clock.js';

/** A wall clock's reading, s: its last digits are coarse. */
const NOW = 1_795_450_296.123_456_7;

describe('PlanningClock', () => {
  it('goes on by whole periods, whatever the jitter', () => {
    const clock = new PlanningClock(0.01);
    clock.start(NOW);
    for (const [elapsed, time] of [
      [0.0096, 0.01],
      [0.0204, 0.02],
      [0.0309, 0.03],
      [0.06, 0.06],
    ] as const) {
      expect(clock.tick(NOW + elapsed)).to.equal(false);
      expect(clock.time).to.equal(time);
      expect(clock.origin).to.equal(NOW);
    }
  });

  it('never goes back', () => {
    const clock = new PlanningClock(0.01);
    clock.start(NOW);
    clock.tick(NOW + 0.05);
    expect(clock.tick(NOW + 0.02)).to.equal(false);
    expect(clock.time).to.equal(0.05);
  });

  for (const jump of [-3600, 3600]) {
    it(`takes one step when the wall clock is set by ${jump} s`, () => {
      const clock = new PlanningClock(0.01);
      clock.start(NOW);
      clock.tick(NOW + 0.05);
      expect(clock.tick(NOW + jump)).to.equal(true);
      expect(clock.time).to.equal(0.06);
      expect(clock.origin + clock.time).to.be.closeTo(NOW + jump, 1e-6);
      expect(clock.tick(NOW + jump + 0.01)).to.equal(false);
      expect(clock.time).to.equal(0.07);
    });
  }
});
