import type { Block } from './block.js';
import type { CouplingRows } from './coupling-rows.js';
import type { HorizonProblem } from './horizon-problem.js';
import { integrate, positionRow, rowCount, stages, stateSize } from './joint-chain.js';

/** How exactly, and for how long, a {@link HorizonSolver} works. */
export interface HorizonSolverOptions {
  /** Residual at which a block is done, in shares of a limit. */
  readonly tolerance: number;
  /** Most steps of one block alone, and of all blocks that rows couple. */
  readonly iterations: number;
}

/** For 100 Hz: what is left over is made up in the next cycles, and the plan keeps the limits at any time. */
export const realTime: HorizonSolverOptions = { tolerance: 4e-3, iterations: 30 };

/** Rows that leave more room than this, in their unit, when the blocks are solved each for itself are left out. */
const slackRows = 2;

/** Steps between balancing the residuals. */
const balancePeriod = 8;

/** How a solve went. */
export interface SolveReport {
  /** Steps of all blocks together. */
  iterations: number;
  /** Blocks that used up their steps. */
  unfinished: number;
  /** Blocks whose start lies beyond a limit: they break it as little as possible. */
  infeasible: number;
  /** Largest violation of a limit by the result, in shares of it (positions in their own unit). */
  violation: number;
}

/**
 * Solves a {@link HorizonProblem} whose joints fall into blocks that only a few shared rows couple. Blocks are solved
 * one by one; those that a violated row touches go on together. The result keeps every limit wherever the nominal plan
 * does: what iteration leaves beyond one is taken back towards the nominal plan.
 */
export class HorizonSolver {
  readonly report: SolveReport = { iterations: 0, unfinished: 0, infeasible: 0, violation: 0 };
  readonly #problem: HorizonProblem;
  readonly #options: HorizonSolverOptions;
  readonly #together: Block[] = [];

  constructor(problem: HorizonProblem, options: HorizonSolverOptions = realTime) {
    this.#problem = problem;
    this.#options = options;
  }

  /**
   * @param blocks to be solved, at most `count` of them; no joint in two
   * @param rows that couple them, if any
   */
  solve(blocks: readonly Block[], count: number, rows?: CouplingRows): SolveReport {
    const { report } = this;
    report.iterations = 0;
    report.unfinished = 0;
    report.infeasible = 0;
    report.violation = 0;
    for (let b = 0; b < count; b++) this.#alone(blocks[b]);
    if (rows !== undefined && rows.count > 0 && rows.evaluate(blocks, count) < 0) {
      rows.active = true;
      rows.prune(slackRows);
      this.#couple(blocks, count, rows);
    }
    for (let b = 0; b < count; b++) this.#accept(blocks[b]);
    return report;
  }

  #alone(block: Block): void {
    block.begin();
    if (block.solveFree()) {
      block.forget();
      return;
    }
    block.start();
    const { tolerance, iterations } = this.#options;
    for (let i = 1; i <= iterations; i++) {
      block.minimise();
      block.project();
      this.report.iterations++;
      if (block.primalResidual < tolerance && block.dualResidual < tolerance) return;
      if (i % balancePeriod === 0) block.balance();
    }
    this.report.unfinished++;
  }

  #couple(blocks: readonly Block[], count: number, rows: CouplingRows): void {
    const together = this.#together;
    let size = 0;
    for (let b = 0; b < count; b++) if (rows.touches(blocks[b])) together[size++] = blocks[b];
    for (let b = 0; b < size; b++) together[b].start();
    rows.start(together, size);
    const { tolerance, iterations } = this.#options;
    for (let i = 1; i <= iterations; i++) {
      rows.pull(together, size);
      for (let b = 0; b < size; b++) together[b].minimise();
      rows.correct(together, size);
      let residual = 0;
      for (let b = 0; b < size; b++) {
        together[b].project();
        residual = Math.max(residual, together[b].primalResidual, together[b].dualResidual);
      }
      rows.project(together, size);
      this.report.iterations += size;
      if (residual < tolerance && rows.primalResidual < tolerance) return;
      if (i % balancePeriod !== 0) continue;
      let changed = false;
      for (let b = 0; b < size; b++) if (together[b].balance()) changed = true;
      if (changed) rows.factor(together, size);
    }
    this.report.unfinished += size;
  }

  /**
   * Takes a block's change into the result. The limits make a convex set that holds the nominal plan ū, so that
   * ū + θ·δ with the largest admissible θ ≤ 1, joint by joint, holds them as well.
   */
  #accept(block: Block): void {
    const problem = this.#problem;
    const { joints, change } = block;
    if (block.recovers) this.report.infeasible++;
    for (let i = 0; i < joints.length; i++) {
      const j = joints[i];
      if (block.free) {
        this.#take(block, i);
        continue;
      }
      const share = block.recovers ? 1 : this.#share(block, i);
      for (let k = 0; k < stages; k++) {
        problem.jerk[stages * j + k] = problem.nominal[stages * j + k] + share * change[stages * i + k];
      }
      if (!allFinite(problem.jerk.subarray(stages * j, stages * (j + 1)))) {
        for (let k = stages * j; k < stages * (j + 1); k++) problem.jerk[k] = problem.nominal[k];
        block.forget();
      }
      const s = stateSize * j;
      const { state } = problem;
      integrate(problem.jerk, stages * j, state[s], state[s + 1], state[s + 2], problem.rows, rowCount * j);
      this.report.violation = Math.max(this.report.violation, problem.violation(j, problem.rows));
    }
  }

  /** Takes a solution that keeps the limits as it is. */
  #take(block: Block, i: number): void {
    const { nominal, jerk, rows } = this.#problem;
    const j = block.joints[i];
    const from = rowCount * i;
    const to = rowCount * j;
    for (let k = 0; k < stages; k++) jerk[stages * j + k] = nominal[stages * j + k] + block.change[stages * i + k];
    for (let k = 0; k < rowCount; k++) rows[to + k] = block.rows[from + k];
  }

  /** Largest θ for joint `i` of a block. */
  #share(block: Block, i: number): number {
    const { nominalRows, lower, upper } = this.#problem;
    const j = block.joints[i];
    let share = 1;
    for (let k = 0; k < rowCount; k++) {
      const from = nominalRows[rowCount * j + k];
      const to = block.rows[rowCount * i + k];
      const high = k < positionRow ? 1 : upper[j];
      const low = k < positionRow ? -1 : lower[j];
      if (to > high) share = Math.min(share, Math.max(0, high - from) / (to - from));
      else if (to < low) share = Math.min(share, Math.max(0, from - low) / (from - to));
    }
    return share;
  }
}
