import { rotate } from '../math/rotation.js';
import type { LegKinematics } from './leg-kinematics.js';

/** A loaded sole that moves over the floor faster than the first slips, until it is slower than the second, m/s. */
const SLIP = 0.05;
const STAND = 0.025;
/** Time constant of the sole's velocity, s. */
const FILTER_TIME = 0.015;
/** How long a sole has to stand still after it has slipped, s. */
const SETTLE_TIME = 0.02;

/** Sees from the velocity of a sole in odom whether it slips. Real-time safe. */
export class SlipDetector {
  /** Velocity of the sole, low-pass, m/s, odom. */
  readonly velocity = new Float64Array(3);
  readonly #now = new Float64Array(3);
  #slipping = false;
  #still = 0;

  get slipping(): boolean {
    return this.#slipping;
  }

  /** m/s */
  get speed(): number {
    const { velocity: v } = this;
    return Math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  }

  /** Forgets the past: for a foot that lands. */
  reset(): void {
    this.velocity.fill(0);
    this.#slipping = false;
    this.#still = 0;
  }

  /**
   * u = v + R·(ω × h + ḣ)
   * @param velocity of the base, m/s, odom @param rotation of the base @param rate angular velocity, base_link axes
   */
  update(
    velocity: Float64Array,
    rotation: Float64Array,
    rate: Float64Array,
    { position: h, velocity: dh }: LegKinematics,
    dt: number,
  ): void {
    const u = this.#now;
    u[0] = rate[1] * h[2] - rate[2] * h[1] + dh[0];
    u[1] = rate[2] * h[0] - rate[0] * h[2] + dh[1];
    u[2] = rate[0] * h[1] - rate[1] * h[0] + dh[2];
    rotate(rotation, u, u);
    const share = dt / (FILTER_TIME + dt);
    for (let k = 0; k < 3; k++) this.velocity[k] += (velocity[k] + u[k] - this.velocity[k]) * share;
    const speed = this.speed;
    if (speed > SLIP) {
      this.#slipping = true;
      this.#still = 0;
    } else if (this.#slipping && speed < STAND) {
      this.#still += dt;
      if (this.#still >= SETTLE_TIME) this.#slipping = false;
    } else {
      this.#still = 0;
    }
  }
}
