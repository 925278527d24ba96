import { expect } from 'chai';
import { ProgressClock } from '../../src/planning/progress-clock.js';

const period = 0.01;
const options = { stopTime: 0.25, resumeTime: 1 };

describe('ProgressClock', () => {
  let clock: ProgressClock;
  beforeEach(() => {
    clock = new ProgressClock(period, 20, options);
    clock.start(5);
  });

  const run = (cycles: number) => {
    for (let i = 0; i < cycles; i++) clock.shift();
  };

  it('is the time itself at full speed', () => {
    run(1000);
    for (let k = 0; k < 20; k++) expect(clock.at(k)).to.be.closeTo(15 + k * period, 1e-9);
    expect(clock.step(3)).to.equal(period);
    expect(clock.progress(12.345)).to.equal(12.345);
    expect(clock.progress(-1)).to.equal(-1);
  });

  it('comes to a standstill in the stop time, and to full speed again in the resume time', () => {
    clock.setTarget(0);
    // Points 0 and 1 are committed.
    expect(clock.step(1)).to.equal(period);
    expect(clock.step(2)).to.be.closeTo(period * (1 - 0.02), 1e-12);
    run(26);
    expect(clock.scale).to.be.closeTo(0, 1e-9);
    // At constant deceleration the path goes on for half of what full speed would have covered.
    const stood = clock.at(0);
    expect(stood).to.be.closeTo(5 + 0.01 + options.stopTime / 2, 1e-9);
    run(100);
    expect(clock.at(0)).to.be.closeTo(stood, 1e-9);
    clock.setTarget(1);
    run(101);
    expect(clock.scale).to.be.closeTo(1, 1e-9);
    expect(clock.at(0)).to.be.closeTo(stood + options.resumeTime / 2, 1e-9);
  });

  it('foresees what it then does', () => {
    clock.setTarget(0.3);
    const foreseen = Array.from({ length: 20 }, (_, k) => clock.at(k));
    for (let k = 0; k < 20; k++) {
      expect(clock.at(0)).to.be.closeTo(foreseen[k], 1e-12);
      run(1);
    }
  });

  it('knows the time along the path at times past and to come', () => {
    clock.setTarget(0.5);
    const at = new Map<number, number>();
    for (let cycle = 0; cycle < 300; cycle++) {
      at.set(cycle, clock.at(0));
      run(1);
    }
    for (const [cycle, expected] of at) expect(clock.progress(5 + cycle * period)).to.be.closeTo(expected, 1e-9);
    const [a, b] = [at.get(200)!, at.get(201)!];
    expect(clock.progress(5 + 200.25 * period)).to.be.closeTo(a + (b - a) / 4, 1e-9);
    expect(clock.progress(8 + 3 * period)).to.be.closeTo(clock.at(3), 1e-9);
  });

  it('limits what is asked for to 0…1, and says whether anything changes', () => {
    expect(clock.setTarget(2)).to.equal(false);
    expect(clock.setTarget(-1)).to.equal(true);
    expect(clock.setTarget(0)).to.equal(false);
    expect(clock.setTarget(Number.NaN)).to.equal(false);
    run(100);
    expect(clock.scale).to.equal(0);
  });

  it('starts anew at the scale that is asked for', () => {
    clock.setTarget(0.5);
    run(100);
    clock.start(20);
    expect([clock.scale, clock.at(0), clock.step(1)]).to.deep.equal([0.5, 20, 0.005]);
  });
});
