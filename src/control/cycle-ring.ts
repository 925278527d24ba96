import { createRobotState, type RobotState } from './hardware.js';

/** Cycles that the ring keeps. */
export const CYCLE_RING_CAPACITY = 64;
/** Time, elapsed time, orientation, angular velocity, acceleration, two wrenches. */
const FIXED = 2 + 4 + 3 + 3 + 6 + 6;

/** What the loop measured in one cycle. */
export interface MeasuredCycle {
  /** Efforts are not recorded. */
  readonly state: RobotState;
  /** Time that passed for the robot since the cycle before, s. */
  elapsed: number;
}

/** Allocates a zeroed cycle. */
export function createMeasuredCycle(joints: number): MeasuredCycle {
  return { state: createRobotState(joints), elapsed: 0 };
}

/** Doubles of shared memory that a ring needs. */
export function cycleRingSize(joints: number): number {
  return CYCLE_RING_CAPACITY * (FIXED + 2 * joints);
}

/**
 * The measurements of the last cycles, for those who need every one of them but not at once. The loop's thread writes
 * and never waits; another reads, and learns which cycles it came too late for. Cycles are counted from 0; the counter
 * in shared memory wraps at 2³², which takes 49 days and is not noticed.
 */
export class CycleRing {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #doubles: Float64Array;
  readonly #stride: number;
  readonly #joints: number;

  /** @param words shared 32-bit words @param index the word that counts cycles @param doubles `cycleRingSize` of them */
  constructor(words: Int32Array, index: number, doubles: Float64Array, joints: number) {
    this.#words = words;
    this.#index = index;
    this.#doubles = doubles;
    this.#stride = FIXED + 2 * joints;
    this.#joints = joints;
  }

  /** Cycles written, modulo 2³². */
  get count(): number {
    return Atomics.add(this.#words, this.#index, 0) >>> 0;
  }

  /** Loop: counts from 0 again, because nothing leads from the last cycle to the next one. Real-time safe. */
  restart(): void {
    Atomics.store(this.#words, this.#index, 0);
  }

  /** Loop: adds a cycle. @param elapsed time since the one before, s. Real-time safe. */
  write(state: RobotState, elapsed: number): void {
    const to = this.#doubles;
    let at = (this.count % CYCLE_RING_CAPACITY) * this.#stride;
    to[at++] = state.time;
    to[at++] = elapsed;
    to.set(state.position, at);
    at += this.#joints;
    to.set(state.velocity, at);
    at += this.#joints;
    to.set(state.orientation, at);
    at += 4;
    to.set(state.angularVelocity, at);
    at += 3;
    to.set(state.linearAcceleration, at);
    at += 3;
    to.set(state.leftFootWrench, at);
    at += 6;
    to.set(state.rightFootWrench, at);
    Atomics.add(this.#words, this.#index, 1);
  }

  /**
   * Copies the cycle with number `cycle` into `out`.
   * @returns false when it is not there yet or no more; `out` is of no use then
   */
  read(cycle: number, out: MeasuredCycle): boolean {
    if (!this.#holds(cycle)) return false;
    const from = this.#doubles;
    const { state } = out;
    let at = (cycle % CYCLE_RING_CAPACITY) * this.#stride;
    state.time = from[at++];
    out.elapsed = from[at++];
    at = take(from, at, state.position);
    at = take(from, at, state.velocity);
    at = take(from, at, state.orientation);
    at = take(from, at, state.angularVelocity);
    at = take(from, at, state.linearAcceleration);
    at = take(from, at, state.leftFootWrench);
    take(from, at, state.rightFootWrench);
    return this.#holds(cycle);
  }

  /** The place of the oldest cycle is the one being written to. */
  #holds(cycle: number): boolean {
    const age = (this.count - cycle) >>> 0;
    return age >= 1 && age < CYCLE_RING_CAPACITY;
  }
}

function take(from: Float64Array, at: number, values: Float64Array): number {
  for (let i = 0; i < values.length; i++) values[i] = from[at + i];
  return at + values.length;
}
