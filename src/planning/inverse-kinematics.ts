import { rotationBetween } from '../math/pose.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';

/** How an {@link InverseKinematics} step weighs its aims. */
export interface InverseKinematicsOptions {
  /** Damping far from singularities, m/rad. */
  readonly damping: number;
  /** Largest damping, at a singularity. */
  readonly maxDamping: number;
  /** Manipulability √det(J·Jᵀ) below which the damping grows. */
  readonly manipulabilityThreshold: number;
  /** Share of the way back to the preferred posture a step takes inside the null space. */
  readonly postureGain: number;
}

/** For the arms. */
export const defaultInverseKinematics: InverseKinematicsOptions = {
  damping: 0.01,
  maxDamping: 0.1,
  manipulabilityThreshold: 0.01,
  postureGain: 0.02,
};

/**
 * Damped least-squares inverse kinematics of one chain (Nakamura and Hanafusa, 1986) with joint limits and a preferred
 * posture in the null space. Allocates nothing after construction.
 */
export class InverseKinematics {
  /** The chain, as indices into the joint vector. */
  readonly joints: Int32Array;
  readonly #robot: Robot;
  readonly #kinematics: Kinematics;
  readonly #frame: number;
  readonly #preferred: Float64Array;
  readonly #options: InverseKinematicsOptions;
  readonly #jacobian: Float64Array;
  readonly #gram = new Float64Array(36);
  readonly #error = new Float64Array(6);
  readonly #solution = new Float64Array(6);
  readonly #pose = new Float64Array(7);
  readonly #bias: Float64Array;
  readonly #free: Uint8Array;
  #manipulability = 0;
  #positionError = 0;
  #rotationError = 0;

  /**
   * @param frame link that is to reach the target
   * @param joints the chain, as indices into the joint vector
   * @param preferred joint positions (all joints) that the null space pulls towards
   */
  constructor(
    robot: Robot,
    kinematics: Kinematics,
    frame: string,
    joints: Int32Array,
    preferred: Float64Array,
    options: InverseKinematicsOptions = defaultInverseKinematics,
  ) {
    this.#robot = robot;
    this.#kinematics = kinematics;
    this.#frame = kinematics.frame(frame);
    this.joints = joints;
    this.#preferred = preferred;
    this.#options = options;
    this.#jacobian = new Float64Array(6 * joints.length);
    this.#bias = new Float64Array(joints.length);
    this.#free = new Uint8Array(joints.length);
  }

  /** Distance to the target before the last step, m. */
  get positionError(): number {
    return this.#positionError;
  }

  /** Angle to the target before the last step, rad. */
  get rotationError(): number {
    return this.#rotationError;
  }

  /** √det(J·Jᵀ) at the last step: 0 at a singularity. */
  get manipulability(): number {
    return this.#manipulability;
  }

  /**
   * One step from `positions` (all joints, rad; changed in place) towards `target` (pose of the frame in base_link):
   *   q ← q + J⁺e + (I − J⁺J)·g·(q₀ − q),  J⁺ = Jᵀ(J·Jᵀ + λ²I)⁻¹,  λ² = λ₀² + λₘ²(1 − w/w₀)² where w < w₀.
   * A joint that would leave its limits is set to the limit and taken out of J, and the step is solved again.
   */
  step(positions: Float64Array, target: Float64Array, targetOffset = 0): void {
    const n = this.joints.length;
    this.#kinematics.setPositions(positions);
    this.#kinematics.jacobian(this.#frame, this.joints, this.#jacobian);
    this.#kinematics.pose(this.#frame, this.#pose);
    for (let k = 0; k < 3; k++) this.#error[k] = target[targetOffset + k]! - this.#pose[k]!;
    rotationBetween(this.#pose, 3, target, targetOffset + 3, this.#error, 3);
    this.#positionError = Math.hypot(this.#error[0]!, this.#error[1]!, this.#error[2]!);
    this.#rotationError = Math.hypot(this.#error[3]!, this.#error[4]!, this.#error[5]!);
    this.#free.fill(1);

    for (let attempt = 0; attempt < n; attempt++) {
      for (let k = 0; k < n; k++) {
        const joint = this.joints[k]!;
        this.#bias[k] = this.#free[k] ? this.#options.postureGain * (this.#preferred[joint]! - positions[joint]!) : 0;
      }
      this.#factor(attempt === 0);
      // (I − J⁺J)b + J⁺e = b + J⁺(e − J·b)
      for (let row = 0; row < 6; row++) {
        let residual = this.#error[row]!;
        for (let k = 0; k < n; k++) residual -= this.#jacobian[row * n + k]! * this.#bias[k]!;
        this.#solution[row] = residual;
      }
      this.#solve();
      let stopped = false;
      for (let k = 0; k < n; k++) {
        if (!this.#free[k]) continue;
        let change = this.#bias[k]!;
        for (let row = 0; row < 6; row++) change += this.#jacobian[row * n + k]! * this.#solution[row]!;
        const joint = this.joints[k]!;
        const next = positions[joint]! + change;
        if (next < this.#robot.lower[joint]! || next > this.#robot.upper[joint]!) {
          this.#stop(k, this.#robot.clamp(joint, next) - positions[joint]!);
          positions[joint] = this.#robot.clamp(joint, next);
          stopped = true;
        } else {
          this.#bias[k] = change;
        }
      }
      if (!stopped) break;
    }
    for (let k = 0; k < n; k++) if (this.#free[k]) positions[this.joints[k]!]! += this.#bias[k]!;
  }

  /** Takes joint `k` out of the chain after it has moved by `change`. */
  #stop(k: number, change: number): void {
    const n = this.joints.length;
    this.#free[k] = 0;
    for (let row = 0; row < 6; row++) {
      this.#error[row]! -= this.#jacobian[row * n + k]! * change;
      this.#jacobian[row * n + k] = 0;
    }
  }

  /** Cholesky factor of J·Jᵀ + λ²I into #gram; with `measure`, the manipulability first. */
  #factor(measure: boolean): void {
    const n = this.joints.length;
    const { damping, maxDamping, manipulabilityThreshold } = this.#options;
    const gram = this.#gram;
    const fill = (diagonal: number) => {
      for (let i = 0; i < 6; i++) {
        for (let j = 0; j <= i; j++) {
          let sum = i === j ? diagonal : 0;
          for (let k = 0; k < n; k++) sum += this.#jacobian[i * n + k]! * this.#jacobian[j * n + k]!;
          gram[6 * i + j] = sum;
        }
      }
    };
    if (measure) {
      fill(1e-12);
      this.#manipulability = cholesky(gram);
    }
    const shortfall = Math.max(0, 1 - this.#manipulability / manipulabilityThreshold);
    fill(damping ** 2 + (maxDamping * shortfall) ** 2);
    cholesky(gram);
  }

  /** Solves (L·Lᵀ)x = #solution in place. */
  #solve(): void {
    const [gram, x] = [this.#gram, this.#solution];
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j < i; j++) x[i]! -= gram[6 * i + j]! * x[j]!;
      x[i]! /= gram[7 * i]!;
    }
    for (let i = 5; i >= 0; i--) {
      for (let j = i + 1; j < 6; j++) x[i]! -= gram[6 * j + i]! * x[j]!;
      x[i]! /= gram[7 * i]!;
    }
  }
}

/** Factors a symmetric positive definite 6 × 6 matrix in place (lower triangle); returns the product of the diagonal. */
function cholesky(a: Float64Array): number {
  let product = 1;
  for (let i = 0; i < 6; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[6 * i + j]!;
      for (let k = 0; k < j; k++) sum -= a[6 * i + k]! * a[6 * j + k]!;
      if (i === j) {
        a[7 * i] = Math.sqrt(Math.max(sum, 1e-18));
        product *= a[7 * i]!;
      } else {
        a[6 * i + j] = sum / a[7 * j]!;
      }
    }
  }
  return product;
}
