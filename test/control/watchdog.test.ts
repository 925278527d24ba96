import { expect } from 'chai';
import { CycleWatchdog, WATCHDOG_DEFAULTS } from '../../src/control/watchdog.js';

const PERIOD = 0.001;

describe('CycleWatchdog', () => {
  const make = () => new CycleWatchdog(WATCHDOG_DEFAULTS, PERIOD);

  it('does not mind single missed cycles', () => {
    const watchdog = make();
    for (let k = 0; k < 100; k++) watchdog.observe(k * PERIOD, k % 2 === 0 ? 3 * PERIOD : PERIOD);
    expect([watchdog.stalled, watchdog.scale(0.1)]).to.deep.equal([false, 1]);
  });

  it('slows down at three missed in a row, at once or one by one, and for a while', () => {
    const watchdog = make();
    watchdog.observe(1, 3 * PERIOD);
    expect(watchdog.scale(1)).to.equal(1);
    watchdog.observe(1.002, 2 * PERIOD);
    expect(watchdog.scale(1.002)).to.equal(0.3);
    watchdog.observe(1.003, PERIOD);
    expect(watchdog.scale(2)).to.equal(0.3);
    expect(watchdog.scale(2.1)).to.equal(1);
  });

  it('is stalled when no cycle was on time for 20 ms, until one is', () => {
    const watchdog = make();
    watchdog.observe(1, 19 * PERIOD);
    expect(watchdog.stalled).to.equal(false);
    watchdog.observe(1.002, 2 * PERIOD);
    expect(watchdog.stalled).to.equal(true);
    watchdog.observe(1.003, PERIOD);
    expect(watchdog.stalled).to.equal(false);
    watchdog.observe(1.2, 0.2);
    expect(watchdog.stalled).to.equal(true);
  });
});
