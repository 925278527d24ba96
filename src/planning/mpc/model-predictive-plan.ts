import type { ActionChunk, Arm } from '../../action/action-chunk.js';
import type { JointTrajectory } from '../../control/trajectory.js';
import type { Kinematics } from '../../robot/kinematics.js';
import type { Robot } from '../../robot/robot.js';
import type { Clearance } from '../clearance.js';
import type { ProgressClock } from '../progress-clock.js';
import { Block } from './block.js';
import { HandTracking } from './hand-tracking.js';
import { HorizonProblem } from './horizon-problem.js';
import { HorizonSolver, type SolveReport } from './horizon-solver.js';
import {
  accelerationRow,
  positionRow,
  positionTime,
  rowCount,
  stages,
  stageTime,
  stateSize,
  velocityRow,
} from './joint-chain.js';
import { knots, SharedConstraints } from './shared-constraints.js';

/** What a joint does in a cycle. */
const Task = {
  /** Goes on as planned, to rest. */
  proceed: 0,
  /** Follows its own targets. */
  target: 1,
  /** Belongs to an arm whose hand follows a chunk. */
  hand: 2,
} as const;

/** A joint this near to its target, in units of P, is there. */
const arrived = 1e-8;
/** Largest distance from a target that a plan answers to, in units of P. */
const reach = 4;
/** Velocities and accelerations below this, in shares of their limits, are rest. */
const rest = 1e-12;

const arms: readonly Arm[] = ['left', 'right'];

/**
 * The plan of all joints over the horizon, made anew each cycle by one optimisation that starts from the plan before:
 * joints follow their own targets or, seven at a time, a chunk's poses; the limits on position, velocity, acceleration
 * and jerk hold; arms keep their clearance, the centre of mass stays above the feet. Each plan ends at rest, so that
 * what is left of it is a safe plan for the next cycle: that is what holds wherever the optimisation fails to better
 * it. Joints are in rad outside, in the units of the chains inside. Allocates nothing after construction.
 */
export class ModelPredictivePlan {
  readonly problem: HorizonProblem;
  readonly constraints: SharedConstraints;
  readonly hands: readonly HandTracking[];
  /** Of the last {@link solve}. */
  readonly report: SolveReport;
  /** Blocks of the last solve; the first {@link count} hold. */
  readonly blocks: readonly Block[];
  /** How many blocks had something to do in the last solve. */
  count = 0;
  /** What the optimisation took in the last solve, without linearising and checking, ms. */
  solveTime = 0;
  readonly #robot: Robot;
  readonly #solver: HorizonSolver;
  readonly #chains: readonly Block[];
  readonly #active: Block[];
  readonly #task: Uint8Array;
  readonly #part: Int32Array;
  readonly #moving = new Uint8Array(3);
  /** Joints that move or have a plan to. */
  readonly #awake: Uint8Array;
  /** Joints whose plan is not written yet. */
  readonly #stale: Uint8Array;
  #unsettled = false;
  /** Whether there are torques that are not written yet. */
  #weighed = false;
  #held = false;

  /** @param preferred joint positions (all joints, rad) that redundant arms prefer */
  constructor(robot: Robot, kinematics: Kinematics, clearance: Clearance, preferred: Float64Array) {
    const joints = robot.names.length;
    this.#robot = robot;
    this.problem = new HorizonProblem(joints);
    this.constraints = new SharedConstraints(robot, kinematics, clearance, this.problem);
    this.hands = arms.map((arm) => new HandTracking(robot, kinematics, clearance.tree, this.problem, arm, preferred));
    this.#solver = new HorizonSolver(this.problem);
    this.report = this.#solver.report;
    this.#chains = robot.names.map((_, j) => new Block(this.problem, Int32Array.of(j)));
    this.#active = [...this.#chains];
    this.blocks = this.#active;
    this.#task = new Uint8Array(joints);
    this.#awake = new Uint8Array(joints);
    this.#stale = new Uint8Array(joints);
    this.#part = new Int32Array(joints).fill(2);
    arms.forEach((arm, a) => {
      for (const j of robot.group(`${arm}_arm`)) this.#part[j] = a;
      for (const j of robot.group(`${arm}_hand`)) this.#part[j] = 3 + a;
    });
    for (let j = 0; j < joints; j++) {
      this.problem.lower[j] = robot.lower[j] / this.#unit(j);
      this.problem.upper[j] = robot.upper[j] / this.#unit(j);
    }
  }

  /** Whether the last plan keeps something away from where it is wanted, for clearance or balance. */
  get held(): boolean {
    return this.#held;
  }

  /** Rests at `positions` (all joints, rad). */
  reset(positions: Float64Array): void {
    const { state, nominal } = this.problem;
    state.fill(0);
    nominal.fill(0);
    for (let j = 0; j < positions.length; j++) {
      state[stateSize * j] = positions[j] / this.#unit(j);
      this.problem.adopt(j);
      this.#chains[j].forget();
    }
    for (let a = 0; a < this.hands.length; a++) this.hands[a].block.forget();
    this.#awake.fill(0);
    this.#stale.fill(0);
    this.#unsettled = false;
    this.#held = false;
  }

  /** A stage later: its end becomes the start, and the plan goes on at rest behind its end. */
  shift(): void {
    for (let j = 0; j < this.#task.length; j++) if (this.#awake[j] === 1) this.#shiftJoint(j);
    for (let a = 0; a < this.hands.length; a++) this.hands[a].block.shift();
  }

  #shiftJoint(j: number): void {
    this.#stale[j] = 1;
    const { state, nominal, jerk, rows } = this.problem;
    const s = stateSize * j;
    state[s] = rows[rowCount * j + positionRow];
    state[s + 1] = rows[rowCount * j + velocityRow];
    state[s + 2] = rows[rowCount * j + accelerationRow];
    const start = stages * j;
    let left = 0;
    for (let k = start; k < start + stages - 1; k++) {
      nominal[k] = jerk[k + 1];
      left = Math.max(left, Math.abs(nominal[k]));
    }
    nominal[start + stages - 1] = 0;
    this.#chains[j].shift();
    if (left === 0 && Math.abs(state[s + 1]) < rest && Math.abs(state[s + 2]) < rest) {
      state[s + 1] = 0;
      state[s + 2] = 0;
      this.#chains[j].forget();
      this.#awake[j] = 0;
    }
    this.problem.adopt(j);
  }

  /** Begins a cycle: every joint proceeds until it is told otherwise. @param progress sets the velocity limits */
  begin(progress: ProgressClock): void {
    this.#task.fill(Task.proceed);
    for (let k = 0; k < stages; k++) this.problem.limitVelocity(k, progress.step(k + 1) / stageTime);
  }

  /** Lets an arm's hand follow a chunk. @returns its tracking */
  followChunk(arm: number, chunk: ActionChunk, progress: ProgressClock, offset: number): HandTracking {
    const hand = this.hands[arm];
    hand.linearise(chunk, progress, offset);
    const { joints } = hand.block;
    for (let i = 0; i < joints.length; i++) this.#task[joints[i]] = Task.hand;
    return hand;
  }

  /**
   * Lets joint `j` follow targets (rad), one at the start (0) and at the end of each stage (1…20), `stride` apart in
   * `targets` from `at`.
   */
  followTarget(j: number, targets: Float64Array, at: number, stride: number): void {
    const { tracking, nominalRows, state } = this.problem;
    const unit = this.#unit(j);
    const rate = unit * (stageTime / positionTime);
    let apart = Math.max(Math.abs(state[stateSize * j + 1]), Math.abs(state[stateSize * j + 2]));
    for (let k = 0; k < stages; k++) {
      const row = rowCount * j;
      const target = targets[at + (k + 1) * stride];
      const next = targets[at + Math.min(k + 2, stages) * stride];
      const before = targets[at + k * stride];
      const away = nominalRows[row + positionRow + k] - target / unit;
      const error = Math.min(Math.max(away, -reach), reach);
      // Far from the target the way counts, not the target's velocity.
      const speed = Math.abs(away) > reach ? 0 : (next - before) / (Math.min(2, stages - k) * rate);
      tracking[2 * stages * j + k] = nominalRows[row + velocityRow + k] - speed;
      tracking[2 * stages * j + stages + k] = error;
      apart = Math.max(apart, Math.abs(error));
    }
    if (apart > arrived) this.#task[j] = Task.target;
  }

  /** Optimises, from what is left of the plan before, and falls back on that where the result comes too close. */
  solve(): void {
    const { constraints, problem } = this;
    const moving = this.#moving;
    this.#held = false;
    this.#collect();
    this.solveTime = 0;
    if (this.count === 0) {
      if (this.#unsettled) constraints.check(moving, this.#awake);
      this.#weighed = this.#unsettled;
      this.#unsettled = this.#awake.includes(1);
      return;
    }
    this.#unsettled = true;
    this.#weighed = true;
    constraints.linearise(moving, this.#awake);
    this.#optimise();
    let broken = constraints.check(moving, this.#awake);
    if (broken !== 0) {
      constraints.refine(moving);
      this.#optimise();
      broken = constraints.check(moving, this.#awake);
    }
    this.#held = constraints.rows.active || broken !== 0;
    if (broken === 0) return;
    for (let j = 0; j < this.#task.length; j++) {
      const part = this.#part[j];
      if ((broken & (part < 3 ? (1 << part) | 4 : 1 << (part - 3))) !== 0) problem.adopt(j);
    }
    constraints.check(moving, this.#awake);
  }

  #optimise(): void {
    const begin = performance.now();
    this.#solver.solve(this.#active, this.count, this.constraints.rows);
    this.solveTime += performance.now() - begin;
  }

  /**
   * Writes what changed into a trajectory of 20 points, of which point 0 is the start; feed-forward torques hold it
   * against gravity.
   */
  write(trajectory: JointTrajectory): void {
    const { state, rows } = this.problem;
    const { position, velocity, joints } = trajectory;
    for (let j = 0; j < joints; j++) {
      if (this.#stale[j] === 0 && this.#awake[j] === 0) continue;
      this.#stale[j] = 0;
      const unit = this.#unit(j);
      const fastest = this.#robot.velocityLimit[j];
      position[j] = state[stateSize * j] * unit;
      velocity[j] = state[stateSize * j + 1] * fastest;
      const row = rowCount * j;
      for (let k = 1; k < stages; k++) {
        position[k * joints + j] = rows[row + positionRow + k - 1] * unit;
        velocity[k * joints + j] = rows[row + velocityRow + k - 1] * fastest;
      }
    }
    if (this.#weighed) this.#writeEffort(trajectory);
    this.#weighed = false;
  }

  /** Point 0 keeps what was planned for it; between the knots torques are interpolated. */
  #writeEffort({ effort, joints }: JointTrajectory): void {
    const planned = this.constraints.effort;
    for (let i = 0; i < knots.length - 1; i++) {
      const from = knots[i];
      const span = knots[i + 1] - from;
      for (let k = from; k < Math.min(knots[i + 1], stages - 1); k++) {
        const s = (k - from) / span;
        for (let j = 0; j < joints; j++) {
          const start = planned[i * joints + j];
          effort[(k + 1) * joints + j] = start + s * (planned[(i + 1) * joints + j] - start);
        }
      }
    }
  }

  /** The blocks that have something to do, and which parts of the body they move. */
  #collect(): void {
    let count = 0;
    this.#moving.fill(0);
    for (let a = 0; a < this.hands.length; a++) {
      const { block } = this.hands[a];
      if (this.#task[block.joints[0]] !== Task.hand) continue;
      this.#active[count++] = block;
      for (let i = 0; i < block.joints.length; i++) this.#awake[block.joints[i]] = 1;
      this.#moving[a] = 1;
      this.#moving[2] = 1;
    }
    for (let j = 0; j < this.#task.length; j++) {
      if (this.#task[j] !== Task.target) continue;
      this.#active[count++] = this.#chains[j];
      this.#awake[j] = 1;
      const part = this.#part[j];
      this.#moving[part < 3 ? part : part - 3] = 1;
      if (part < 3) this.#moving[2] = 1;
    }
    this.count = count;
  }

  /** Radians in a unit of P. */
  #unit(j: number): number {
    return this.#robot.velocityLimit[j] * positionTime;
  }
}
