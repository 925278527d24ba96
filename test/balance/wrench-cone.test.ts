import { expect } from 'chai';
import { CONE_ROWS, writeWrenchCone } from '../../src/balance/wrench-cone.js';
import { Random } from '../../src/math/random.js';

describe('writeWrenchCone', () => {
  const [x, y] = [0.12, 0.04];
  const friction = 0.6;
  const rows = new Float64Array(CONE_ROWS * 6);
  writeWrenchCone([x, y], friction, rows, 0, 0, 6);
  const least = (wrench: readonly number[]) => {
    let smallest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < CONE_ROWS; i++) {
      const value = wrench.reduce((sum, w, k) => sum + w * rows[i * 6 + k], 0);
      smallest = Math.min(smallest, value);
    }
    return smallest;
  };

  it('holds for every sum of forces at the corners that keep the friction', () => {
    const random = new Random(5);
    for (let trial = 0; trial < 500; trial++) {
      const wrench = [0, 0, 0, 0, 0, 0];
      for (const [px, py] of [
        [x, y],
        [x, -y],
        [-x, y],
        [-x, -y],
      ]) {
        const fz = random.uniform(0, 1) < 0.4 ? 0 : random.uniform(0, 200);
        const [fx, fy] = [random.uniform(-1, 1) * friction * fz, random.uniform(-1, 1) * friction * fz];
        const wrenchOfCorner = [fx, fy, fz, py * fz, -px * fz, px * fy - py * fx];
        wrenchOfCorner.forEach((value, k) => {
          wrench[k] += value;
        });
      }
      expect(least(wrench)).to.be.above(-1e-9);
    }
  });

  it('forbids pulling, slipping, tipping and turning', () => {
    expect(least([0, 0, 100, 0, 0, 0])).to.be.at.least(0);
    expect(least([0, 0, -1, 0, 0, 0])).to.be.below(0);
    expect(least([61, 0, 100, 0, 0, 0])).to.be.below(0);
    expect(least([0, -61, 100, 0, 0, 0])).to.be.below(0);
    expect(least([0, 0, 100, 4.1, 0, 0])).to.be.below(0);
    expect(least([0, 0, 100, 0, -12.1, 0])).to.be.below(0);
    expect(least([0, 0, 100, 0, 0, 9.5])).to.be.at.least(0);
    expect(least([0, 0, 100, 0, 0, 9.7])).to.be.below(0);
    // On its toes the sole turns more easily.
    expect(least([0, 0, 100, 0, -12, 3])).to.be.below(0);
  });
});
