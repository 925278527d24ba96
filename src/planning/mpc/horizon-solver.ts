import type { Block } from './block.js';
import type { CouplingRows } from './coupling-rows.js';
import type { HorizonProblem } from './horizon-problem.js';
import { integrate, positionRow, rowCount, stages, stateSize } from './joint-chain.js';

/** How exactly, and for how long, a {@link HorizonSolver} works. */
export interface HorizonSolverOptions {
  /** Residual at which a block is done, in shares of a limit. */
  readonly tolerance: number;
  /** Most steps of a block. */
  readonly iterations: number;
  /**
   * Most steps of all blocks, each counted by its joints: once for the blocks alone and once for those that rows
   * couple. Blocks that have to share it get as many each.
   */
  readonly budget: number;
}

/** For 100 Hz: what is left over is made up in the next cycles, and the plan keeps the limits at any time. */
export const realTime: HorizonSolverOptions = { tolerance: 4e-3, iterations: 20, budget: 240 };

/** Rows that leave more room than this, in their unit, when the blocks are solved each for itself are left out. */
const slackRows = 1;

/** Steps between balancing the residuals. */
const balancePeriod = 8;

/** How a solve went. */
export interface SolveReport {
  /** Steps of all blocks together, each counted by its joints. */
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
    let limited = 0;
    for (let b = 0; b < count; b++) {
      blocks[b].begin();
      if (blocks[b].solveFree()) blocks[b].forget();
      else limited += blocks[b].joints.length;
    }
    const steps = this.#stepsFor(limited);
    for (let b = 0; b < count; b++) if (!blocks[b].free) this.#alone(blocks[b], steps);
    if (rows !== undefined && rows.count > 0 && rows.evaluate(blocks, count) < 0) {
      rows.active = true;
      rows.prune(slackRows);
      this.#couple(blocks, count, rows);
    }
    for (let b = 0; b < count; b++) this.#accept(blocks[b]);
    return report;
  }

  /** Steps of each block where blocks of so many joints need some. */
  #stepsFor(joints: number): number {
    const { iterations, budget } = this.#options;
    return Math.max(1, Math.min(iterations, Math.floor(budget / joints)));
  }

  #alone(block: Block, steps: number): void {
    block.start();
    const { tolerance } = this.#options;
    for (let i = 1; i <= steps; i++) {
      block.minimise();
      block.project();
      this.report.iterations += block.joints.length;
      if (block.primalResidual < tolerance && block.dualResidual < tolerance) return;
      if (i % balancePeriod === 0) block.balance();
    }
    this.report.unfinished++;
  }

  #couple(blocks: readonly Block[], count: number, rows: CouplingRows): void {
    const together = this.#together;
    let size = 0;
    let joints = 0;
    for (let b = 0; b < count; b++) {
      if (!rows.touches(blocks[b])) continue;
      together[size++] = blocks[b];
      joints += blocks[b].joints.length;
    }
    const steps = this.#stepsFor(joints);
    for (let b = 0; b < size; b++) together[b].start();
    rows.start(together, size);
    const { tolerance } = this.#options;
    for (let i = 1; i <= steps; i++) {
      rows.pull(together, size);
      for (let b = 0; b < size; b++) together[b].minimise();
      rows.correct(together, size);
      let residual = 0;
      for (let b = 0; b < size; b++) {
        together[b].project();
        residual = Math.max(residual, together[b].primalResidual, together[b].dualResidual);
      }
      rows.project(together, size);
      this.report.iterations += joints;
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
      // x − x is 0 for a finite x and NaN for all else.
      let finite = 0;
      for (let k = 0; k < stages; k++) {
        const jerk = problem.nominal[stages * j + k] + share * change[stages * i + k];
        problem.jerk[stages * j + k] = jerk;
        finite += jerk - jerk;
      }
      if (finite !== 0) {
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
