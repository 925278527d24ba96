import { integrate, positionRow, rowCount, stages, stateSize, velocityRow } from './joint-chain.js';
import { accelerationCost, jerkCost } from './modal-basis.js';

/** Share of the limits on velocity, acceleration and jerk that a plan uses; the rest covers what iteration leaves. */
export const usedShare = 0.99;

/**
 * What is to be optimised, for all joints in the units of {@link integrate}: the change of each joint's jerk over the
 * horizon, starting from a nominal plan, at the least of
 *   Σ_joints ½·ε_j‖u‖² + ½·ε_a‖A‖² + tracking, within the limits on u, A, V and P, ending at rest.
 * Tracking enters by its gradient over the position rows at the nominal plan and by its Hessian (see `Block`).
 * Allocated once.
 */
export class HorizonProblem {
  readonly joints: number;
  /** P, V, A of each joint at the start of the horizon. */
  readonly state: Float64Array;
  /** Nominal jerk, joints × 20, which ends at rest. */
  readonly nominal: Float64Array;
  /** Rows of the nominal plan, joints × 80. */
  readonly nominalRows: Float64Array;
  /** Position limits of each joint. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Limits of u, A and V that a plan uses at each stage (60). */
  readonly bound = new Float64Array(positionRow).fill(usedShare);
  /**
   * Gradient of tracking over V and P along the nominal plan, joints × 40, before their weights over the horizon: for
   * a joint with a target of its own simply V̄ − V_target and P̄ − P_target.
   */
  readonly tracking: Float64Array;
  /** Result: jerk, joints × 20, and its rows, joints × 80. */
  readonly jerk: Float64Array;
  readonly rows: Float64Array;

  constructor(joints: number) {
    this.joints = joints;
    this.state = new Float64Array(stateSize * joints);
    this.nominal = new Float64Array(stages * joints);
    this.nominalRows = new Float64Array(rowCount * joints);
    this.lower = new Float64Array(joints).fill(Number.NEGATIVE_INFINITY);
    this.upper = new Float64Array(joints).fill(Number.POSITIVE_INFINITY);
    this.tracking = new Float64Array(2 * stages * joints);
    this.jerk = new Float64Array(stages * joints);
    this.rows = new Float64Array(rowCount * joints);
  }

  /** Lowers the velocity limit of all joints at the end of stage `k` to a share, 0…1. */
  limitVelocity(k: number, share: number): void {
    this.bound[velocityRow + k] = usedShare * share;
  }

  /** Computes the rows of joint `j` along the nominal plan and makes that plan the result. */
  adopt(j: number): void {
    const { state, nominal, nominalRows, jerk, rows } = this;
    const s = stateSize * j;
    integrate(nominal, stages * j, state[s], state[s + 1], state[s + 2], nominalRows, rowCount * j);
    for (let k = stages * j; k < stages * (j + 1); k++) jerk[k] = nominal[k];
    for (let k = rowCount * j; k < rowCount * (j + 1); k++) rows[k] = nominalRows[k];
  }

  /** How far joint `j` is beyond its limits at most along the rows given, in its units; 0 where it keeps them. */
  violation(j: number, rows: Float64Array): number {
    let most = 0;
    const start = rowCount * j;
    for (let i = start; i < start + positionRow; i++) most = Math.max(most, Math.abs(rows[i]) - 1);
    for (let i = start + positionRow; i < start + rowCount; i++) {
      most = Math.max(most, rows[i] - this.upper[j], this.lower[j] - rows[i]);
    }
    return most;
  }

  /** Cost of smoothness of joint `j` for the result: ½·ε_j‖u‖² + ½·ε_a‖A‖². */
  smoothness(j: number): number {
    let sum = 0;
    for (let k = 0; k < stages; k++) {
      sum += jerkCost * this.rows[rowCount * j + k] ** 2 + accelerationCost * this.rows[rowCount * j + stages + k] ** 2;
    }
    return sum / 2;
  }
}
