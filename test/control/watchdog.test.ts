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

  it('is stalled when there was no cycle for 20 ms; cycles that are late one after the other only slow down', () => {
    const watchdog = make();
    for (let k = 1; k <= 50; k++) {
      watchdog.observe(1 + 0.002 * k, 2 * PERIOD);
      expect(watchdog.stalled).to.equal(false);
    }
    expect(watchdog.scale(1.1)).to.equal(0.3);
    watchdog.observe(1.119, 19 * PERIOD);
    expect(watchdog.stalled).to.equal(false);
    watchdog.observe(1.139, 20 * PERIOD);
    expect(watchdog.stalled).to.equal(true);
    watchdog.observe(1.14, PERIOD);
    expect(watchdog.stalled).to.equal(false);
  });
});
