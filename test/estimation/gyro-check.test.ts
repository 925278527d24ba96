import { expect } from 'chai';
import { GyroCheck } from '../../src/estimation/gyro-check.js';
import { Random } from '../../src/math/random.js';

/** Noise of gyro and of the legs' angular velocity, rad/s, in a cycle, s. */
const NOISE = { gyro: 0.0076, legs: 0.025 } as const;
const CYCLE = 0.001;

describe('GyroCheck', () => {
  const gyro = new Float64Array(3);
  const legs = new Float64Array(3);

  /** Cycles in succession. @returns the first of them after which the gyro counts as biased, or −1 */
  function run(
    check: GyroCheck,
    random: Random,
    cycles: number,
    given: { rate?: (k: number) => number; bias?: (k: number) => number; firm?: boolean } = {},
  ): number {
    let first = -1;
    for (let k = 0; k < cycles; k++) {
      for (let axis = 0; axis < 3; axis++) {
        const rate = axis === 1 ? (given.rate?.(k) ?? 0) : 0;
        gyro[axis] = rate + random.normal(0, NOISE.gyro) + (axis === 1 ? (given.bias?.(k) ?? 0) : 0);
        legs[axis] = rate + random.normal(0, NOISE.legs);
      }
      check.update(gyro, legs, given.firm ?? true, CYCLE);
      if (check.biased && first < 0) first = k;
    }
    return first;
  }

  it('trusts a gyro that agrees with the legs, at rest and in a hard push', () => {
    const check = new GyroCheck();
    const random = new Random(1);
    expect(run(check, random, 20_000)).to.equal(-1);
    // 30 rad/s² for 20 ms, and back.
    const push = (k: number) => 0.03 * Math.min(k % 2000, 20) * Math.exp(-(k % 2000) / 200);
    expect(run(check, random, 20_000, { rate: push })).to.equal(-1);
  });

  it('declares a step that the legs have not seen, the larger the sooner', () => {
    for (const [bias, latest] of [
      [0.12, 8],
      [-0.2, 2],
      [0.5, 1],
    ]) {
      for (let seed = 1; seed <= 10; seed++) {
        const check = new GyroCheck();
        const random = new Random(seed);
        run(check, random, 1000);
        expect(run(check, random, 20, { bias: () => bias }), `${bias} rad/s`).to.be.within(0, latest);
      }
    }
  });

  it('declares what grows slowly on average', () => {
    const check = new GyroCheck();
    const random = new Random(2);
    run(check, random, 1000);
    expect(run(check, random, 2000, { bias: (k) => Math.min(0.1, k * 1e-4) })).to.be.within(500, 1500);
    expect(check.difference[1]).to.be.closeTo(0.1, 0.02);
  });

  it('says nothing by soles that rock, and keeps to what it has said', () => {
    const check = new GyroCheck();
    const random = new Random(3);
    expect(run(check, random, 1000, { bias: (k) => (k > 500 ? 0.5 : 0), firm: false })).to.equal(-1);
    check.reset();
    run(check, random, 1000);
    run(check, random, 100, { bias: () => 0.3 });
    run(check, random, 5000, { firm: false });
    expect(check.biased).to.equal(true);
  });

  it('trusts again once gyro and legs agree', () => {
    const check = new GyroCheck();
    const random = new Random(4);
    run(check, random, 1000);
    run(check, random, 1000, { bias: () => 0.3 });
    expect(check.biased).to.equal(true);
    run(check, random, 3000);
    expect(check.biased).to.equal(false);
  });

  it('takes no step from what it has not seen', () => {
    const check = new GyroCheck();
    const random = new Random(5);
    run(check, random, 1000);
    check.forget();
    expect(run(check, random, 100, { rate: () => 0.4 })).to.equal(-1);
  });
});
