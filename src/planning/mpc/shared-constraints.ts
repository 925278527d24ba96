import type { Kinematics } from '../../robot/kinematics.js';
import type { Robot } from '../../robot/robot.js';
import type { Clearance } from '../clearance.js';
import { Balance } from './balance.js';
import { CouplingRows } from './coupling-rows.js';
import type { HorizonProblem } from './horizon-problem.js';
import { positionRow, positionTime, rowCount } from './joint-chain.js';

/** Stages at whose ends distances are looked at: the next point of the plan, and some on the way to its rest. */
export const knots = Int32Array.of(0, 4, 9, 14, 19);

/** Unit of the rows, m. */
const unit = 0.01;
/** Soft distance beyond the hard one, m. */
const softMargin = 0.003;
/** A row is made where the distance to spare is less, m. */
const attention = 0.08;
/** Smallest distance of the centre of mass from the edge of the support polygon, m. */
const balanceDistance = 0.02;
const balanceAttention = 0.04;
/** What rounding may cost, m. */
const rounding = 1e-7;

const arms = ['left', 'right'] as const;
const rowCapacity = 40;

/**
 * The constraints that joints share: clearance of the arms and balance, soft as linear rows of the optimisation, hard as
 * a check of the plan that comes out. Allocates nothing after construction.
 */
export class SharedConstraints {
  readonly rows: CouplingRows;
  /** Gravity torques of the plan last checked, N·m, one row a knot. */
  readonly effort: Float64Array;
  /** Least distance to spare of the plan last checked, m. */
  margin = Number.POSITIVE_INFINITY;
  readonly #robot: Robot;
  readonly #clearance: Clearance;
  readonly #balance: Balance;
  readonly #problem: HorizonProblem;
  readonly #q: Float64Array;
  readonly #torques: Float64Array;
  /** Links that move, in order, and for each link whether it does. */
  readonly #mobile: Int32Array;
  readonly #moves: Uint8Array;
  #mobileCount = 0;
  /** Whether the plan last checked is so well balanced that no row is needed. */
  #balanced = false;
  readonly #armJoints: readonly Int32Array[];
  /** Joints that balance counts on: all but the fingers. */
  readonly #body: Int32Array;
  /** Distances to spare along the nominal plan: of both arms and of balance, one row a knot. */
  readonly #before = new Float64Array(3 * knots.length);

  constructor(robot: Robot, kinematics: Kinematics, clearance: Clearance, problem: HorizonProblem) {
    this.#robot = robot;
    this.#clearance = clearance;
    this.#balance = new Balance(kinematics, clearance.tree);
    this.#problem = problem;
    const joints = robot.names.length;
    this.rows = new CouplingRows(joints, rowCapacity);
    this.effort = new Float64Array(knots.length * joints);
    this.#q = new Float64Array(joints);
    this.#torques = new Float64Array(joints);
    const links = clearance.tree.description.parent.length;
    this.#mobile = new Int32Array(links);
    this.#moves = new Uint8Array(links);
    this.#armJoints = arms.map((arm) => robot.group(`${arm}_arm`));
    const fingers = new Set([...robot.group('left_hand'), ...robot.group('right_hand')]);
    this.#body = Int32Array.from(robot.names.keys()).filter((joint) => !fingers.has(joint));
  }

  /**
   * Makes rows around the nominal plan.
   * @param moving whether the left arm, the right arm, any joint of the body is to be planned
   * @param awake joints that move
   */
  linearise(moving: Uint8Array, awake: Uint8Array): void {
    this.#findMobile(awake);
    this.rows.count = 0;
    this.rows.active = false;
    this.#addRows(moving, this.#problem.nominalRows);
  }

  /** Adds rows around the result, where the first ones did not tell what it would meet. */
  refine(moving: Uint8Array): void {
    this.#addRows(moving, this.#problem.rows);
  }

  /**
   * Checks the result.
   * @returns bits 1, 2, 4 where the left arm, the right arm or balance has less distance than is required and than the
   * nominal plan has
   */
  check(moving: Uint8Array, awake: Uint8Array): number {
    this.#findMobile(awake);
    let broken = 0;
    this.margin = Number.POSITIVE_INFINITY;
    if (moving[2]) this.#balanced = true;
    const joints = this.#q.length;
    for (let k = 0; k < knots.length; k++) {
      this.#pose(this.#problem.rows, k);
      this.#clearance.tree.weigh(this.effort, k * joints);
      for (let part = 0; part < 3; part++) {
        if (!moving[part]) continue;
        const margin =
          part < arms.length ? this.#clearance.margin(arms[part]) : this.#balance.measure() - balanceDistance;
        this.margin = Math.min(this.margin, margin);
        if (part === 2) this.#balanced &&= margin > balanceAttention;
        if (margin < Math.min(0, this.#before[3 * k + part]) - rounding) broken |= 1 << part;
      }
    }
    return broken;
  }

  #addRows(moving: Uint8Array, around: Float64Array): void {
    const first = this.rows.count;
    const nominal = around === this.#problem.nominalRows;
    for (let k = 0; k < knots.length; k++) {
      this.#pose(around, k);
      for (let part = 0; part < 3; part++) {
        if (!moving[part] || (part === 2 && this.#balanced)) continue;
        const margin = this.#measure(part);
        if (nominal) this.#before[3 * k + part] = margin;
        if (part < arms.length) this.#addClearance(part, knots[k]);
        else this.#addBalance(knots[k]);
      }
    }
    if (!nominal) this.#carryBack(first);
  }

  /** Margins of rows made around the result, at the nominal plan instead: less Σ_j c_j·(P_j − P̄_j). */
  #carryBack(first: number): void {
    const { rows, nominalRows, joints } = this.#problem;
    for (let r = first; r < this.rows.count; r++) {
      for (let j = 0; j < joints; j++) {
        const at = rowCount * j + positionRow + this.rows.stage[r];
        this.rows.margin[r] -= this.rows.coefficients[r * joints + j] * (rows[at] - nominalRows[at]);
      }
    }
  }

  /** Distance to spare of an arm (0, 1) or of balance (2) in the tree's posture, m. */
  #measure(part: number): number {
    if (part < arms.length) return this.#clearance.margin(arms[part]);
    this.#clearance.tree.weigh(this.#torques);
    return this.#balance.measure() - balanceDistance;
  }

  /** Sets the tree to a knot; at the first in full, then what moves. */
  #pose(rows: Float64Array, knot: number): void {
    const { velocityLimit } = this.#robot;
    const { tree } = this.#clearance;
    for (let j = 0; j < this.#q.length; j++) {
      this.#q[j] = rows[rowCount * j + positionRow + knots[knot]] * velocityLimit[j] * positionTime;
    }
    if (knot === 0) tree.update(this.#q);
    else tree.updateBodies(this.#mobile, this.#mobileCount, this.#q);
  }

  /** The links that joints which move carry. */
  #findMobile(awake: Uint8Array): void {
    const { parent, joint } = this.#clearance.tree.description;
    this.#mobileCount = 0;
    for (let b = 1; b < parent.length; b++) {
      const moves = this.#moves[parent[b]] === 1 || (joint[b] >= 0 && awake[joint[b]] === 1);
      this.#moves[b] = moves ? 1 : 0;
      if (moves) this.#mobile[this.#mobileCount++] = b;
    }
  }

  #addClearance(arm: number, stage: number): void {
    const { tree, witnesses, count } = this.#clearance;
    const joints = this.#armJoints[arm];
    for (let w = 0; w < count; w++) {
      const { margin, x, y, z, nx, ny, nz, body } = witnesses[w];
      if (margin > attention) continue;
      const row = this.rows.add(stage, (margin - softMargin) / unit);
      if (row < 0) return;
      for (let i = 0; i < joints.length; i++) {
        const j = joints[i];
        if (tree.carries(j, body)) this.#set(row, j, tree.pointGradient(j, x, y, z, nx, ny, nz));
      }
    }
  }

  #addBalance(stage: number): void {
    for (let e = 0; e < this.#balance.edges; e++) {
      const margin = this.#balance.margin[e] - balanceDistance;
      if (margin > balanceAttention) continue;
      const row = this.rows.add(stage, (margin - softMargin) / unit);
      if (row < 0) return;
      for (let i = 0; i < this.#body.length; i++)
        this.#set(row, this.#body[i], this.#balance.gradient(e, this.#body[i]));
    }
  }

  /** @param gradient m/rad */
  #set(row: number, joint: number, gradient: number): void {
    this.rows.coefficients[row * this.rows.joints + joint] =
      (gradient * this.#robot.velocityLimit[joint] * positionTime) / unit;
  }
}
