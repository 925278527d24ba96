import { expect } from 'chai';
import { LowState } from '../../../src/control/unitree-h2/low-state.js';
import { MOTORS } from '../../../src/control/unitree-h2/motors.js';
import { RobotFault } from '../../../src/control/unitree-h2/robot-fault.js';
import { SupplyWatch } from '../../../src/control/unitree-h2/supply-watch.js';

const LIMITS = { lowest: { warn: 59, stop: 54 }, highest: { warn: 77, stop: 79 }, persistence: 0.1 };

describe('SupplyWatch', () => {
  const state = new LowState();
  let watch: SupplyWatch;

  beforeEach(() => {
    watch = new SupplyWatch(LIMITS);
    supply(65);
  });

  function supply(voltage: number, motors = MOTORS.map((_, i) => i)): void {
    for (const i of motors) state.setHealth(i, 40, voltage, 0);
  }

  /** The faults at each hundredth of a second up to `until`. */
  const faults = (from: number, until: number) =>
    Array.from({ length: Math.round(100 * (until - from)) + 1 }, (_, k) => watch.update(state, from + k / 100));

  it('is content between the limits, the warnings included', () => {
    for (const voltage of [54, 58, 65, 78, 79]) {
      supply(voltage);
      expect(
        faults(0, 0.5).every((mask) => mask === 0),
        `${voltage} V`,
      ).to.equal(true);
    }
  });

  it('takes one motor for a fault after the persistence, and no longer than it lasts', () => {
    faults(1, 1.2);
    supply(53.9, [17]);
    const seen = faults(1.21, 1.4);
    expect(seen.indexOf(RobotFault.supplyLow)).to.be.within(9, 11);
    supply(65, [17]);
    expect(watch.update(state, 1.41)).to.equal(0);
    supply(79.1, [3]);
    expect(faults(1.42, 1.6).at(-1)).to.equal(RobotFault.supplyHigh);
  });

  it('forgets a sag that is over', () => {
    for (let k = 0; k < 5; k++) {
      supply(40);
      expect(faults(k, k + 0.08).every((mask) => mask === 0)).to.equal(true);
      supply(65);
      watch.update(state, k + 0.09);
    }
  });

  it('takes what is no number for no supply', () => {
    supply(Number.NaN, [0]);
    expect(faults(0, 0.2).at(-1)).to.equal(RobotFault.supplyLow);
  });
});
