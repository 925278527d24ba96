/** Time over which the stiffness is ramped in, s. */
export const RAMP_TIME = 1;

/**
 * How the robot is taken over without a jump, at activation and after each stop. The command starts at the measured
 * posture with damping, no stiffness, and the torque that the motor exerts at that moment; while stiffness comes,
 * linearly, that torque goes:
 *
 *   kp(t) = s·kp,   τ(t) = s·τ_ff + (1 − s)·τ_measured(0),   s = min(1, t / T).
 *
 * Real-time safe.
 */
export class Handover {
  readonly #torque: Float64Array;
  #start = Number.NaN;
  #share = 0;

  constructor(motors: number) {
    this.#torque = new Float64Array(motors);
  }

  /** Whether the robot has been taken over. */
  get engaged(): boolean {
    return !Number.isNaN(this.#start);
  }

  /** The robot is in damping; what follows is another takeover. */
  release(): void {
    this.#start = Number.NaN;
    this.#share = 0;
  }

  /** Starts. @param now s @param torque measured, N·m, one a motor */
  engage(now: number, torque: Float64Array): void {
    this.#start = now;
    this.#torque.set(torque);
  }

  /** Sets the time of the commands that follow. @param now s */
  advance(now: number): void {
    this.#share = Math.min(1, Math.max(0, (now - this.#start) / RAMP_TIME));
  }

  /** @param kp N·m/rad */
  stiffness(kp: number): number {
    return this.#share * kp;
  }

  /** @param torque feed-forward, N·m */
  torque(motor: number, torque: number): number {
    return this.#share * torque + (1 - this.#share) * this.#torque[motor];
  }
}
