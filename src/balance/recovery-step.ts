import { clamp } from '../control/limits.js';
import type { BodyModel } from './body-model.js';
import type { BodyTask } from './body-task.js';
import type { DcmFeedback } from './dcm-feedback.js';
import type { FootState } from './foot-state.js';
import type { RecoveryStepOptions } from './stabilizer-options.js';
import { clampToSole, type Foothold, SupportPolygon } from './support-polygon.js';

/** Whether the robot stands or makes a recovery step. */
export const StepPhase = {
  /** Both soles bear. */
  standing: 0,
  /** One foot swings, the other one bears all. */
  swing: 1,
} as const;
export type StepPhase = (typeof StepPhase)[keyof typeof StepPhase];

/** A sole carries load with more than this probability. */
const LOADED = 0.5;
/** A foot has left the floor after this part of the swing: load on it then means that it has landed. */
const CLEAR = 0.5;
/** For this long after a step the next one is the other foot's, s. */
const REST = 0.5;
/** The landing place is updated until so little time is left, s. */
const COMMITTED = 0.06;
/** Nearer to its end than this a path is not planned anew, s: it would take any acceleration. */
const LEAST = 0.02;

/**
 * One step when the capture point leaves the soles. While one foot swings for the time T, the DCM moves away from the
 * centre of pressure p on the other one (Koolen et al.: Capturability-based analysis and control of legged locomotion,
 * IJRR 2012):
 *
 *   ξ(T) = p + (ξ − p)·e^{ωT}
 *
 * There the swing foot lands, as far as it reaches; so the DCM is then inside the soles again. The landing place is
 * updated during the swing. The foot's path has the least jerk from where it is: with the time T left, the way d, the
 * velocity v and the acceleration a,
 *
 *   jerk = 60 d/T³ − 36 v/T² − 9 a/T
 *
 * which is the fifth-order polynomial that ends at rest (Flash and Hogan 1985), planned anew in each cycle. Allocates
 * nothing after construction.
 */
export class RecoveryStep {
  /** Where the soles stand, or the one that swings is to land: left, right, odom. */
  readonly soles: readonly [Foothold, Foothold];
  phase: StepPhase = StepPhase.standing;
  /** Steps made. */
  steps = 0;
  /** Whether the soles stand where a step has put them, and not as the commanded legs would have it. */
  displaced = false;
  readonly #model: BodyModel;
  readonly #options: RecoveryStepOptions;
  readonly #after: SupportPolygon;
  /** The sole that bears while the left, and while the right foot swings. */
  readonly #single: readonly (readonly Foothold[])[];
  readonly #point = new Float64Array(2);
  #swing = 0;
  /** Time since the last landing, s. */
  #rest = REST;
  /** Time since the foot left the floor, s. */
  #time = 0;
  /** The path that the foot is to follow: position, velocity, acceleration. */
  readonly #position = new Float64Array(3);
  readonly #velocity = new Float64Array(3);
  readonly #acceleration = new Float64Array(3);

  constructor(model: BodyModel, options: RecoveryStepOptions) {
    this.#model = model;
    this.#options = options;
    this.#after = new SupportPolygon(model.soleSize);
    const [left, right] = model.feet;
    this.soles = [
      { position: new Float64Array(3), rotation: left.rotation },
      { position: new Float64Array(3), rotation: right.rotation },
    ];
    this.#single = [[right], [left]];
  }

  /** Forgets the step, as the feet hang or a new start puts them side by side. */
  reset(): void {
    this.phase = StepPhase.standing;
    this.displaced = false;
    this.#rest = REST;
  }

  /** The soles that bear. */
  get bearing(): readonly Foothold[] {
    return this.phase === StepPhase.standing ? this.soles : this.#single[this.#swing];
  }

  /**
   * One cycle.
   * @param dcm of the last cycle @param frequency ω, rad/s @param contact probability that each sole carries load
   * @param wrench on each sole in its axes, as last asked for (12) @param able whether a step may begin
   */
  update(
    dcm: DcmFeedback,
    frequency: number,
    contact: Float64Array,
    wrench: Float64Array,
    able: boolean,
    dt: number,
  ): void {
    this.#rest += dt;
    if (this.phase === StepPhase.swing) {
      this.#time += dt;
      if (this.#time > CLEAR * this.#options.time && contact[this.#swing] > LOADED) {
        this.phase = StepPhase.standing;
        this.displaced = true;
        this.#rest = 0;
        this.steps++;
      }
    } else if (able && this.#lost(dcm.captureMargin)) {
      this.#begin(dcm, frequency, contact);
    }
    const { feet } = this.#model;
    const standing = this.phase === StepPhase.standing;
    for (let f = 0; f < 2; f++) if (standing || f !== this.#swing) this.soles[f].position.set(feet[f].position);
    if (standing) return;
    const left = this.#options.time - this.#time;
    if (left > COMMITTED) {
      const support = 1 - this.#swing;
      this.#pressure(feet[support], wrench, 6 * support);
      this.#place(this.#swing, dcm, frequency, left, this.soles[this.#swing].position);
    }
    this.#move(left, dt);
  }

  /** Whether a sole bears: 0 left, 1 right. */
  bears(sole: number): boolean {
    return this.phase === StepPhase.standing || sole !== this.#swing;
  }

  /** Has the foot that swings, if one does, follow its path. */
  swing(task: BodyTask): void {
    if (this.phase === StepPhase.standing) return;
    const { kp, kd } = this.#options.tracking;
    const { position, velocity } = this.#model.feet[this.#swing];
    const out = task.soleAcceleration[this.#swing];
    for (let k = 0; k < 3; k++) {
      out[k] = this.#acceleration[k] + kp * (this.#position[k] - position[k]) + kd * (this.#velocity[k] - velocity[k]);
    }
  }

  /** Whether the body's rotation cannot bring the DCM back any more. @param margin of the DCM to the edge, m */
  #lost(margin: number): boolean {
    const { upright, slope, least, lean, leaning } = this.#options.trigger;
    const tilt = Math.acos(clamp(this.#model.rotation[8], -1, 1));
    return margin < (tilt > lean ? leaning : Math.max(least, upright - slope * tilt));
  }

  /** Takes the foot whose step leaves the DCM deeper inside the soles; the other one has to bear. */
  #begin(dcm: DcmFeedback, frequency: number, contact: Float64Array): void {
    const { feet } = this.#model;
    const last = this.#rest < REST ? this.#swing : -1;
    let best = Number.NEGATIVE_INFINITY;
    for (let swing = 0; swing < 2; swing++) {
      const support = 1 - swing;
      // A foot that has just landed is the one to stand on.
      if (contact[support] < LOADED || swing === last) continue;
      this.soles[support].position.set(feet[support].position);
      this.#point.set(dcm.dcm);
      clampToSole(feet[support], this.#options.pressure, this.#point);
      this.#place(swing, dcm, frequency, this.#options.time, this.soles[swing].position);
      this.#after.update(this.soles);
      const margin = this.#after.margin(this.#point[0], this.#point[1]);
      if (margin <= best) continue;
      best = margin;
      this.#swing = swing;
    }
    if (best === Number.NEGATIVE_INFINITY) return;
    this.phase = StepPhase.swing;
    this.#time = 0;
    this.#position.set(feet[this.#swing].position);
    this.#velocity.fill(0);
    this.#acceleration.fill(0);
  }

  /** #point ← the centre of pressure of a sole: −τy/fz, τx/fz in its axes. */
  #pressure({ position, rotation: r }: FootState, wrench: Float64Array, at: number): void {
    const fz = Math.max(1, wrench[at + 2]);
    const x = -wrench[at + 4] / fz;
    const y = wrench[at + 3] / fz;
    this.#point[0] = position[0] + r[0] * x + r[1] * y;
    this.#point[1] = position[1] + r[3] * x + r[4] * y;
  }

  /**
   * #point, the centre of pressure, ← ξ(T); `out` ← the place within reach of the swing foot that is nearest to it, in
   * the axes of the sole that bears.
   */
  #place(swing: number, { dcm }: DcmFeedback, frequency: number, time: number, out: Float64Array): void {
    const { forward, backward, near, far } = this.#options.reach;
    const { position, rotation: r } = this.#model.feet[1 - swing];
    const growth = Math.exp(frequency * time);
    const point = this.#point;
    for (let k = 0; k < 2; k++) point[k] += growth * (dcm[k] - point[k]);
    const dx = point[0] - position[0];
    const dy = point[1] - position[1];
    const outward = swing === 0 ? 1 : -1;
    const x = clamp(r[0] * dx + r[3] * dy, -backward, forward);
    const y = outward * clamp(outward * (r[1] * dx + r[4] * dy), near, far);
    out[0] = position[0] + r[0] * x + r[1] * y;
    out[1] = position[1] + r[3] * x + r[4] * y;
    out[2] = position[2];
  }

  /** Moves the path on: up to the step's height until half of the time, then down; on down where the floor is late. */
  #move(left: number, dt: number): void {
    const { time, height, descent } = this.#options;
    const place = this.soles[this.#swing].position;
    const rising = left - time / 2;
    for (let k = 0; k < 3; k++) {
      const up = k === 2 && rising > LEAST;
      const goal = up ? place[2] + height : place[k];
      const rest = up ? rising : left;
      const way = goal - this.#position[k];
      const v = this.#velocity[k];
      if (rest > LEAST) {
        const jerk = (60 * way) / rest ** 3 - (36 * v) / rest ** 2 - (9 * this.#acceleration[k]) / rest;
        this.#acceleration[k] += jerk * dt;
      } else {
        this.#velocity[k] = k === 2 ? -descent : 0;
        this.#acceleration[k] = 0;
      }
      this.#position[k] += this.#velocity[k] * dt;
      this.#velocity[k] += this.#acceleration[k] * dt;
    }
  }
}
