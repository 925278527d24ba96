import { EstimatorFault } from './base-estimate.js';
import type { ContactFilter } from './contact-filter.js';
import { Part } from './error-covariance.js';
import type { FootContact } from './foot-contact.js';
import type { LegSensors } from './leg-sensors.js';
import { SlipDetector } from './slip-detector.js';
import { soleTilt } from './tilt.js';

/** Innovations beyond this many standard deviations are not believed, … */
const GATE = 6;
/** … and a foot with so many of them in succession is placed anew. */
const GATED_CYCLES = 5;
/** A sole that seems tilted by more does not stand flat, or its leg's encoders are wrong, rad. */
export const LEVEL = 0.05;
/** Two feet that seem to slip alike tell of a wrong velocity: greatest difference, m/s … */
const ALIKE = 0.02;
/** … which becomes uncertain by this share of its square a second. */
const DOUBT = 10;
/** Time for which a slipping foot keeps its velocity, s: its position walks at random with speed·√time. */
const SLIP_TIME = 1e-3;

/**
 * Tells the filter which feet stand still. A foot counts once it is loaded and its encoders make sense; one that slips
 * is left out, unless the other cannot be used either; one that lands, or has slipped, is placed anew. Real-time safe.
 */
export class StandingFeet {
  readonly #legs: readonly [LegSensors, LegSensors];
  readonly #contacts: readonly [FootContact, FootContact];
  readonly #slips = [new SlipDetector(), new SlipDetector()] as const;
  /** Whether the filter has the foot's position. */
  readonly #placed = [false, false];
  readonly #gated = [0, 0];
  #faults = 0;

  constructor(legs: readonly [LegSensors, LegSensors], contacts: readonly [FootContact, FootContact]) {
    this.#legs = legs;
    this.#contacts = contacts;
  }

  /** Mask of EstimatorFault of the last cycle. */
  get faults(): number {
    return this.#faults;
  }

  /** Forgets where the feet stand. */
  reset(): void {
    for (let foot = 0; foot < 2; foot++) {
      this.#placed[foot] = false;
      this.#gated[foot] = 0;
      this.#slips[foot].reset();
    }
  }

  /** Whether a foot's load and encoders can be relied on. @param foot 0 left, 1 right */
  relied(foot: number): boolean {
    return this.#contacts[foot].loaded && this.#legs[foot].valid;
  }

  /**
   * Measures with the feet that stand. @param rate angular velocity of the base, rad/s, base_link axes
   * @returns whether the filter has anything to correct
   */
  measure(filter: ContactFilter, rate: Float64Array, dt: number): boolean {
    this.#faults = 0;
    this.#watch(filter, rate, dt);
    const best = this.#slowest();
    let used = false;
    for (let foot = 0; foot < 2; foot++) {
      const standing = this.relied(foot) && (!this.#slips[foot].slipping || foot === best);
      if (!standing) this.#placed[foot] = false;
      else if (this.#use(filter, foot, dt)) used = true;
    }
    return used;
  }

  /** Looks for slipping feet; two that slip alike do not, but the velocity is wrong. */
  #watch(filter: ContactFilter, rate: Float64Array, dt: number): void {
    for (let foot = 0; foot < 2; foot++) {
      const slip = this.#slips[foot];
      if (this.relied(foot)) slip.update(filter.velocity, filter.rotation, rate, this.#legs[foot].kinematics, dt);
      else slip.reset();
    }
    const left = this.#slips[0];
    const right = this.#slips[1];
    if (!left.slipping && !right.slipping) return;
    let squared = 0;
    for (let k = 0; k < 3; k++) squared += (left.velocity[k] - right.velocity[k]) ** 2;
    if (left.slipping && right.slipping && squared < ALIKE * ALIKE) {
      filter.inflate(Part.velocity, left.speed * left.speed * dt * DOUBT);
      left.reset();
      right.reset();
    } else {
      this.#faults |= EstimatorFault.slip;
    }
  }

  /** Of the feet that can be relied on the slower one, or −1. */
  #slowest(): number {
    const left = this.relied(0);
    const right = this.relied(1);
    if (left && right) return this.#slips[0].speed <= this.#slips[1].speed ? 0 : 1;
    if (left) return 0;
    return right ? 1 : -1;
  }

  /** Measures with one foot. @returns whether there is anything to correct */
  #use(filter: ContactFilter, foot: number, dt: number): boolean {
    const { position, rotation } = this.#legs[foot].kinematics;
    const slip = this.#slips[foot];
    if (!this.#placed[foot]) {
      filter.place(foot, position);
      this.#placed[foot] = true;
      this.#gated[foot] = 0;
      return false;
    }
    if (slip.slipping) filter.inflate(Part.leftFoot + 3 * foot, slip.speed * slip.speed * SLIP_TIME);
    if (filter.innovation(foot, position) > GATE) {
      this.#faults |= EstimatorFault.slip;
      this.#gated[foot]++;
      if (this.#gated[foot] >= GATED_CYCLES) this.#placed[foot] = false;
      return false;
    }
    this.#gated[foot] = 0;
    filter.updateFoot(foot, position);
    const flat = this.#contacts[foot].firm && soleTilt(filter.rotation, rotation) < LEVEL;
    if (flat && dt > 0) filter.updateLevel(rotation, dt);
    return true;
  }
}
