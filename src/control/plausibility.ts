/** A joint that was implausible for longer does not get its stiffness back before a reset, s. */
const GLITCH = 0.005;
/** Resolution and noise of a position sensor, rad. */
const RESOLUTION = 0.02;

/**
 * Looks at measured joint positions before anything is computed from them. One that moved faster than a joint can, or
 * that is no number, is replaced by the last plausible one, at rest, until it returns; if it does not return soon, the
 * joint counts as lost, because its drive may believe the same sensor: it is to have no stiffness until the reset. One
 * that was no number may return anywhere: the joint moved unseen.
 *
 * Real-time safe; nothing is allocated after construction.
 */
export class Plausibility {
  /** Measured positions, rad, the implausible ones replaced. */
  readonly position: Float64Array;
  /** Measured velocities, rad/s, those of implausible joints replaced by 0. */
  readonly velocity: Float64Array;
  /** 1 for a joint that is lost, else 0. */
  readonly lost: Uint8Array;
  readonly #limit: number;
  readonly #since: Float64Array;
  /** 1 for a joint whose measurement is no number. */
  readonly #absent: Uint8Array;
  #lostJoints = 0;

  /** @param limit fastest that a joint can move, rad/s */
  constructor(joints: number, limit: number) {
    this.position = new Float64Array(joints);
    this.velocity = new Float64Array(joints);
    this.lost = new Uint8Array(joints);
    this.#limit = limit;
    this.#since = new Float64Array(joints).fill(Number.NaN);
    this.#absent = new Uint8Array(joints);
  }

  /** Whether a joint is lost. */
  get anyLost(): boolean {
    return this.#lostJoints > 0;
  }

  /** Trusts a first measurement. */
  start(position: Float64Array): void {
    this.position.set(position);
    this.velocity.fill(0);
    this.#since.fill(Number.NaN);
    this.#absent.fill(0);
    this.forgive();
  }

  /** Gives lost joints their stiffness back. */
  forgive(): void {
    this.lost.fill(0);
    this.#lostJoints = 0;
  }

  /**
   * Takes measurements in.
   * @param time s, now @param elapsed since the last cycle, s
   * @returns whether all are plausible
   */
  observe(time: number, elapsed: number, position: Float64Array, velocity: Float64Array): boolean {
    const reach = RESOLUTION + this.#limit * elapsed;
    let plausible = true;
    for (let j = 0; j < position.length; j++) {
      const present = Number.isFinite(position[j]) && Number.isFinite(velocity[j]);
      if (present && (this.#absent[j] !== 0 || Math.abs(position[j] - this.position[j]) <= reach)) {
        this.position[j] = position[j];
        this.velocity[j] = velocity[j];
        this.#since[j] = Number.NaN;
        this.#absent[j] = 0;
        continue;
      }
      plausible = false;
      if (!present) this.#absent[j] = 1;
      this.velocity[j] = 0;
      if (!(this.#since[j] <= time)) this.#since[j] = time;
      if (time - this.#since[j] > GLITCH && this.lost[j] === 0) {
        this.lost[j] = 1;
        this.#lostJoints++;
      }
    }
    return plausible;
  }
}
