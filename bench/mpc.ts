import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../src/math/random.js';
import { Clearance, defaultClearance } from '../src/planning/clearance.js';
import { MotionPlanner, planningStep } from '../src/planning/motion-planner.js';
import { Block } from '../src/planning/mpc/block.js';
import { shortfallCost } from '../src/planning/mpc/coupling-rows.js';
import { HorizonProblem } from '../src/planning/mpc/horizon-problem.js';
import { HorizonSolver } from '../src/planning/mpc/horizon-solver.js';
import { stages, transition } from '../src/planning/mpc/joint-chain.js';
import { accelerationCost, jerkCost, stageWeight, velocityCost } from '../src/planning/mpc/modal-basis.js';
import type { ModelPredictivePlan } from '../src/planning/mpc/model-predictive-plan.js';
import { Kinematics } from '../src/robot/kinematics.js';
import { Robot } from '../src/robot/robot.js';
import { packagePath } from '../src/ros/package-path.js';

/** Cycles timed, and those of them that the peer solves too. */
const CYCLES = 1200;
const PEER_CYCLES = 40;
const PEER_PACKAGES = ['osqp==1.1.3', 'numpy', 'scipy'];
/** Cycles from one chunk to the next, and chunks from one change of the gripper to the next. */
const CHUNK_CYCLES = 50;
const GRIP_CHUNKS = 4;

/**
 * The planner's optimisation, all 75 joints over 20 stages of 10 ms, beside OSQP on the same problems in the same run:
 * the right arm follows random action chunks over the table and its hand closes, the left arm, its hand, head, waist
 * and legs follow moving targets. `plan` is a whole cycle: references, kinematics, clearance, solve, check, torques;
 * `solve` the optimisation alone, from the shifted last solution (warm) or from nothing (cold). Cost gaps are relative
 * to OSQP's solution at 1e-6.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const python = preparePeer();
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const kinematics = await Kinematics.create(robot);
  const work = robot.posture('table_work');
  const clearance = new Clearance(robot, kinematics, { ...defaultClearance, surface: { height: -0.05, edge: 0.24 } });
  const planner = new MotionPlanner(robot, kinematics, work, clearance);
  const random = new Random(1);
  const anchor = new Float64Array(7);
  planner.commanded('right', anchor);
  const right = new Set([...robot.group('right_arm'), ...robot.group('right_hand')]);
  const carriers = new Set(['left_leg', 'right_leg', 'torso'].flatMap((group) => [...robot.group(group)]));
  const joints = Int32Array.from(robot.names.keys()).filter((joint) => !right.has(joint));
  const phase = Float64Array.from(joints, () => random.uniform(0, 2 * Math.PI));
  const swing = (time: number, positions: Float64Array) => {
    for (let i = 0; i < joints.length; i++) {
      const joint = joints[i];
      // From rest; what carries the robot moves less.
      const amplitude = (carriers.has(joint) ? 0.01 : 0.05) * Math.min(1, time);
      const wanted = work[joint] + amplitude * Math.sin(2 * robot.velocityLimit[joint] * time + phase[i]);
      positions[joint] = robot.clamp(joint, wanted);
    }
  };

  const chunk = (time: number, closed: number) => {
    const poses = new Float64Array(70);
    const to = [random.uniform(-0.02, 0.15), random.uniform(-0.1, 0.25), random.uniform(-0.05, 0.15)];
    for (let k = 0; k < 10; k++) {
      poses.set(anchor, 7 * k);
      for (let i = 0; i < 3; i++) poses[7 * k + i] += to[i] * Math.min(1, (k + 1) / 5);
    }
    const gripper = new Float64Array(10).fill(closed);
    planner.follow({ stamp: time, dt: 0.1, arm: 'right', anchor: anchor.slice(), poses, gripper });
    anchor.set(poses.subarray(63, 70));
    for (let i = 0; i < 3; i++) anchor[i] -= to[i];
  };

  planner.followJoints({ joints, sample: swing });
  const { optimisation } = planner;
  const times: Times = { plan: [], warm: [], cold: [] };
  const cold = new ColdSolver(robot);
  const problems: object[] = [];
  const totals = { iterations: 0, unfinished: 0, held: 0 };
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const time = cycle * planningStep;
    if (cycle % CHUNK_CYCLES === 0) chunk(time, Math.floor(cycle / CHUNK_CYCLES / GRIP_CHUNKS) % 2);
    const begin = performance.now();
    planner.plan(time);
    times.plan.push(performance.now() - begin);
    times.warm.push(optimisation.solveTime);
    totals.iterations += optimisation.report.iterations / CYCLES;
    totals.unfinished += optimisation.report.unfinished / CYCLES;
    if (planner.held) totals.held++;
    times.cold.push(cold.solve(optimisation));
    if (cycle >= CYCLES / 2 && problems.length < PEER_CYCLES) problems.push(describe(optimisation));
  }
  kinematics.delete();
  return summarise(times, totals, solveWithPeer(python, problems));
}

interface Times {
  readonly plan: number[];
  readonly warm: number[];
  readonly cold: number[];
}

/** Solves a plan's problem once more without what the last one taught. */
class ColdSolver {
  readonly #problem: HorizonProblem;
  readonly #blocks: readonly Block[];
  readonly #solver: HorizonSolver;

  constructor(robot: Robot) {
    const right = robot.group('right_arm');
    this.#problem = new HorizonProblem(robot.names.length);
    const others = [...robot.names.keys()].filter((joint) => !right.includes(joint));
    this.#blocks = [right, ...others.map((joint) => Int32Array.of(joint))].map(
      (joints) => new Block(this.#problem, joints),
    );
    this.#solver = new HorizonSolver(this.#problem);
  }

  /** @returns ms */
  solve({ problem, hands, constraints }: ModelPredictivePlan): number {
    for (const name of ['state', 'nominal', 'nominalRows', 'tracking', 'lower', 'upper', 'bound'] as const) {
      this.#problem[name].set(problem[name]);
    }
    this.#blocks[0].coupling.set(hands[1].block.coupling);
    for (const block of this.#blocks) block.forget();
    const begin = performance.now();
    this.#solver.solve(this.#blocks, this.#blocks.length, constraints.rows);
    return performance.now() - begin;
  }
}

/** The problem of the last plan, and its solution, for the peer. */
function describe({ problem, hands, constraints, blocks, count }: ModelPredictivePlan): object {
  const { rows } = constraints;
  const list = (values: Float64Array) => Array.from(values);
  return {
    joints: blocks.slice(0, count).flatMap((block) => Array.from(block.joints)),
    state: list(problem.state),
    nominalRows: list(problem.nominalRows),
    tracking: list(problem.tracking),
    lower: list(problem.lower),
    upper: list(problem.upper),
    bound: list(problem.bound),
    hand: { joints: Array.from(hands[1].block.joints), coupling: list(hands[1].block.coupling) },
    rows: Array.from({ length: rows.count }, (_, r) => ({
      stage: rows.stage[r],
      margin: rows.margin[r],
      coefficients: list(rows.coefficients.subarray(r * rows.joints, (r + 1) * rows.joints)),
    })),
    jerk: list(problem.jerk),
  };
}

/** Without packages of the surrounding environment, which pip would not install and the peer not find later. */
const CLEAN = { ...process.env, PYTHONPATH: '' };

/** What the peer reports; times in ms, one number a problem. */
interface PeerReport {
  readonly variables: number;
  readonly constraints: number;
  readonly cold: number[];
  readonly warm: number[];
  readonly iterations: number[];
  /** Relative to the optimum: (cost − optimum)/|optimum|, of ours and of the peer's warm solution. */
  readonly gap: { readonly ours: number[]; readonly peer: number[] };
  /** Largest violation of a limit or of rest at the end, in shares of the limit. */
  readonly violation: { readonly ours: number[]; readonly peer: number[] };
}

function solveWithPeer(python: string, problems: readonly object[]): PeerReport {
  const directory = mkdtempSync(join(tmpdir(), 'bench-mpc-'));
  try {
    const file = join(directory, 'problems.json');
    const constants = {
      transition,
      stages,
      stageWeight: Array.from(stageWeight),
      velocityCost,
      jerkCost,
      accelerationCost,
      shortfallCost,
    };
    writeFileSync(file, JSON.stringify({ constants, problems }));
    const text = execFileSync(python, [packagePath('bench/mpc-peer.py'), file], { maxBuffer: 1 << 26, env: CLEAN });
    return JSON.parse(text.toString()) as PeerReport;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A Python with OSQP, made in the user's cache the first time. @returns its path */
function preparePeer(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const directory = join(cache, 'cosmos_humanoid', 'bench-mpc');
  const python = join(directory, 'bin', 'python');
  if (existsSync(join(directory, 'ready'))) return python;
  console.error(`makes ${directory} with ${PEER_PACKAGES.join(', ')}, once`);
  const options = { stdio: ['ignore', 'ignore', 'pipe'], env: CLEAN } as const satisfies ExecFileSyncOptions;
  try {
    execFileSync('python3', ['-m', 'venv', directory], options);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...PEER_PACKAGES], options);
  } catch (error) {
    throw new Error(
      `the peer cannot be set up: ${(error as Error).message}\nMake it by hand: python3 -m venv ${directory} && ` +
        `${python} -m pip install ${PEER_PACKAGES.join(' ')} && touch ${directory}/ready`,
    );
  }
  writeFileSync(join(directory, 'ready'), '');
  return python;
}

function summarise(
  times: Times,
  totals: { readonly iterations: number; readonly unfinished: number; readonly held: number },
  peer: PeerReport,
): { figures: Record<string, number>; ratios: Record<string, number> } {
  const figures: Record<string, number> = {
    variables: peer.variables,
    constraints: peer.constraints,
    plan_p50_ms: quantile(times.plan, 0.5),
    plan_p99_ms: quantile(times.plan, 0.99),
    solve_warm_p50_ms: quantile(times.warm, 0.5),
    solve_warm_p99_ms: quantile(times.warm, 0.99),
    solve_cold_p50_ms: quantile(times.cold, 0.5),
    solve_cold_p99_ms: quantile(times.cold, 0.99),
    block_steps_mean: totals.iterations,
    blocks_unfinished_mean: totals.unfinished,
    cycles_held: totals.held,
    osqp_warm_p50_ms: quantile(peer.warm, 0.5),
    osqp_warm_p99_ms: quantile(peer.warm, 0.99),
    osqp_cold_p50_ms: quantile(peer.cold, 0.5),
    osqp_cold_p99_ms: quantile(peer.cold, 0.99),
    osqp_iterations_p50: quantile(peer.iterations, 0.5),
    cost_gap_p50: quantile(peer.gap.ours, 0.5),
    cost_gap_max: Math.max(...peer.gap.ours),
    osqp_cost_gap_p50: quantile(peer.gap.peer, 0.5),
    osqp_cost_gap_max: Math.max(...peer.gap.peer),
    violation_max: Math.max(...peer.violation.ours),
    osqp_violation_max: Math.max(...peer.violation.peer),
  };
  const ratios = {
    osqp_over_solve_warm_p50: figures.osqp_warm_p50_ms / figures.solve_warm_p50_ms,
    osqp_over_solve_warm_p99: figures.osqp_warm_p99_ms / figures.solve_warm_p99_ms,
    osqp_over_solve_cold_p50: figures.osqp_cold_p50_ms / figures.solve_cold_p50_ms,
    osqp_over_solve_cold_p99: figures.osqp_cold_p99_ms / figures.solve_cold_p99_ms,
    osqp_over_plan_p50: figures.osqp_warm_p50_ms / figures.plan_p50_ms,
  };
  return { figures, ratios };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
