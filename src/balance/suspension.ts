import type { RobotState } from '../control/hardware.js';
import type { Hoist } from '../control/hoist.js';
import { clamp } from '../control/limits.js';
import { minimumJerk } from '../math/minimum-jerk.js';
import { GRAVITY } from './body-model.js';

/** What is asked of the hoist. */
export const HoistRequest = {
  /** Stay as it is. */
  hold: 0,
  /** Lift the robot until it hangs. */
  hang: 1,
  /** Put it back onto its feet. */
  stand: 2,
} as const;
export type HoistRequest = (typeof HoistRequest)[keyof typeof HoistRequest];

/** How the robot is carried. */
export const SuspensionPhase = {
  /** There is no hoist. */
  absent: 0,
  /** By its feet; the straps are slack. */
  standing: 1,
  /** By both, on the way up or down, or held in between. */
  between: 2,
  /** By the hoist, clear of the floor. */
  hanging: 3,
} as const;
export type SuspensionPhase = (typeof SuspensionPhase)[keyof typeof SuspensionPhase];

/** Whether the hoist bears the robot, or a part of its weight. */
export function isCarried(phase: number): boolean {
  return phase === SuspensionPhase.between || phase === SuspensionPhase.hanging;
}

/** Largest speed of the straps, m/s, and what it changes by, m/s². */
const SPEED = 0.04;
const ACCELERATION = 0.08;
/** Shares of the weight: with which the straps are taut, the soles have landed, and count as clear of the floor. */
const TAUT = 0.05;
const LANDED = 0.3;
const CLEAR = 0.05;
/** Time over which balance and joint posture change places, s. */
const HANDOVER = 1.5;
/** From there on the feet are lifted by this much, m. */
const CLEARANCE = 0.05;
/** Straps that bear less are let go, N. */
const SLACK = 5;
/** Time constant of the soles' and the straps' forces, s. */
const FILTER = 0.05;
/** The straps are never moved further than this from where they were taken up, m. */
const REACH = 0.25;
/** What is asked holds for this long, s: whoever asks has to go on asking. */
const PATIENCE = 0.5;
/** Nearer than this to its goal the hoist has arrived, m. */
const ARRIVED = 1e-3;

/**
 * Hangs the robot up and puts it back onto its feet. What is to be done follows from the forces alone, so that it may be
 * held and turned round anywhere:
 *
 *   hang:   straps taut → balance hands over to joint posture → lift until the soles carry nothing, and a little higher
 *   stand:  lower until both soles carry → joint posture hands over to balance → pay out until the straps are slack
 *
 * During a handover the hoist stands still. Its speed changes by a bounded acceleration. Where nobody asks any more, it
 * comes to rest and holds. Real-time safe.
 */
export class Suspension {
  readonly #hoist: Hoist;
  readonly #weight: number;
  #request: HoistRequest = HoistRequest.hold;
  #asked = Number.NEGATIVE_INFINITY;
  /** 1: balance alone, 0: joint posture alone; how far the handover is. */
  #handed = 1;
  #attached = false;
  #rate = 0;
  #soles = 0;
  #lesser = 0;
  #load = 0;
  /** Straps drawn in when the soles came clear of the floor; NaN while they are not. */
  #clearAt = Number.NaN;

  /** @param mass of the robot, kg */
  constructor(hoist: Hoist, mass: number) {
    this.#hoist = hoist;
    this.#weight = mass * GRAVITY;
  }

  /** Share of balance in what the drives are told: 1 on the feet, 0 while it hangs. */
  get share(): number {
    return minimumJerk(this.#handed);
  }

  get phase(): SuspensionPhase {
    if (!this.#attached) return SuspensionPhase.standing;
    return this.#handed === 0 && this.#height >= CLEARANCE - ARRIVED
      ? SuspensionPhase.hanging
      : SuspensionPhase.between;
  }

  /** Force on the straps, N. */
  get load(): number {
    return this.#load;
  }

  /** Starts anew with slack straps. */
  start(): void {
    this.#hoist.detach();
    this.#attached = false;
    this.#handed = 1;
    this.#rate = 0;
    this.#clearAt = Number.NaN;
    this.#request = HoistRequest.hold;
  }

  /** Asks for something, which holds for half a second. @param time s, on the clock of `update` */
  ask(request: HoistRequest, time: number): void {
    this.#request = request;
    this.#asked = time;
  }

  /** One cycle. @param time s @param dt time that passed for the robot since the last one, s */
  update(time: number, state: RobotState, dt: number): void {
    const gain = dt / (FILTER + dt);
    const left = state.leftFootWrench[2];
    const right = state.rightFootWrench[2];
    if (Number.isFinite(left + right)) {
      this.#soles += gain * (left + right - this.#soles);
      this.#lesser += gain * (Math.min(left, right) - this.#lesser);
    }
    this.#load += gain * (this.#hoist.load - this.#load);
    if (time - this.#asked > PATIENCE) this.#request = HoistRequest.hold;
    let goal = 0;
    if (this.#request === HoistRequest.hang) goal = this.#lift(dt);
    else if (this.#request === HoistRequest.stand) goal = this.#lower(dt);
    this.#move(goal, dt);
  }

  /** Height of the soles above where they came clear, m. */
  get #height(): number {
    return Number.isNaN(this.#clearAt) ? 0 : this.#hoist.drawn - this.#clearAt;
  }

  /** @returns how fast the straps are to be drawn in, m/s */
  #lift(dt: number): number {
    if (!this.#attached) {
      this.#hoist.attach();
      this.#attached = true;
    }
    if (this.#handed > 0) {
      if (this.#handed === 1 && this.#load < TAUT * this.#weight) return SPEED;
      this.#handed = Math.max(0, this.#handed - dt / HANDOVER);
      return 0;
    }
    if (Number.isNaN(this.#clearAt)) {
      if (this.#soles > CLEAR * this.#weight) return SPEED;
      this.#clearAt = this.#hoist.drawn;
    }
    return this.#approach(CLEARANCE - this.#height);
  }

  #lower(dt: number): number {
    if (!this.#attached) return 0;
    if (this.#handed < 1) {
      const landed = this.#soles > LANDED * this.#weight && this.#lesser > 0.25 * LANDED * this.#weight;
      if (this.#handed === 0 && !landed) return -SPEED;
      this.#clearAt = Number.NaN;
      this.#handed = Math.min(1, this.#handed + dt / HANDOVER);
      return 0;
    }
    if (this.#load > SLACK) return -SPEED;
    this.#hoist.detach();
    this.#attached = false;
    return 0;
  }

  /** The speed from which the hoist comes to rest after `way`, v = √(2·a·s). */
  #approach(way: number): number {
    return way > ARRIVED ? Math.min(SPEED, Math.sqrt(2 * ACCELERATION * way)) : 0;
  }

  #move(goal: number, dt: number): void {
    const beyond = Math.abs(this.#hoist.drawn) > REACH && goal * this.#hoist.drawn > 0;
    const step = ACCELERATION * dt;
    this.#rate += clamp((beyond ? 0 : goal) - this.#rate, -step, step);
    if (this.#attached && this.#rate !== 0) this.#hoist.draw(this.#rate * dt);
  }
}
