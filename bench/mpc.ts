import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
import { CLEAN, preparePython } from './python-peer.js';

/** Cycles timed, in rounds; the peer solves every so many of them too, right after the round. */
const CYCLES = 1200;
const ROUND = 300;
const PEER_PERIOD = 43;
const PEER_PACKAGES = ['osqp==1.1.3', 'numpy', 'scipy'];
/** Cycles from one chunk to the next, and chunks from one change of the gripper to the next. */
const CHUNK_CYCLES = 50;
const GRIP_CHUNKS = 4;

/**
 * The planner's optimisation, all 75 joints over 20 stages of 10 ms, beside OSQP on the same problems in the same run:
 * the right arm follows random action chunks over the table and its hand closes, the left arm, its hand, head, waist
 * and legs follow moving targets. `plan` is a whole cycle: references, kinematics, clearance, solve, check, torques;
 * `solve` the optimisation alone, from the shifted last solution (warm) or from nothing (cold). Times on the clock are
 * those of the machine as it is; processor times, of which the ratios are made, leave out what others took of it. Cost
 * gaps are relative to OSQP's solution at 1e-6.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const python = preparePython('mpc', PEER_PACKAGES);
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const kinematics = await Kinematics.create(robot);
  const work = robot.posture('table_work');
  const clearance = new Clearance(robot, kinematics, { ...defaultClearance, surface: { height: -0.05, edge: 0.24 } });
  const planner = new MotionPlanner(robot, kinematics, work, clearance);
  const random = new Random(1);
  const home = new Float64Array(7);
  planner.commanded('right', home);
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
    const anchor = new Float64Array(7);
    planner.commanded('right', anchor);
    const to = [random.uniform(-0.02, 0.15), random.uniform(-0.1, 0.25), random.uniform(-0.05, 0.15)];
    for (let k = 0; k < 10; k++) {
      poses.set(home, 7 * k);
      const share = Math.min(1, (k + 1) / 5);
      for (let i = 0; i < 3; i++) poses[7 * k + i] = anchor[i] + share * (home[i] + to[i] - anchor[i]);
    }
    const gripper = new Float64Array(10).fill(closed);
    planner.follow({ stamp: time, dt: 0.1, arm: 'right', anchor, poses, gripper });
  };

  planner.followJoints({ joints, sample: swing });
  const { optimisation } = planner;
  const times: Times = { plan: [], solve: [], planCpu: [], warmCpu: [], coldCpu: [] };
  const warm = new Replica(robot, true);
  const cold = new Replica(robot, false);
  let problems: object[] = [];
  const reports: PeerReport[] = [];
  const totals = { iterations: 0, unfinished: 0, held: 0 };
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const time = cycle * planningStep;
    if (cycle % CHUNK_CYCLES === 0) chunk(time, Math.floor(cycle / CHUNK_CYCLES / GRIP_CHUNKS) % 2);
    const begin = performance.now();
    times.planCpu.push(cpuTime(() => planner.plan(time)));
    times.plan.push(performance.now() - begin);
    times.solve.push(optimisation.solveTime);
    times.warmCpu.push(warm.solve(optimisation));
    times.coldCpu.push(cold.solve(optimisation));
    totals.iterations += optimisation.report.iterations / CYCLES;
    totals.unfinished += optimisation.report.unfinished / CYCLES;
    if (planner.held) totals.held++;
    // Two in a row: the peer starts the second from the solution of the first.
    if (cycle % PEER_PERIOD < 2) problems.push(describe(optimisation));
    if (cycle % ROUND < ROUND - 1) continue;
    if (problems.length % 2 === 1) problems.pop();
    console.error(`${cycle + 1} of ${CYCLES} cycles; OSQP solves ${problems.length / 2} of them`);
    reports.push(solveWithPeer(python, problems));
    problems = [];
  }
  kinematics.delete();
  return summarise(times, totals, reports);
}

/** ms, one number a cycle. */
interface Times {
  readonly plan: number[];
  readonly solve: number[];
  readonly planCpu: number[];
  readonly warmCpu: number[];
  readonly coldCpu: number[];
}

/** Processor time of all threads of this process, ms. */
function cpuTime(action: () => void): number {
  const before = process.cpuUsage();
  action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Solves a plan's problem once more by itself. */
class Replica {
  readonly #problem: HorizonProblem;
  readonly #blocks: readonly Block[];
  readonly #solver: HorizonSolver;
  readonly #warm: boolean;

  /** @param warm whether it starts from its last solution */
  constructor(robot: Robot, warm: boolean) {
    const right = robot.group('right_arm');
    this.#warm = warm;
    this.#problem = new HorizonProblem(robot.names.length);
    const others = [...robot.names.keys()].filter((joint) => !right.includes(joint));
    this.#blocks = [right, ...others.map((joint) => Int32Array.of(joint))].map(
      (joints) => new Block(this.#problem, joints),
    );
    this.#solver = new HorizonSolver(this.#problem);
  }

  /** @returns processor time, ms */
  solve({ problem, hands, constraints, blocks, count }: ModelPredictivePlan): number {
    for (const name of ['state', 'nominal', 'nominalRows', 'tracking', 'lower', 'upper', 'bound'] as const) {
      this.#problem[name].set(problem[name]);
    }
    this.#blocks[0].coupling.set(hands[1].block.coupling);
    for (const block of this.#blocks) {
      if (this.#warm) block.shift();
      else block.forget();
    }
    const active = new Set(blocks.slice(0, count).flatMap((block) => [...block.joints]));
    const own = this.#blocks.filter((block) => active.has(block.joints[0]));
    return cpuTime(() => this.#solver.solve(own, own.length, constraints.rows));
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

/** What the peer reports; processor times in ms, one number a problem. */
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

function summarise(
  times: Times,
  totals: { readonly iterations: number; readonly unfinished: number; readonly held: number },
  reports: readonly PeerReport[],
): { figures: Record<string, number>; ratios: Record<string, number> } {
  const peer = {
    cold: reports.flatMap(({ cold }) => cold),
    warm: reports.flatMap(({ warm }) => warm),
    iterations: reports.flatMap(({ iterations }) => iterations),
    gap: { ours: reports.flatMap(({ gap }) => gap.ours), peer: reports.flatMap(({ gap }) => gap.peer) },
    violation: {
      ours: reports.flatMap(({ violation }) => violation.ours),
      peer: reports.flatMap(({ violation }) => violation.peer),
    },
  };
  const figures: Record<string, number> = {
    variables: Math.max(...reports.map(({ variables }) => variables)),
    constraints: Math.max(...reports.map(({ constraints }) => constraints)),
    plan_p50_ms: quantile(times.plan, 0.5),
    plan_p99_ms: quantile(times.plan, 0.99),
    solve_p50_ms: quantile(times.solve, 0.5),
    solve_p99_ms: quantile(times.solve, 0.99),
    plan_cpu_p50_ms: quantile(times.planCpu, 0.5),
    plan_cpu_p99_ms: quantile(times.planCpu, 0.99),
    warm_cpu_p50_ms: quantile(times.warmCpu, 0.5),
    warm_cpu_p99_ms: quantile(times.warmCpu, 0.99),
    cold_cpu_p50_ms: quantile(times.coldCpu, 0.5),
    cold_cpu_p99_ms: quantile(times.coldCpu, 0.99),
    peer_problems: peer.warm.length,
    warm_cpu_of_peer_problems_p50_ms: quantile(shared(times.warmCpu), 0.5),
    cold_cpu_of_peer_problems_p50_ms: quantile(shared(times.coldCpu), 0.5),
    block_steps_mean: totals.iterations,
    blocks_unfinished_mean: totals.unfinished,
    cycles_held: totals.held,
    osqp_warm_cpu_p50_ms: quantile(peer.warm, 0.5),
    osqp_warm_cpu_p99_ms: quantile(peer.warm, 0.99),
    osqp_cold_cpu_p50_ms: quantile(peer.cold, 0.5),
    osqp_cold_cpu_p99_ms: quantile(peer.cold, 0.99),
    osqp_iterations_p50: quantile(peer.iterations, 0.5),
    cost_gap_p50: quantile(peer.gap.ours, 0.5),
    cost_gap_max: Math.max(...peer.gap.ours),
    osqp_cost_gap_p50: quantile(peer.gap.peer, 0.5),
    osqp_cost_gap_max: Math.max(...peer.gap.peer),
    violation_max: Math.max(...peer.violation.ours),
    osqp_violation_max: Math.max(...peer.violation.peer),
  };
  const each = (theirs: readonly number[], ours: readonly number[]) => theirs.map((time, i) => time / ours[i]);
  const warm = each(peer.warm, shared(times.warmCpu));
  const cold = each(peer.cold, shared(times.coldCpu));
  const ratios = {
    osqp_over_warm_p50: quantile(warm, 0.5),
    osqp_over_warm_min: Math.min(...warm),
    osqp_over_cold_p50: quantile(cold, 0.5),
    osqp_over_cold_min: Math.min(...cold),
    osqp_over_plan_p50: quantile(each(peer.warm, shared(times.planCpu)), 0.5),
  };
  return { figures, ratios };
}

/** Of one number a cycle those of the problems that the peer solved: the second of each pair. */
function shared(values: readonly number[]): number[] {
  return values.filter((_, cycle) => {
    const first = cycle - 1;
    const sameRound = Math.floor(first / ROUND) === Math.floor(cycle / ROUND);
    return cycle % PEER_PERIOD === 1 && sameRound;
  });
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
