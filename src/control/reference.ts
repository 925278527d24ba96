import { EaseIn } from './ease-in.js';
import { allFinite } from './limits.js';
import { createJointTrajectory, type JointSample, type JointTrajectory, sampleTrajectory } from './trajectory.js';
import type { TrajectoryBuffer } from './trajectory-buffer.js';

/** How the reference stands. */
export const ReferencePhase = {
  /** No trajectory since the start or the last reset. */
  none: 0,
  /** Trajectories arrive in time. */
  fresh: 1,
  /** Planner cycles were missed: playback slows down along the path. */
  degraded: 2,
  /** The last point is reached and held. */
  exhausted: 3,
} as const;
export type ReferencePhase = (typeof ReferencePhase)[keyof typeof ReferencePhase];

/** Why a trajectory was not taken. */
export const Refusal = {
  none: 0,
  /** A value is not finite, or times do not increase. */
  invalid: 1,
  /** It starts too far from the present command. */
  jump: 2,
  /** It ended before it arrived. */
  outdated: 3,
  /** It starts more than a second ahead. */
  early: 4,
  /** It is the first one after the start or a stop, and does not start at rest from the present command. */
  moving: 5,
} as const;
export type Refusal = (typeof Refusal)[keyof typeof Refusal];

const REFUSAL_TEXT: readonly string[] = [
  '',
  'a value is not finite, or its times do not increase',
  'it starts too far from the present command: plan from the commanded posture',
  'its last point lies in the past: check the clocks and the latency of the planner',
  'it starts more than a second ahead: check the clocks',
  'the first one after the start or a stop must start at rest from the commanded posture',
];

/** Says in words why a trajectory was refused. @param joint the joint that it is about, if it is about one */
export function describeRefusal(refusal: number, joint?: string): string {
  const text = REFUSAL_TEXT[refusal] ?? `unknown refusal ${refusal}`;
  return joint === undefined ? text : `${joint}: ${text}`;
}

export interface ReferenceOptions {
  /** Age of the last trajectory from which on playback slows down, s: a few planner cycles. */
  readonly degradeAfter: number;
  /** Age of the last trajectory from which on the reference counts as lost, s. */
  readonly timeout: number;
}

export const REFERENCE_DEFAULTS: ReferenceOptions = { degradeAfter: 0.05, timeout: 0.25 };

/** A jump to a new trajectory is bridged if it takes at most this long at the velocity limit, s; else refused. */
const BRIDGE_TIME = 0.3;
/** Playback slows down over the last part of a trajectory that nothing follows, s of path. */
const SLOW_DOWN = 0.15;
const EARLIEST = 1;
/** At rest, and where the command is, is what is nearer than this: rad and rad/s. */
const AT_REST = 0.1;

/**
 * Follows the stream of trajectories: takes over each new one where the clock stands in it, refuses what is
 * implausible, and plays the last one on when the planner falls silent. It then slows down along the planned path and
 * comes to rest on the last point, instead of stopping short or running past it:
 * playback time σ runs at the rate s = 1 − τ/T, so σ = σ₀ + τ − τ²/(2T), with T = 2·(σ_end − σ₀).
 *
 * The first trajectory after the start or a stop has to start at rest near the command, and is eased in.
 *
 * Real-time safe; nothing is allocated after construction.
 */
export class ReferenceFollower {
  readonly #buffer: TrajectoryBuffer;
  readonly #options: ReferenceOptions;
  readonly #reach: Float64Array;
  readonly #velocityLimit: Float64Array;
  readonly #start: JointSample;
  readonly #easeIn: EaseIn;
  #active: JointTrajectory;
  #spare: JointTrajectory;
  #first = 1;
  #arrival = 0;
  #phase: ReferencePhase = ReferencePhase.none;
  #refusal: Refusal = Refusal.none;
  #refusalJoint = -1;
  #refused = 0;
  #taken = 0;

  /** @param velocityLimit rad/s, one a joint: sets how large a jump may be bridged */
  constructor(buffer: TrajectoryBuffer, velocityLimit: Float64Array, options: ReferenceOptions = REFERENCE_DEFAULTS) {
    const { joints, capacity } = buffer;
    this.#buffer = buffer;
    this.#options = options;
    this.#velocityLimit = Float64Array.from(velocityLimit);
    this.#reach = velocityLimit.map((limit) => limit * BRIDGE_TIME);
    this.#easeIn = new EaseIn(joints);
    // Row 0 is kept for the command at the time a trajectory that starts later was taken over.
    this.#active = createJointTrajectory(joints, capacity + 1);
    this.#spare = createJointTrajectory(joints, capacity + 1);
    this.#start = {
      position: new Float64Array(joints),
      velocity: new Float64Array(joints),
      effort: new Float64Array(joints),
    };
  }

  get phase(): ReferencePhase {
    return this.#phase;
  }

  /** Why the last refused trajectory was refused. */
  get refusal(): Refusal {
    return this.#refusal;
  }

  /** The joint that the refusal is about, else -1. */
  get refusalJoint(): number {
    return this.#refusalJoint;
  }

  /** Trajectories refused so far. */
  get refused(): number {
    return this.#refused;
  }

  /** Trajectories taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Stamp of the trajectory being played, s; 0 when there is none. */
  get stamp(): number {
    return this.#phase === ReferencePhase.none ? 0 : this.#active.stamp;
  }

  /** Whether trajectories came and then stayed away for longer than the timeout and than the last one lasts. */
  lost(time: number): boolean {
    if (this.#phase === ReferencePhase.none) return false;
    return time - this.#arrival > this.#options.timeout && time > this.#active.time[this.#active.count - 1];
  }

  /**
   * Forgets the trajectory. Motion must not go on where it was cut off, nor where the robot was before it was switched
   * on or placed elsewhere, so the next trajectory has to start at rest from the command, as that of a planner does
   * that knows of it.
   */
  clear(): void {
    this.#phase = ReferencePhase.none;
  }

  /** Looks at what has come and drops it. */
  discard(): void {
    this.#buffer.read(this.#spare, 1);
  }

  /**
   * Takes a new trajectory over, if one has come and is plausible.
   * @param command the present command, from which the new trajectory must be within reach
   * @returns why it was refused, Refusal.none if it was taken or none has come
   */
  poll(time: number, command: JointSample): Refusal {
    if (!this.#buffer.read(this.#spare, 1)) return Refusal.none;
    this.#refusalJoint = -1;
    const refusal = this.#judge(time, command);
    if (refusal !== Refusal.none) {
      this.#refusal = refusal;
      this.#refused++;
      return refusal;
    }
    const next = this.#spare;
    this.#spare = this.#active;
    this.#active = next;
    const first = this.#phase === ReferencePhase.none;
    if (first) this.#easeIn.start(time, this.#start.position, command.position);
    // A first trajectory that starts later holds its first point until then.
    this.#first = time < next.time[1] && !first ? 0 : 1;
    this.#arrival = time;
    this.#phase = ReferencePhase.fresh;
    this.#taken++;
    return Refusal.none;
  }

  /** Fills `out` with the reference at `time`; leaves it alone when there is none. */
  sample(time: number, out: JointSample): void {
    if (this.#phase === ReferencePhase.none) return;
    const trajectory = this.#active;
    const end = trajectory.time[trajectory.count - 1];
    const slow = Math.max(this.#arrival + this.#options.degradeAfter, end - SLOW_DOWN);
    let playback = time;
    let rate = 1;
    this.#phase = ReferencePhase.fresh;
    if (time - this.#arrival > this.#options.degradeAfter) this.#phase = ReferencePhase.degraded;
    if (time > slow && slow < end) {
      const duration = 2 * (end - slow);
      const elapsed = Math.min(time - slow, duration);
      playback = slow + elapsed - (elapsed * elapsed) / (2 * duration);
      rate = 1 - elapsed / duration;
    }
    if (playback >= end || rate <= 0) this.#phase = ReferencePhase.exhausted;
    sampleTrajectory(trajectory, playback, out, this.#first);
    if (rate < 1) for (let j = 0; j < out.velocity.length; j++) out.velocity[j] *= rate;
    this.#easeIn.apply(time, out);
  }

  #judge(time: number, command: JointSample): Refusal {
    const next = this.#spare;
    const first = this.#phase === ReferencePhase.none;
    const { joints, count } = next;
    for (let k = 1; k < count; k++) {
      if (!Number.isFinite(next.time[k]) || (k > 1 && next.time[k] <= next.time[k - 1])) return Refusal.invalid;
    }
    // Row 0 becomes the present command.
    next.time[0] = time;
    for (let j = 0; j < joints; j++) {
      next.position[j] = command.position[j];
      next.velocity[j] = command.velocity[j];
      next.effort[j] = command.effort[j];
    }
    const size = count * joints;
    if (!(allFinite(next.position, size) && allFinite(next.velocity, size) && allFinite(next.effort, size))) {
      return Refusal.invalid;
    }
    if (next.time[count - 1] < time) return Refusal.outdated;
    const wait = Math.max(0, next.time[1] - time);
    if (wait > EARLIEST) return Refusal.early;
    sampleTrajectory(next, Math.max(time, next.time[1]), this.#start, 1);
    for (let j = 0; j < joints; j++) {
      const jump = Math.abs(this.#start.position[j] - command.position[j]);
      if (jump > this.#reach[j] + this.#velocityLimit[j] * wait) {
        this.#refusalJoint = j;
        return Refusal.jump;
      }
      if (first && (jump > AT_REST || Math.abs(this.#start.velocity[j]) > AT_REST)) {
        this.#refusalJoint = j;
        return Refusal.moving;
      }
    }
    return Refusal.none;
  }
}
