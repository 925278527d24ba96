import { expect } from 'chai';
import { Random } from '../../../src/math/random.js';
import { Block } from '../../../src/planning/mpc/block.js';
import { CouplingRows } from '../../../src/planning/mpc/coupling-rows.js';
import { HorizonProblem, usedShare } from '../../../src/planning/mpc/horizon-problem.js';
import { HorizonSolver, realTime } from '../../../src/planning/mpc/horizon-solver.js';
import { positionRow, rowCount, stages, velocityRow } from '../../../src/planning/mpc/joint-chain.js';
import { solveDense } from './reference-solver.js';

const exact = { tolerance: 1e-9, iterations: 20_000, budget: Number.POSITIVE_INFINITY };

/** Targets of all joints, constant over the horizon, as a quadratic cost with Q = 1. */
function aim(problem: HorizonProblem, targets: readonly number[]): void {
  targets.forEach((target, j) => {
    problem.adopt(j);
    for (let k = 0; k < stages; k++) {
      problem.tracking[2 * stages * j + k] = problem.nominalRows[rowCount * j + velocityRow + k];
      problem.tracking[2 * stages * j + stages + k] = problem.nominalRows[rowCount * j + positionRow + k] - target;
    }
  });
}

/** A cycle later. */
function shift(problem: HorizonProblem, blocks: readonly Block[]): void {
  for (let j = 0; j < problem.joints; j++) {
    problem.state.set(
      [60, 40, 20].map((row) => problem.rows[rowCount * j + row]),
      3 * j,
    );
    for (let k = 0; k < stages; k++) problem.nominal[stages * j + k] = k < 19 ? problem.jerk[stages * j + k + 1] : 0;
    problem.adopt(j);
  }
  for (const block of blocks) block.shift();
}

const single = (problem: HorizonProblem) =>
  Array.from({ length: problem.joints }, (_, j) => new Block(problem, Int32Array.of(j)));

describe('HorizonSolver', () => {
  it('finds the optimum of a joint for targets near and far', () => {
    for (const [target, upper] of [
      [0.05, 9],
      [0.4, 9],
      [2, 9],
      [4, 9],
      [1, 0.5],
    ]) {
      const problem = new HorizonProblem(1);
      problem.upper[0] = upper;
      aim(problem, [target]);
      new HorizonSolver(problem, exact).solve(single(problem), 1);
      const high = new Float64Array(rowCount).fill(usedShare).fill(upper, positionRow);
      const low = new Float64Array(rowCount).fill(-usedShare).fill(Number.NEGATIVE_INFINITY, positionRow);
      const expected = solveDense(
        {
          joints: 1,
          coupling: [[1]],
          free: new Float64Array(rowCount),
          target: new Float64Array(2 * stages).fill(target, stages),
          low,
          high,
        },
        6000,
      );
      for (let k = 0; k < stages; k++) expect(problem.jerk[k], `${target}, ${k}`).to.be.closeTo(expected[k], 5e-3);
    }
  });

  it('finds the optimum of joints that the cost couples', () => {
    const random = new Random(1);
    for (let trial = 0; trial < 2; trial++) {
      const joints = 2;
      const problem = new HorizonProblem(joints);
      const block = new Block(problem, Int32Array.of(0, 1));
      // Q = FᵀF + 0.1
      const f = Array.from({ length: joints }, () => Array.from({ length: joints }, () => random.normal()));
      const coupling = f.map((_, i) =>
        f.map((__, k) => f.reduce((sum, row) => sum + row[i] * row[k], i === k ? 0.1 : 0)),
      );
      block.coupling.set(coupling.flat());
      const targets = Array.from({ length: joints }, () => random.uniform(-1, 1));
      for (let j = 0; j < joints; j++) problem.adopt(j);
      for (let j = 0; j < joints; j++) {
        const pull = coupling[j].reduce((sum, q, k) => sum - q * targets[k], 0);
        problem.tracking.fill(pull, 2 * stages * j + stages, 2 * stages * (j + 1));
      }
      new HorizonSolver(problem, exact).solve([block], 1);
      const target = new Float64Array(2 * stages * joints);
      targets.forEach((value, j) => {
        target.fill(value, 2 * stages * j + stages, 2 * stages * (j + 1));
      });
      const limits = (sign: number) =>
        Float64Array.from(
          { length: joints * rowCount },
          (_, i) => sign * (i % rowCount < positionRow ? usedShare : 1e9),
        );
      const free = new Float64Array(rowCount * joints);
      const expected = solveDense({ joints, coupling, free, target, low: limits(-1), high: limits(1) }, 4000);
      expected.forEach((jerk, i) => {
        expect(problem.jerk[i]).to.be.closeTo(jerk, 5e-3);
      });
    }
  });

  it('keeps every limit and ends at rest, in real-time steps, whatever is wanted', () => {
    const random = new Random(2);
    const problem = new HorizonProblem(6);
    problem.lower.fill(-3);
    problem.upper.fill(2);
    const blocks = single(problem);
    const solver = new HorizonSolver(problem);
    for (let cycle = 0; cycle < 200; cycle++) {
      const reach = cycle % 40 < 20 ? 0.5 : 40;
      aim(
        problem,
        Array.from({ length: 6 }, () => random.uniform(-reach, reach)),
      );
      const report = solver.solve(blocks, 6);
      expect(report.iterations).to.be.at.most(Math.min(6 * realTime.iterations, realTime.budget));
      expect(report.violation).to.be.below(1e-9);
      expect(report.infeasible).to.equal(0);
      for (let j = 0; j < 6; j++) {
        expect(Math.abs(problem.rows[rowCount * j + 39])).to.be.below(1e-9);
        expect(Math.abs(problem.rows[rowCount * j + 59])).to.be.below(1e-9);
      }
      shift(problem, blocks);
    }
  });

  it('reaches a target and stays there, without overshoot', () => {
    const problem = new HorizonProblem(2);
    const blocks = single(problem);
    const solver = new HorizonSolver(problem);
    let most = 0;
    for (let cycle = 0; cycle < 100; cycle++) {
      aim(problem, [0.2, -3]);
      solver.solve(blocks, 2);
      shift(problem, blocks);
      most = Math.max(most, problem.state[0]);
    }
    expect(problem.state[0]).to.be.closeTo(0.2, 1e-3);
    expect(problem.state[3]).to.be.closeTo(-3, 1e-3);
    expect(most).to.be.below(0.21);
  });

  it('breaks limits as little as possible, and says so, where the start lies beyond them', () => {
    const problem = new HorizonProblem(2);
    problem.upper.fill(1);
    problem.state.set([1.5, 0, 0, 0, 0, 0]);
    const blocks = single(problem);
    const solver = new HorizonSolver(problem, { ...exact, tolerance: 1e-4, iterations: 500 });
    for (let cycle = 0; cycle < 60; cycle++) {
      const before = Math.max(0, problem.state[0] - 1);
      aim(problem, [3, 0]);
      const report = solver.solve(blocks, 2);
      if (cycle === 0) {
        expect(report.infeasible).to.equal(1);
        expect(report.violation).to.be.above(0.3);
      }
      expect(problem.jerk.every(Number.isFinite)).to.equal(true);
      shift(problem, blocks);
      // It goes back, though its target is still farther out.
      expect(problem.state[0] - 1).to.be.at.most(Math.max(before, 1e-3));
    }
    expect(problem.state[0]).to.be.below(1.02);
    expect(problem.state[3]).to.equal(0);
  });

  it('goes on with the plan there is where numbers are not finite', () => {
    const problem = new HorizonProblem(1);
    const blocks = single(problem);
    const solver = new HorizonSolver(problem);
    aim(problem, [0.5]);
    solver.solve(blocks, 1);
    shift(problem, blocks);
    const nominal = problem.nominal.slice();
    problem.tracking[stages + 3] = Number.NaN;
    solver.solve(blocks, 1);
    expect(problem.jerk).to.deep.equal(nominal);
    for (let cycle = 0; cycle < 60; cycle++) {
      aim(problem, [0.5]);
      solver.solve(blocks, 1);
      shift(problem, blocks);
    }
    expect(problem.state[0]).to.be.closeTo(0.5, 1e-3);
  });

  it('gives way to a row that joints share, as stiffly as it weighs', () => {
    const problem = new HorizonProblem(2);
    const blocks = single(problem);
    const rows = new CouplingRows(2, 4);
    aim(problem, [0.5, 0.5]);
    // P₀ + P₁ ≤ 0.4 at the end of stages 9 and 19.
    for (const stage of [9, 19]) {
      const row = rows.add(stage, 0.4);
      rows.coefficients.set([-1, -1], row * 2);
    }
    const solver = new HorizonSolver(problem, { ...exact, tolerance: 1e-7, iterations: 5000 });
    solver.solve(blocks, 2, rows);
    expect(rows.active).to.equal(true);
    for (const stage of [9, 19]) {
      const sum = problem.rows[positionRow + stage] + problem.rows[rowCount + positionRow + stage];
      expect(sum).to.be.within(0.3, 0.6);
    }
    expect(problem.rows[positionRow + 9]).to.be.closeTo(problem.rows[rowCount + positionRow + 9], 1e-4);
    // Without the row both would be nearly there.
    rows.count = 0;
    rows.active = false;
    solver.solve(blocks, 2, rows);
    expect(rows.active).to.equal(false);
    expect(problem.rows[positionRow + 9]).to.be.above(0.45);
  });
});
