import type { JointCommand, RobotState } from './hardware.js';
import { checkJointParameters, type JointParameters } from './joint-parameters.js';
import { allFinite, CommandLimiter } from './limits.js';
import { JointPid } from './pid.js';
import { Plausibility } from './plausibility.js';
import { REFERENCE_DEFAULTS, ReferenceFollower, type ReferenceOptions, ReferencePhase, Refusal } from './reference.js';
import { STOP_REACTION_DEFAULTS, StopCause, StopMode, type StopReactions, StopState } from './stop-state.js';
import { type CrouchOptions, StopTrajectory } from './stop-trajectory.js';
import { createJointSample, type JointSample } from './trajectory.js';
import type { TrajectoryBuffer } from './trajectory-buffer.js';
import { CycleWatchdog, WATCHDOG_DEFAULTS, type WatchdogOptions } from './watchdog.js';

export interface ControllerOptions {
  /** Nominal cycle, s. */
  readonly period: number;
  readonly reference: ReferenceOptions;
  /**
   * Longest silence of the safety monitor, s, before a protective stop; until it is first heard, trajectories are not
   * followed. Infinity where no monitor runs (lock-step evaluation).
   */
  readonly heartbeatTimeout: number;
  readonly reactions: StopReactions;
  readonly watchdog: WatchdogOptions;
  /** Fastest that a joint can move, rad/s: a measurement that moves faster is a fault of the sensor. */
  readonly implausibleVelocity: number;
  /** The move of a stop of category 1; left out, the robot holds for a moment, then damps. */
  readonly crouch?: CrouchOptions;
}

export const CONTROLLER_DEFAULTS: ControllerOptions = {
  period: 0.001,
  reference: REFERENCE_DEFAULTS,
  heartbeatTimeout: 0.5,
  reactions: STOP_REACTION_DEFAULTS,
  watchdog: WATCHDOG_DEFAULTS,
  implausibleVelocity: 100,
};

/** A stop of category 1 without a posture holds for this long, s. */
const SETTLE = 0.3;

/** After a stall the command moves on by at most this many cycles at once. */
const MAX_CYCLES_AT_ONCE = 4;

/**
 * What the robot does each cycle: reference → limits → PID → command, with the watchdogs and the stop reaction. The
 * same class runs in the 1 kHz thread and in the lock-step evaluation; its output depends on its inputs only.
 *
 * Without a trajectory the posture is held. Every stop latches (see StopState); after a reset the posture is held
 * until a new trajectory comes that starts at rest there: from damping the measured posture, else the commanded one, so
 * that nothing jumps and nothing goes on by itself.
 *
 * A joint whose sensor is lost has no stiffness until the reset (see Plausibility).
 *
 * Real-time safe; nothing is allocated after construction.
 */
export class JointController {
  readonly #options: ControllerOptions;
  readonly #names: readonly string[];
  readonly #reference: ReferenceFollower;
  readonly #limiter: CommandLimiter;
  readonly #pid: JointPid;
  readonly #stop: StopState;
  readonly #watchdog: CycleWatchdog;
  readonly #crouch: StopTrajectory;
  readonly #target: JointSample;
  readonly #asked: Float64Array;
  readonly #measured: Plausibility;
  #demanded: StopMode = StopMode.running;
  #edge: StopMode = StopMode.running;
  #shutdown = false;
  #resetRequested = false;
  #resetRefusal = 0;
  #heartbeat = Number.NaN;
  #beat = false;
  #time = Number.NaN;
  #mode: StopMode = StopMode.running;
  #allowedScale = 1;
  #scale = 1;

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
    this.#stop = new StopState(options.reactions);
    this.#watchdog = new CycleWatchdog(options.watchdog, options.period);
    const hold = { posture: new Float64Array(joints).fill(Number.NaN), speed: 1, settle: SETTLE };
    this.#crouch = new StopTrajectory(parameters, options.crouch ?? hold);
    this.#target = createJointSample(joints);
    this.#asked = new Float64Array(joints);
    this.#measured = new Plausibility(joints, options.implausibleVelocity);
  }

  /** The reference's phase, age and refusals. */
  get reference(): ReferenceFollower {
    return this.#reference;
  }

  /** The latched stop state. */
  get stop(): StopState {
    return this.#stop;
  }

  /** Share of the velocity limits in use, 0…1: the smaller of the monitor's and the watchdog's. */
  get speedScale(): number {
    return this.#scale;
  }

  /** Whether the drives have stiffness, so that a stabiliser may go on balancing: in all modes but damping. */
  get balancing(): boolean {
    return this.#stop.mode !== StopMode.damping;
  }

  /** Joints without stiffness because their sensors are lost: 1, else 0; a live view. */
  get lostJoints(): Uint8Array {
    return this.#measured.lost;
  }

  /** Measured motion of the joints, implausible positions replaced; a live view. */
  get measured(): { readonly position: Float64Array; readonly velocity: Float64Array } {
    return this.#measured;
  }

  /** The reference's torques in the command of the last cycle, N·m; a live view. */
  get feedForward(): Float64Array {
    return this.#limiter.command.effort;
  }

  /** Torques asked of the joints in the last cycle, N·m; a live view. */
  get torque(): Float64Array {
    return this.#pid.demand;
  }

  /** Positions asked of the joints in the last cycle, of which the drives get what their torque suffices for, rad; a live view. */
  get asked(): Float64Array {
    return this.#asked;
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
    this.#measured.start(state.position);
    this.#restart();
    this.#reference.clear();
    this.#time = Number.NaN;
  }

  /** The stop that the safety monitor demands, for as long as it does. */
  demandStop(mode: StopMode): void {
    this.#demanded = mode;
    if (mode > this.#edge) this.#edge = mode;
  }

  /** The share of the velocity limits that the safety monitor allows, 0…1. */
  allowSpeed(scale: number): void {
    this.#allowedScale = scale;
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
   * @param passed time that passed for the robot since the last cycle, s: less than for the clock where a simulation
   * stood still
   * @param watched whether late cycles are a danger: not for a simulation, which waits for the loop
   */
  update(time: number, state: RobotState, command: JointCommand, passed = this.#options.period, watched = true): void {
    const { period } = this.#options;
    const elapsed = time - this.#time;
    const dt = elapsed > 0 ? Math.min(elapsed, MAX_CYCLES_AT_ONCE * period) : period;
    this.#time = time;
    this.#watchdog.observe(time, watched ? passed : period);
    this.#watch(time, state, passed);
    if (this.#resetRequested) this.#reset();
    this.#follow(time);

    if (this.#stop.mode === StopMode.damping) {
      this.#damp(command);
      return;
    }
    this.#scale = Math.min(this.#allowedScale, this.#watchdog.scale(time));
    this.#limiter.track(this.#target, dt, this.#scale);
    const { position, velocity } = this.#measured;
    this.#pid.command(this.#limiter.command, position, velocity, dt, command);
    this.#asked.set(this.#limiter.command.position);
    if (this.#measured.anyLost) this.#release(command);
    if (!(allFinite(command.position) && allFinite(command.velocity) && allFinite(command.effort))) {
      this.#stop.raise(StopCause.commandNotFinite);
      this.#damp(command);
    }
  }

  /** Raises the causes that are present in this cycle. */
  #watch(time: number, state: RobotState, passed: number): void {
    const stop = this.#stop;
    stop.beginCycle();
    if (this.#watchdog.stalled) stop.raise(StopCause.loopStalled);
    if (!this.#measured.observe(time, passed, state.position, state.velocity)) {
      const finite = allFinite(state.position) && allFinite(state.velocity);
      stop.raise(finite ? StopCause.stateImplausible : StopCause.stateNotFinite);
    }
    if (this.#beat) this.#heartbeat = time;
    this.#beat = false;
    if (time - this.#heartbeat > this.#options.heartbeatTimeout) stop.raise(StopCause.monitorSilent);
    const demanded = Math.max(this.#demanded, this.#edge);
    this.#edge = StopMode.running;
    if (demanded === StopMode.hold) stop.raise(StopCause.protectiveStop);
    if (demanded === StopMode.crouch) stop.raise(StopCause.controlledStop);
    if (demanded === StopMode.damping) stop.raise(StopCause.emergencyStop);
    if (this.#shutdown) stop.raise(StopCause.shutdown);
  }

  #reset(): void {
    this.#resetRequested = false;
    const before = this.#stop.mode;
    this.#resetRefusal = this.#stop.reset();
    if (this.#resetRefusal !== 0 || before === StopMode.running) return;
    this.#reference.clear();
    if (before === StopMode.damping || this.#measured.anyLost) this.#restart();
    else if (before === StopMode.crouch) this.#brake();
    this.#measured.forgive();
    this.#mode = StopMode.running;
  }

  /** Chooses the target of this cycle. */
  #follow(time: number): void {
    const monitored = this.#options.heartbeatTimeout === Infinity || !Number.isNaN(this.#heartbeat);
    if (this.#stop.mode === StopMode.running && monitored) {
      if (this.#reference.poll(time, this.#limiter.command) === Refusal.invalid) {
        this.#stop.raise(StopCause.referenceInvalid);
      } else if (this.#reference.lost(time)) {
        this.#stop.raise(StopCause.referenceSilent);
      }
    } else {
      this.#reference.discard();
    }
    const { mode } = this.#stop;
    if (mode === StopMode.running) {
      if (this.#reference.phase !== ReferencePhase.none) this.#reference.sample(time, this.#target);
    } else if (this.#mode === StopMode.running) {
      this.#brake();
    }
    if (mode === StopMode.crouch) {
      if (this.#mode !== StopMode.crouch) this.#crouch.start(time, this.#target.position);
      if (this.#crouch.sample(time, this.#target.position, this.#target.velocity)) this.#stop.finishCrouch();
    }
    this.#mode = this.#stop.mode;
  }

  /** Brakes every joint as fast as its limits allow, and stays there. */
  #brake(): void {
    this.#limiter.stoppingPosture(this.#target.position);
    this.#target.velocity.fill(0);
    this.#target.effort.set(this.#limiter.command.effort);
  }

  /** The commanded posture is the measured one, with no stiffness behind it. */
  #damp(command: JointCommand): void {
    this.#mode = StopMode.damping;
    this.#pid.damp(this.#measured.position, command);
    this.#asked.set(command.position);
  }

  /** Takes the stiffness away from joints whose sensors are lost: their command is where they are. */
  #release(command: JointCommand): void {
    const { lost, position } = this.#measured;
    for (let j = 0; j < lost.length; j++) {
      if (lost[j] === 0) continue;
      command.position[j] = position[j];
      this.#asked[j] = position[j];
      command.velocity[j] = 0;
      command.kp[j] = 0;
      command.effort[j] = 0;
    }
  }

  #restart(): void {
    this.#limiter.start(this.#measured.position);
    this.#limiter.stoppingPosture(this.#target.position);
    this.#target.velocity.fill(0);
    this.#target.effort.fill(0);
    this.#pid.reset();
  }
}
