import type { BalanceStatus } from '../balance/stabilizer.js';
import type { HoistRequest, Suspension, SuspensionPhase } from '../balance/suspension.js';
import { CycleRing, cycleRingSize } from './cycle-ring.js';
import type { JointCommand, RobotState } from './hardware.js';
import type { JointController } from './joint-controller.js';
import {
  APPLIED,
  type LoopSnapshot,
  MODE_SINCE,
  packSnapshot,
  type SharedLayout,
  snapshotSize,
  unpackSnapshot,
} from './loop-snapshot.js';
import { LoopStatistics, STATISTICS_SIZE } from './loop-statistics.js';
import { monotonicSeconds } from './monotonic-clock.js';
import { ReferencePhase, type Refusal } from './reference.js';
import { readConsistent, SequenceLock } from './sequence-lock.js';
import type { StopMode } from './stop-state.js';
import { TrajectoryBuffer, trajectoryBufferSize } from './trajectory-buffer.js';

/** The 32-bit words that the threads talk through. */
const Word = {
  stateLock: 0,
  referenceLock: 1,
  stopDemanded: 2,
  stopEdge: 3,
  resetRequest: 4,
  resetHandled: 5,
  resetRefusal: 6,
  heartbeat: 7,
  shutdown: 8,
  stopMode: 9,
  stopCauses: 10,
  referencePhase: 11,
  referenceTaken: 12,
  referenceRefused: 13,
  refusal: 14,
  refusalJoint: 15,
  speedAllowed: 16,
  speedScale: 17,
  cycles: 18,
  balancing: 19,
  balanceFallbacks: 20,
  balanceRefusals: 21,
  captureMargin: 22,
  hoistRequest: 23,
  hoistAsked: 24,
  suspension: 25,
  hoistLoad: 26,
  recoverySteps: 27,
} as const;
const WORDS = 32;

/** Shares of the velocity limits are passed on in units of this. */
const SCALE = 1e-6;

/** The margin of capture is passed on in units of this, m. */
const MARGIN = 1e-6;
/** The hoist's load is passed on in units of this, N. */
const LOAD = 1e-3;
/** Whether and how the robot balances, as a word. */
const Balancing = { absent: 0, unsupported: 1, program: 2, fallback: 3 } as const;

/** How the robot keeps its balance. */
export interface BalanceReport {
  /** Whether a sole carries load. */
  readonly supported: boolean;
  /** Whether the fallback stands in for the whole-body program now; how often it has; cycles that were refused. */
  readonly fallback: boolean;
  readonly fallbacks: number;
  readonly refusals: number;
  /** Distance of the divergent component of motion from the soles' edge, m. */
  readonly captureMargin: number;
  /** Recovery steps made. */
  readonly steps: number;
}

/** How the robot is carried. */
export interface SuspensionReport {
  readonly phase: SuspensionPhase;
  /** Force on the hoist's straps, N. */
  readonly load: number;
}

/** What the loop says of itself. */
export interface LoopStatus {
  readonly stopMode: StopMode;
  /** Mask of StopCause. */
  readonly stopCauses: number;
  readonly referencePhase: ReferencePhase;
  /** Trajectories taken, and refused. */
  readonly taken: number;
  readonly refused: number;
  /** Why the last refused one was refused, and the joint it was about (-1: none). */
  readonly refusal: Refusal;
  readonly refusalJoint: number;
  /** Share of the velocity limits in use, 0…1. */
  readonly speedScale: number;
}

/**
 * The memory between the loop's thread and the thread that speaks ROS. State flows out under a sequence lock, the
 * reference flows in under another, requests are single atomic words. Nobody ever waits for the other side.
 */
export class SharedState {
  readonly layout: SharedLayout;
  readonly buffer: SharedArrayBuffer;
  /** Reference: written by the ROS side, read by the loop. */
  readonly trajectory: TrajectoryBuffer;
  /** Measurements of the last cycles: written by the loop. */
  readonly cycles: CycleRing;
  /** Timing: recorded by the loop. */
  readonly statistics: LoopStatistics;
  readonly #words: Int32Array;
  readonly #lock: SequenceLock;
  readonly #shared: Float64Array;
  readonly #private: Float64Array;
  readonly #copyOut: () => void;
  #heartbeat: number;
  #hoistAsked = 0;
  #reset: number;
  /** Trajectories taken at the last publication, and when the loop first followed the latest, s. */
  #taken = 0;
  #applied = 0;
  /** Stop mode at the last publication, and when its first command was written, s. */
  #mode = -1;
  #modeSince = 0;

  /** @param buffer shared by the other side; a new one is allocated when it is left out */
  constructor(layout: SharedLayout, buffer?: SharedArrayBuffer) {
    const { joints, groundTruthSize } = layout;
    const snapshot = snapshotSize(layout);
    const trajectory = trajectoryBufferSize(joints);
    const bytes = 4 * WORDS + 8 * (STATISTICS_SIZE + snapshot + trajectory + cycleRingSize(joints));
    this.layout = { joints, groundTruthSize };
    this.buffer = buffer ?? new SharedArrayBuffer(bytes);
    if (this.buffer.byteLength !== bytes) {
      throw new RangeError(`shared memory has ${this.buffer.byteLength} bytes, this layout needs ${bytes}`);
    }
    this.#words = new Int32Array(this.buffer, 0, WORDS);
    const doubles = new Float64Array(this.buffer, 4 * WORDS);
    this.statistics = new LoopStatistics(doubles.subarray(0, STATISTICS_SIZE));
    this.#shared = doubles.subarray(STATISTICS_SIZE, STATISTICS_SIZE + snapshot);
    this.#private = new Float64Array(snapshot);
    this.trajectory = new TrajectoryBuffer(
      this.#words,
      Word.referenceLock,
      doubles.subarray(STATISTICS_SIZE + snapshot, STATISTICS_SIZE + snapshot + trajectory),
      joints,
    );
    const ring = doubles.subarray(STATISTICS_SIZE + snapshot + trajectory);
    this.cycles = new CycleRing(this.#words, Word.cycles, ring, joints);
    this.#lock = new SequenceLock(this.#words, Word.stateLock);
    this.#copyOut = () => this.#private.set(this.#shared);
    this.#heartbeat = Atomics.load(this.#words, Word.heartbeat);
    this.#reset = Atomics.load(this.#words, Word.resetRequest);
    if (buffer === undefined) {
      this.allowSpeed(1);
      Atomics.store(this.#words, Word.speedScale, 1 / SCALE);
    }
  }

  // The ROS side.

  /**
   * Copies the loop's latest cycle into `out`.
   * @returns false when no cycle has been published yet, or none was to be had now: `out` is as before
   */
  readSnapshot(out: LoopSnapshot): boolean {
    const sequence = readConsistent(this.#lock, this.#copyOut);
    if (sequence <= 0) return false;
    unpackSnapshot(this.#private, out);
    return true;
  }

  readStatus(): LoopStatus {
    const words = this.#words;
    return {
      stopMode: Atomics.load(words, Word.stopMode) as StopMode,
      stopCauses: Atomics.load(words, Word.stopCauses),
      referencePhase: Atomics.load(words, Word.referencePhase) as ReferencePhase,
      taken: Atomics.load(words, Word.referenceTaken),
      refused: Atomics.load(words, Word.referenceRefused),
      refusal: Atomics.load(words, Word.refusal) as Refusal,
      refusalJoint: Atomics.load(words, Word.refusalJoint),
      speedScale: Atomics.load(words, Word.speedScale) * SCALE,
    };
  }

  /** How the robot keeps its balance; undefined where something else holds it. */
  readBalance(): BalanceReport | undefined {
    const words = this.#words;
    const balancing = Atomics.load(words, Word.balancing);
    if (balancing === Balancing.absent) return undefined;
    return {
      supported: balancing !== Balancing.unsupported,
      fallback: balancing === Balancing.fallback,
      fallbacks: Atomics.load(words, Word.balanceFallbacks),
      refusals: Atomics.load(words, Word.balanceRefusals),
      captureMargin: Atomics.load(words, Word.captureMargin) * MARGIN,
      steps: Atomics.load(words, Word.recoverySteps),
    };
  }

  /** How the robot is carried. */
  readSuspension(): SuspensionReport {
    return {
      phase: Atomics.load(this.#words, Word.suspension) as SuspensionPhase,
      load: Atomics.load(this.#words, Word.hoistLoad) * LOAD,
    };
  }

  /** Asks something of the hoist; to be asked again and again, see `Suspension.ask`. */
  askHoist(request: HoistRequest): void {
    Atomics.store(this.#words, Word.hoistRequest, request);
    Atomics.add(this.#words, Word.hoistAsked, 1);
  }

  /** Demands a stop for as long as the demand stands; one that is withdrawn at once is acted upon too. */
  demandStop(mode: StopMode): void {
    Atomics.store(this.#words, Word.stopDemanded, mode);
    if (mode !== 0) Atomics.or(this.#words, Word.stopEdge, 1 << mode);
  }

  /** Allows a share of the velocity limits, 0…1; without a word on it, all of them. */
  allowSpeed(scale: number): void {
    Atomics.store(this.#words, Word.speedAllowed, Math.round(scale / SCALE));
  }

  /** Asks for a stop once; a demand that stands is left as it is. */
  raiseStop(mode: StopMode): void {
    Atomics.or(this.#words, Word.stopEdge, 1 << mode);
  }

  /** Asks for a reset of the loop's stop. @returns a ticket for `resetOutcome` */
  requestReset(): number {
    return Atomics.add(this.#words, Word.resetRequest, 1) + 1;
  }

  /** @returns undefined while the reset is pending, 0 when it was done, else the mask of StopCause that forbid it */
  resetOutcome(ticket: number): number | undefined {
    if (Atomics.load(this.#words, Word.resetHandled) < ticket) return undefined;
    return Atomics.load(this.#words, Word.resetRefusal);
  }

  /** Passes a sign of life from the safety monitor on. */
  heartbeat(): void {
    Atomics.add(this.#words, Word.heartbeat, 1);
  }

  /** Signs of life so far. */
  get wordsHeard(): number {
    return Atomics.load(this.#words, Word.heartbeat);
  }

  /** Asks the loop to stop the robot, disable it and end. */
  requestShutdown(): void {
    Atomics.store(this.#words, Word.shutdown, 1);
  }

  // The loop's side: real-time safe.

  get shutdownRequested(): boolean {
    return Atomics.load(this.#words, Word.shutdown) !== 0;
  }

  /** Hands the requests that have come to the controller. */
  takeRequests(controller: JointController): void {
    const words = this.#words;
    const heartbeat = Atomics.load(words, Word.heartbeat);
    if (heartbeat !== this.#heartbeat) controller.heartbeat();
    this.#heartbeat = heartbeat;
    const edge = Atomics.exchange(words, Word.stopEdge, 0);
    if (edge !== 0) controller.demandStop((31 - Math.clz32(edge)) as StopMode);
    controller.demandStop(Atomics.load(words, Word.stopDemanded) as StopMode);
    controller.allowSpeed(Atomics.load(words, Word.speedAllowed) * SCALE);
    // A stop that was demanded and withdrawn since the last cycle is acted upon in this one, and reset in the next.
    if (edge !== 0) return;
    const request = Atomics.load(words, Word.resetRequest);
    if (request !== this.#reset) controller.requestReset();
    this.#reset = request;
  }

  /** Publishes how the robot keeps its balance. */
  publishBalance(status: BalanceStatus): void {
    const words = this.#words;
    const { supported, fallback, fallbacks, refusals, captureMargin, steps } = status;
    const balancing = fallback ? Balancing.fallback : Balancing.program;
    Atomics.store(words, Word.balancing, supported ? balancing : Balancing.unsupported);
    Atomics.store(words, Word.balanceFallbacks, fallbacks);
    Atomics.store(words, Word.balanceRefusals, refusals);
    Atomics.store(words, Word.captureMargin, Math.round(captureMargin / MARGIN));
    Atomics.store(words, Word.recoverySteps, steps);
  }

  /** Hands what was asked of the hoist since the last cycle on. */
  takeHoistRequest(suspension: Suspension, time: number): void {
    const asked = Atomics.load(this.#words, Word.hoistAsked);
    if (asked !== this.#hoistAsked) suspension.ask(Atomics.load(this.#words, Word.hoistRequest) as HoistRequest, time);
    this.#hoistAsked = asked;
  }

  /** Publishes how the robot is carried. */
  publishSuspension({ phase, load }: Suspension): void {
    Atomics.store(this.#words, Word.suspension, phase);
    Atomics.store(this.#words, Word.hoistLoad, Math.round(load / LOAD));
  }

  /** Publishes a cycle. */
  publish(state: RobotState, command: JointCommand, controller: JointController, groundTruth: Float64Array): void {
    const { taken, phase } = controller.reference;
    if (taken !== this.#taken) this.#applied = monotonicSeconds();
    this.#taken = taken;
    if (controller.stop.mode !== this.#mode) this.#modeSince = monotonicSeconds();
    this.#mode = controller.stop.mode;
    this.#lock.beginWrite();
    packSnapshot(this.#shared, state, command, controller, groundTruth);
    this.#shared[APPLIED] = phase === ReferencePhase.none ? 0 : this.#applied;
    this.#shared[MODE_SINCE] = this.#modeSince;
    this.#lock.endWrite();
    const words = this.#words;
    const { stop, reference } = controller;
    if (this.#reset !== Atomics.load(words, Word.resetHandled)) {
      Atomics.store(words, Word.resetRefusal, controller.resetRefusal);
      Atomics.store(words, Word.resetHandled, this.#reset);
    }
    Atomics.store(words, Word.stopMode, stop.mode);
    Atomics.store(words, Word.stopCauses, stop.causes);
    Atomics.store(words, Word.speedScale, Math.round(controller.speedScale / SCALE));
    Atomics.store(words, Word.referencePhase, reference.phase);
    Atomics.store(words, Word.referenceTaken, reference.taken);
    Atomics.store(words, Word.referenceRefused, reference.refused);
    Atomics.store(words, Word.refusal, reference.refusal);
    Atomics.store(words, Word.refusalJoint, reference.refusalJoint);
  }
}
