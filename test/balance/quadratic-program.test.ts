import { expect } from 'chai';
import { QpStatus, QuadraticProgram } from '../../src/balance/quadratic-program.js';
import { Random } from '../../src/math/random.js';

const N = 15;
const M = 52;

/** A random strictly convex problem with a point that satisfies its constraints. */
function fill(qp: QuadraticProgram, random: Random): void {
  const root = Float64Array.from({ length: N * N }, () => random.normal(0, 1));
  for (let i = 0; i < N; i++) {
    for (let k = 0; k < N; k++) {
      let sum = i === k ? 0.01 : 0;
      for (let p = 0; p < N; p++) sum += root[i * N + p] * root[k * N + p];
      qp.hessian[i * N + k] = sum;
    }
    qp.gradient[i] = random.normal(0, 10);
  }
  const inside = Float64Array.from({ length: N }, () => random.normal(0, 1));
  for (let i = 0; i < M; i++) {
    let value = 0;
    for (let k = 0; k < N; k++) {
      qp.matrix[i * N + k] = random.normal(0, 1);
      value += qp.matrix[i * N + k] * inside[k];
    }
    qp.lower[i] = random.uniform(0, 1) < 0.2 ? Number.NEGATIVE_INFINITY : value - random.uniform(0, 1);
    qp.upper[i] = random.uniform(0, 1) < 0.2 ? Number.POSITIVE_INFINITY : value + random.uniform(0, 1);
  }
}

/** Largest violation of the Karush-Kuhn-Tucker conditions, which are sufficient where the problem is convex. */
function kktError(qp: QuadraticProgram): number {
  const { solution: x, multipliers } = qp;
  let worst = 0;
  for (let i = 0; i < N; i++) {
    let stationary = qp.gradient[i];
    for (let k = 0; k < N; k++) stationary += qp.hessian[i * N + k] * x[k];
    for (let c = 0; c < M; c++) stationary -= multipliers[c] * qp.matrix[c * N + i];
    worst = Math.max(worst, Math.abs(stationary));
  }
  for (let c = 0; c < M; c++) {
    let value = 0;
    for (let k = 0; k < N; k++) value += qp.matrix[c * N + k] * x[k];
    worst = Math.max(worst, qp.lower[c] - value, value - qp.upper[c]);
    if (multipliers[c] > 0) worst = Math.max(worst, Math.abs(value - qp.lower[c]));
    if (multipliers[c] < 0) worst = Math.max(worst, Math.abs(value - qp.upper[c]));
  }
  return worst;
}

describe('QuadraticProgram', () => {
  it('finds the point that satisfies the Karush-Kuhn-Tucker conditions', () => {
    const qp = new QuadraticProgram(N, M);
    const random = new Random(1);
    let most = 0;
    for (let trial = 0; trial < 100; trial++) {
      fill(qp, random);
      expect(qp.solve(500), `trial ${trial}`).to.equal(QpStatus.solved);
      expect(kktError(qp), `trial ${trial}`).to.be.below(1e-6);
      most = Math.max(most, qp.iterations);
    }
    expect(most).to.be.above(10);
  });

  it('takes no iteration where no constraint binds', () => {
    const qp = new QuadraticProgram(2, 1);
    qp.hessian.set([2, 0, 0, 4]);
    qp.gradient.set([-2, -4]);
    qp.matrix.set([1, 1]);
    qp.upper[0] = 10;
    expect(qp.solve(1)).to.equal(QpStatus.solved);
    for (const x of qp.solution) expect(x).to.be.closeTo(1, 1e-12);
    expect(qp.iterations).to.equal(0);
  });

  it('says when there is no solution, when iterations run out, and when the problem is no strictly convex one', () => {
    const qp = new QuadraticProgram(1, 2);
    qp.hessian[0] = 1;
    qp.matrix.set([1, 1]);
    qp.lower.set([2, Number.NEGATIVE_INFINITY]);
    qp.upper.set([Number.POSITIVE_INFINITY, 1]);
    expect(qp.solve(50)).to.equal(QpStatus.infeasible);
    qp.upper[1] = 3;
    expect(qp.solve(0)).to.equal(QpStatus.iterationLimit);
    expect(qp.solve(50)).to.equal(QpStatus.solved);
    expect(qp.solution[0]).to.be.closeTo(2, 1e-12);
    expect(qp.multipliers[0]).to.be.closeTo(2, 1e-12);
    qp.gradient[0] = Number.NaN;
    expect(qp.solve(50)).to.equal(QpStatus.illPosed);
    qp.gradient[0] = 0;
    qp.hessian[0] = 0;
    expect(qp.solve(50)).to.equal(QpStatus.illPosed);
  });
});
