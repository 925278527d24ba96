import type { LowState } from './low-state.js';
import { MOTORS } from './motors.js';
import { RobotFault } from './robot-fault.js';
import type { SupplyLimits } from './supply-limits.js';

/**
 * Watches the motors' supply: a fault is what has lasted for longer than the persistence, at any of the motors.
 * Real-time safe.
 */
export class SupplyWatch {
  readonly #limits: SupplyLimits;
  /** Since when a motor has been below, and above, s; NaN: none is. */
  #lowFrom = Number.NaN;
  #highFrom = Number.NaN;

  constructor(limits: SupplyLimits) {
    this.#limits = limits;
  }

  /** @param now s @returns supplyLow and supplyHigh of RobotFault, as far as they are present */
  update(state: LowState, now: number): number {
    const { lowest, highest, persistence } = this.#limits;
    let low = false;
    let high = false;
    for (let i = 0; i < MOTORS.length; i++) {
      const voltage = state.voltage(i);
      // No number is no supply.
      if (!(voltage >= lowest.stop)) low = true;
      if (voltage > highest.stop) high = true;
    }
    if (!low) this.#lowFrom = Number.NaN;
    else if (Number.isNaN(this.#lowFrom)) this.#lowFrom = now;
    if (!high) this.#highFrom = Number.NaN;
    else if (Number.isNaN(this.#highFrom)) this.#highFrom = now;
    return (
      (now - this.#lowFrom >= persistence ? RobotFault.supplyLow : 0) |
      (now - this.#highFrom >= persistence ? RobotFault.supplyHigh : 0)
    );
  }
}
