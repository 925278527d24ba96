import { expect } from 'chai';
import { PeriodicTimer } from '../../src/ros/periodic-timer.js';

describe('PeriodicTimer', () => {
  it('keeps its rate over many periods', async () => {
    const begin = performance.now();
    const calls = await new Promise<number>((resolve) => {
      let count = 0;
      const timer = new PeriodicTimer(0.0025, () => {
        count++;
        if (count + timer.missed < 100) return;
        timer.stop();
        resolve(count + timer.missed);
      });
    });
    expect((performance.now() - begin) / calls).to.be.at.least(2.4);
  });

  it('leaves out what it missed', async () => {
    let calls = 0;
    const timer = new PeriodicTimer(0.005, () => calls++);
    const end = performance.now() + 50;
    while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 1));
    timer.stop();
    expect(calls).to.equal(1);
    expect(timer.missed).to.be.at.least(7);
  });

  it('does not call after it was stopped, from within or from outside', async () => {
    let calls = 0;
    const timer: PeriodicTimer = new PeriodicTimer(0.002, () => {
      calls++;
      timer.stop();
    });
    const other = new PeriodicTimer(0.002, () => calls++);
    other.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).to.equal(1);
  });

  it('refuses a period that is none', () => {
    expect(() => new PeriodicTimer(0, () => {})).to.throw(/0 s, must be positive/);
  });
});
