import type { JointCommand, RobotState } from './hardware.js';
import { checkJointParameters, type JointParameters } from './joint-parameters.js';
import { allFinite, CommandLimiter } from './limits.js';
import { JointPid } from './pid.js';
import { REFERENCE_DEFAULTS, ReferenceFollower, type ReferenceOptions, ReferencePhase, Refusal } from './reference.js';
import { StopCause, StopMode, StopState } from './stop-state.js';
import { createJointSample, type JointSample } from './trajectory.js';
import type { TrajectoryBuffer } from './trajectory-buffer.js';

export interface ControllerOptions {
  /** Nominal cycle, s. */
  readonly period: number;
  readonly reference: ReferenceOptions;
  /**
   * Longest silence of the safety monitor, s, before a protective stop; until it is first heard, trajectories are not
   * followed. Infinity where no monitor runs (lock-step evaluation).
   */
  readonly heartbeatTimeout: number;
}

export const CONTROLLER_DEFAULTS: ControllerOptions = {
  period: 0.001,
  reference: REFERENCE_DEFAULTS,
  heartbeatTimeout: 0.5,
};

/** After a stall the command moves on by at most this many cycles at once. */
const MAX_CYCLES_AT_ONCE = 4;

/**
 * What the robot does each cycle: reference → limits → PID → command, with the watchdogs and the stop reaction. The
 * same class runs in the 1 kHz thread and in the lock-step evaluation; its output depends on its inputs only.
 *
 * Without a trajectory the posture is held. Every stop latches (see StopState); after a reset the posture is held
 * until a new trajectory comes: from a protective stop the commanded posture, from an emergency stop the measured one,
 * so that nothing jumps.
 *
 * Real-time safe; nothing is allocated after construction.
 */
export class JointController {
  readonly #options: ControllerOptions;
  readonly #names: readonly string[];
  readonly #reference: ReferenceFollower;
  readonly #limiter: CommandLimiter;
  readonly #pid: JointPid;
  readonly #stop = new StopState();
  readonly #target: JointSample;
  readonly #measured: Float64Array;
  #demanded: StopMode = StopMode.running;
  #edge: StopMode = StopMode.running;
  #shutdown = false;
  #resetRequested = false;
  #resetRefusal = 0;
  #heartbeat = Number.NaN;
  #beat = false;
  #time = Number.NaN;
  #mode: StopMode = StopMode.running;

  /**
   * @param buffer where trajectories arrive
   * @throws Error naming a bad parameter, or a buffer for another number of joints
   */
  constructor(parameters: JointParameters, buffer: TrajectoryBuffer, options: ControllerOptions = CONTROLLER_DEFAULTS) {
    checkJointParameters(parameters);
    const joints = parameters.names.length;
    if (buffer.joints !== joints) {
      throw new Error(`trajectory buffer is for ${buffer.joints} joints, the robot has ${joints}`);
    }
    this.#options = options;
    this.#names = parameters.names;
    this.#reference = new ReferenceFollower(buffer, parameters.velocityLimit, options.reference);
    this.#limiter = new CommandLimiter(parameters);
    this.#pid = new JointPid(parameters);
    this.#target = createJointSample(joints);
    this.#measured = new Float64Array(joints);
  }

  /** The reference's phase, age and refusals. */
  get reference(): ReferenceFollower {
    return this.#reference;
  }

  /** The latched stop state. */
  get stop(): StopState {
    return this.#stop;
  }

  /** Torques asked of the joints in the last cycle, N·m; a live view. */
  get torque(): Float64Array {
    return this.#pid.demand;
  }

  /**
   * Starts from the first measurement: holds the posture in which the robot was found.
   * @throws Error naming a joint whose position is not finite
   */
  start(state: RobotState): void {
    const bad = state.position.findIndex((position) => !Number.isFinite(position));
    if (bad >= 0) {
      throw new Error(`first measured position of ${this.#names[bad]} is ${state.position[bad]}: check its encoder`);
    }
    this.#measured.set(state.position);
    this.#restart();
    this.#time = Number.NaN;
  }

  /** The stop that the safety monitor demands, for as long as it does. */
  demandStop(mode: StopMode): void {
    this.#demanded = mode;
    if (mode > this.#edge) this.#edge = mode;
  }

  /** Decelerates and holds for good: the loop is about to end. */
  shutDown(): void {
    this.#shutdown = true;
  }

  /** A sign of life from the safety monitor; its time is that of the next cycle. */
  heartbeat(): void {
    this.#beat = true;
  }

  /** Asks for a stop to be unlatched; the next cycle decides, on the causes present then. */
  requestReset(): void {
    this.#resetRequested = true;
  }

  /** 0 when the last reset was done, else the mask of StopCause that persisted and forbade it. */
  get resetRefusal(): number {
    return this.#resetRefusal;
  }

  /**
   * One cycle.
   * @param time of the cycle, s, on the loop's clock @param state measured @param command filled
   */
  update(time: number, state: RobotState, command: JointCommand): void {
    const { period } = this.#options;
    const elapsed = time - this.#time;
    const dt = elapsed > 0 ? Math.min(elapsed, MAX_CYCLES_AT_ONCE * period) : period;
    this.#time = time;
    this.#watch(time, state);
    if (this.#resetRequested) this.#reset();
    this.#follow(time);

    if (this.#stop.mode === StopMode.damping) {
      this.#damp(command);
      return;
    }
    this.#limiter.track(this.#target, dt);
    this.#pid.command(this.#limiter.command, state.position, state.velocity, dt, command);
    if (!(allFinite(command.position) && allFinite(command.velocity) && allFinite(command.effort))) {
      this.#stop.raise(StopCause.commandNotFinite);
      this.#damp(command);
    }
  }

  /** Raises the causes that are present in this cycle. */
  #watch(time: number, state: RobotState): void {
    const stop = this.#stop;
    stop.beginCycle();
    if (allFinite(state.position) && allFinite(state.velocity)) this.#measured.set(state.position);
    else stop.raise(StopCause.stateNotFinite);
    if (this.#beat) this.#heartbeat = time;
    this.#beat = false;
    if (time - this.#heartbeat > this.#options.heartbeatTimeout) stop.raise(StopCause.heartbeatTimeout);
    const demanded = Math.max(this.#demanded, this.#edge);
    this.#edge = StopMode.running;
    if (demanded === StopMode.hold) stop.raise(StopCause.protectiveStop);
    if (demanded === StopMode.damping) stop.raise(StopCause.emergencyStop);
    if (this.#shutdown) stop.raise(StopCause.shutdown);
  }

  #reset(): void {
    this.#resetRequested = false;
    const before = this.#stop.mode;
    this.#resetRefusal = this.#stop.reset();
    if (this.#resetRefusal !== 0 || before === StopMode.running) return;
    this.#reference.clear();
    if (before === StopMode.damping) this.#restart();
    this.#mode = StopMode.running;
  }

  /** Chooses the target of this cycle. */
  #follow(time: number): void {
    const monitored = this.#options.heartbeatTimeout === Infinity || !Number.isNaN(this.#heartbeat);
    if (this.#stop.mode === StopMode.running && monitored) {
      if (this.#reference.poll(time, this.#limiter.command) === Refusal.invalid) {
        this.#stop.raise(StopCause.referenceInvalid);
      } else if (this.#reference.lost(time)) {
        this.#stop.raise(StopCause.referenceTimeout);
      }
    } else {
      this.#reference.discard();
    }
    if (this.#stop.mode === StopMode.running) {
      if (this.#reference.phase !== ReferencePhase.none) this.#reference.sample(time, this.#target);
    } else if (this.#mode === StopMode.running) {
      // Protective stop: brake every joint as fast as its limits allow, and stay there.
      this.#limiter.stoppingPosture(this.#target.position);
      this.#target.velocity.fill(0);
      this.#target.effort.set(this.#limiter.command.effort);
    }
    this.#mode = this.#stop.mode;
  }

  /** Emergency stop; the commanded posture is the measured one, with no stiffness behind it. */
  #damp(command: JointCommand): void {
    this.#mode = StopMode.damping;
    this.#pid.damp(this.#measured, command);
  }

  #restart(): void {
    this.#limiter.start(this.#measured);
    this.#limiter.stoppingPosture(this.#target.position);
    this.#target.velocity.fill(0);
    this.#target.effort.fill(0);
    this.#pid.reset();
    this.#reference.clear();
  }
}
