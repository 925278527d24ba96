import { expect } from 'chai';
import { Random } from '../../../src/math/random.js';
import {
  accelerationRow,
  accelerationTime,
  integrate,
  integrateTransposed,
  jerkTime,
  positionRow,
  positionTime,
  rowCount,
  stages,
  stageTime,
  velocityRow,
} from '../../../src/planning/mpc/joint-chain.js';

describe('joint chain', () => {
  it('integrates constant jerk exactly', () => {
    // SI, velocity limit 3 rad/s.
    const [limit, q, v, a, jerk] = [3, 0.4, -0.7, 2, 25];
    const rows = new Float64Array(rowCount);
    const u = new Float64Array(stages).fill((jerk * accelerationTime * jerkTime) / limit);
    integrate(u, 0, q / (limit * positionTime), v / limit, (a * accelerationTime) / limit, rows, 0);
    for (let k = 0; k < stages; k++) {
      const t = (k + 1) * stageTime;
      expect((rows[accelerationRow + k] * limit) / accelerationTime).to.be.closeTo(a + jerk * t, 1e-9);
      expect(rows[velocityRow + k] * limit).to.be.closeTo(v + a * t + (jerk * t * t) / 2, 1e-9);
      const position = q + v * t + (a * t * t) / 2 + (jerk * t ** 3) / 6;
      expect(rows[positionRow + k] * limit * positionTime).to.be.closeTo(position, 1e-9);
    }
  });

  it('has its transpose: ⟨C·u, w⟩ = ⟨u, Cᵀ·w⟩', () => {
    const random = new Random(1);
    const u = Float64Array.from({ length: stages }, () => random.normal());
    const w = Float64Array.from({ length: rowCount }, () => random.normal());
    const rows = new Float64Array(rowCount);
    const back = new Float64Array(stages);
    integrate(u, 0, 0, 0, 0, rows, 0);
    integrateTransposed(w, 0, back, 0);
    const product = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
    expect(product(rows, w)).to.be.closeTo(product(u, back), 1e-9);
  });
});
