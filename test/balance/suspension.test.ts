import { expect } from 'chai';
import { HoistRequest, Suspension, SuspensionPhase } from '../../src/balance/suspension.js';
import { createRobotState } from '../../src/control/hardware.js';
import type { Hoist } from '../../src/control/hoist.js';

const MASS = 77;
const WEIGHT = MASS * 9.81;
const STEP = 0.001;
/** What straps and legs bear, N/m: the legs carry the weight while nothing is drawn in. */
const STIFFNESS = 40_000;

/** Weight on springs: what the straps bear grows with what is drawn in, and the soles bear the rest. */
class Spring implements Hoist {
  drawn = 0;
  attached = false;
  fastest = 0;

  get load(): number {
    return this.attached ? Math.min(WEIGHT, Math.max(0, this.drawn * STIFFNESS)) : 0;
  }

  attach(): void {
    this.attached = true;
    this.drawn = 0;
  }

  detach(): void {
    this.attached = false;
    this.drawn = 0;
  }

  draw(length: number): void {
    this.drawn += length;
    this.fastest = Math.max(this.fastest, Math.abs(length) / STEP);
  }
}

describe('Suspension', () => {
  const state = createRobotState(1);
  let hoist: Spring;
  let suspension: Suspension;
  let time: number;

  beforeEach(() => {
    hoist = new Spring();
    suspension = new Suspension(hoist, MASS);
    suspension.start();
    time = 0;
    run(HoistRequest.hold, 1);
  });

  /** Asks for something for a time, s. @returns the phases passed through */
  function run(request: HoistRequest | undefined, duration: number): SuspensionPhase[] {
    const phases: SuspensionPhase[] = [];
    for (const end = time + duration; time < end; time += STEP) {
      const soles = WEIGHT - hoist.load;
      state.leftFootWrench[2] = soles / 2;
      state.rightFootWrench[2] = soles / 2;
      if (request !== undefined) suspension.ask(request, time);
      suspension.update(time, state, STEP);
      if (phases.at(-1) !== suspension.phase) phases.push(suspension.phase);
    }
    return phases;
  }

  const { standing, between, hanging } = SuspensionPhase;

  it('lifts until the soles are clear of the floor, and sets down until the straps are slack', () => {
    expect(suspension.share).to.equal(1);
    expect(run(HoistRequest.hang, 10)).to.deep.equal([between, hanging]);
    expect(suspension.share).to.equal(0);
    expect(suspension.load).to.be.closeTo(WEIGHT, 1);
    expect(hoist.drawn).to.be.within(0.05, 0.12);
    expect(hoist.fastest).to.be.at.most(0.04 + 1e-9);
    expect(run(HoistRequest.stand, 10)).to.deep.equal([hanging, between, standing]);
    expect(suspension.share).to.equal(1);
    expect(hoist.attached).to.equal(false);
  });

  it('hands balance over while it stands still, with the straps taut', () => {
    while (suspension.share === 1) run(HoistRequest.hang, STEP);
    expect(suspension.load).to.be.at.least(0.05 * WEIGHT);
    run(HoistRequest.hang, 0.6);
    const { drawn } = hoist;
    run(HoistRequest.hang, 0.5);
    expect(suspension.share).to.be.within(0.1, 0.5);
    expect(hoist.drawn).to.equal(drawn);
  });

  it('holds wherever it is told to, and where nobody asks any more, and goes on from there', () => {
    for (const request of [HoistRequest.hold, undefined]) {
      for (const after of [0.4, 2, 4]) {
        run(HoistRequest.hang, after);
        run(request, 1.5);
        const [share, drawn] = [suspension.share, hoist.drawn];
        run(request, 2);
        expect(suspension.share, `${after} s`).to.equal(share);
        expect(hoist.drawn, `${after} s`).to.equal(drawn);
        expect(run(HoistRequest.stand, 10).at(-1)).to.equal(standing);
      }
    }
  });

  it('moves the straps no further than 0.3 m, whatever the soles say', () => {
    Object.defineProperty(hoist, 'load', { get: () => WEIGHT });
    for (let k = 0; k < 20_000; k++) {
      state.leftFootWrench[2] = state.rightFootWrench[2] = WEIGHT / 2;
      suspension.ask(HoistRequest.hang, time);
      suspension.update(time, state, STEP);
      time += STEP;
    }
    expect(hoist.drawn).to.be.within(0.25, 0.3);
    expect(suspension.phase).to.equal(between);
  });
});
