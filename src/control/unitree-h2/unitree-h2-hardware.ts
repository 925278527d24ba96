import type { Hardware, JointCommand, RobotState } from '../hardware.js';
import type { JointParameters } from '../joint-parameters.js';
import { clamp } from '../limits.js';
import { monotonicSeconds } from '../monotonic-clock.js';
import { Handover } from './handover.js';
import { LowCommand } from './low-command.js';
import { type JointMap, MOTORS, mapJoints, SIDES } from './motors.js';
import { torqueShare } from './robot-fault.js';
import { RobotLink } from './robot-link.js';
import { RobotReport } from './robot-report.js';
import { missingForStart } from './start-gate.js';
import type { SupplyLimits } from './supply-limits.js';

/** Time between commands, s. */
const PERIOD = 0.002;
/** A commanded position never moves further than this between two commands, rad. */
const GREATEST_STEP = 0.01;
/** How often the start-up gate looks, ms. */
const GATE_PERIOD = 20;
/** The gate must be open for this long, s. */
const GATE_TIME = 0.2;
const MOTOR_ON = 1;
/** Ankles as pitch and roll. */
const PITCH_ROLL = 0;

export interface UnitreeH2Options {
  /** Memory shared with whoever carries the messages, see RobotLink. */
  readonly link: SharedArrayBuffer;
  /** Of the motors' supply. */
  readonly supply: SupplyLimits;
  /** How long `configure` waits for the robot to be ready, s. */
  readonly gateTimeout: number;
  /** Factor on the limits of the robot's silence: 1, or more on a machine that is busy with other things. */
  readonly patience: number;
}

/**
 * The H2 Plus with its Sharpa hands as hardware: unitree_hg LowCmd at 500 Hz for the body's 31 motors, positions for the
 * hands. The messages are carried by another thread (RobotLink).
 *
 * The robot's own controller keeps it until there is something to do and no stop in the way: a stop while the rest of the
 * graph starts does not let it sink.
 *
 * A fault (RobotFault) puts the motors into damping in the same cycle, whatever is commanded, and for good: until the
 * controller has gone into damping too and has come back (its reset), with no fault left. The hands' drivers take
 * positions only: in damping, each joint is told to stay where it is.
 */
export class UnitreeH2Hardware implements Hardware {
  readonly #options: UnitreeH2Options;
  readonly #parameters: JointParameters;
  readonly #map: JointMap;
  readonly #link: RobotLink;
  readonly #report: RobotReport;
  readonly #now: () => number;
  readonly #command = new LowCommand();
  readonly #hands: Float64Array;
  readonly #handover = new Handover(MOTORS.length);
  readonly #sent = new Float64Array(MOTORS.length);
  readonly #torque = new Float64Array(MOTORS.length);
  /** Whether the robot has been taken over since activation. */
  #taken = false;
  /** The last command was not one of damping. */
  #stiff = false;
  #latched = 0;
  #acknowledged = false;
  #due = 0;

  /**
   * @param clock of the loop, s
   * @throws Error where the joints are not those of an H2 Plus, or the memory is of another size
   */
  constructor(options: UnitreeH2Options, parameters: JointParameters, clock: () => number = monotonicSeconds) {
    this.#now = clock;
    this.#options = options;
    this.#parameters = parameters;
    this.#map = mapJoints(parameters.names);
    this.#link = new RobotLink(options.link);
    this.#report = new RobotReport(this.#link, this.#map, options.supply, options.patience);
    this.#hands = new Float64Array(this.#map.hands.left.length + this.#map.hands.right.length);
    this.#command.modePr = PITCH_ROLL;
    for (let motor = 0; motor < MOTORS.length; motor++) this.#command.setMode(motor, MOTOR_ON);
  }

  /** Waits until the robot is ready. @throws Error that lists all that is missing */
  async configure(): Promise<void> {
    const deadline = this.#now() + this.#options.gateTimeout;
    let closed = this.#now();
    for (;;) {
      this.#report.update(this.#now());
      const now = this.#now();
      const missing = this.#missing(now);
      if (missing.length > 0) closed = now;
      else if (now - closed >= GATE_TIME) return;
      if (now >= deadline && missing.length > 0) {
        throw new Error(`the robot is not ready:\n${missing.map((line) => `  - ${line}`).join('\n')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, GATE_PERIOD));
    }
  }

  /** @throws Error that names faults which have come since `configure` */
  activate(state: RobotState): void {
    const now = this.#now();
    this.#report.update(now);
    const missing = this.#missing(now);
    if (missing.length > 0) throw new Error(`the robot is no longer ready:\n${missing.join('\n')}`);
    this.#report.write(state);
    // Those from before it was ready.
    this.#link.takeFaultsSeen();
    this.#taken = false;
    this.#latched = 0;
    this.#due = now;
  }

  read(state: RobotState): void {
    const faults = this.#report.update(this.#now());
    if (faults !== 0 && this.#latched === 0) this.#acknowledged = false;
    this.#latched |= faults;
    this.#report.write(state);
  }

  write(command: JointCommand): void {
    const now = this.#now();
    const damping = this.#isDamping(command);
    // Half a cycle of the loop early is on time; the first damping one after others waits for nothing, it may be the last.
    if (now < this.#due - PERIOD / 4 && !(damping && this.#stiff)) return;
    this.#due = now > this.#due + PERIOD ? now + PERIOD : this.#due + PERIOD;
    if (this.#latched !== 0) {
      this.#acknowledged ||= damping;
      if (this.#acknowledged && !damping && this.#report.faults === 0) this.#latched = 0;
    }
    if (!this.#taken && (damping || this.#latched !== 0 || !this.#link.wanted)) return;
    this.#stiff = !damping && this.#latched === 0;
    if (!this.#stiff) {
      this.#damp(command);
    } else {
      this.#taken = true;
      this.#drive(command, now);
    }
    this.#command.modeMachine = this.#report.state.modeMachine;
    this.#command.seal();
    this.#link.send(this.#command, this.#hands);
  }

  deactivate(): void {
    this.#handover.release();
  }

  #missing(now: number): string[] {
    return missingForStart(this.#report.readiness(now), this.#map, this.#parameters, this.#options.supply);
  }

  /** Whether no motor is given stiffness or torque. */
  #isDamping({ kp, effort }: JointCommand): boolean {
    const { body } = this.#map;
    for (let i = 0; i < body.length; i++) if (kp[body[i]] > 0 || effort[body[i]] !== 0) return false;
    return true;
  }

  #drive(command: JointCommand, now: number): void {
    const { state } = this.#report;
    const { body } = this.#map;
    const { effortLimit } = this.#parameters;
    const handover = this.#handover;
    if (!handover.engaged) {
      for (let i = 0; i < body.length; i++) {
        this.#sent[i] = finite(state.q(i), command.position[body[i]]);
        this.#torque[i] = clamp(finite(state.tau(i), 0), -effortLimit[body[i]], effortLimit[body[i]]);
      }
      handover.engage(now, this.#torque);
    }
    handover.advance(now);
    for (let i = 0; i < body.length; i++) {
      const j = body[i];
      const q = clamp(command.position[j], this.#sent[i] - GREATEST_STEP, this.#sent[i] + GREATEST_STEP);
      this.#sent[i] = q;
      const dq = command.velocity[j];
      const kp = handover.stiffness(command.kp[j]);
      const kd = command.kd[j];
      const effort = handover.torque(i, command.effort[j]);
      // The drive's own law, on what is known now; where that is more than the motor may have, all of it shrinks.
      const torque = Math.abs(kp * (q - state.q(i)) + kd * (dq - state.dq(i)) + effort);
      const limit = effortLimit[j] * torqueShare(state.temperature(i));
      const share = torque <= limit ? 1 : finite(limit / torque, 0);
      this.#command.setMotor(i, q, dq, share * effort, share * kp, share * kd);
    }
    let at = 0;
    for (let s = 0; s < SIDES.length; s++) {
      const joints = this.#map.hands[SIDES[s]];
      for (let k = 0; k < joints.length; k++) this.#hands[at++] = command.position[joints[k]];
    }
  }

  #damp(command: JointCommand): void {
    const { state, hands } = this.#report;
    const { body } = this.#map;
    this.#handover.release();
    for (let i = 0; i < body.length; i++) {
      this.#command.setMotor(i, finite(state.q(i), this.#sent[i]), 0, 0, 0, command.kd[body[i]]);
    }
    let at = 0;
    for (let s = 0; s < SIDES.length; s++) {
      const { position } = hands[SIDES[s]];
      for (let k = 0; k < position.length; k++, at++) this.#hands[at] = finite(position[k], this.#hands[at]);
    }
  }
}

/** A measurement, or what stands in for one that is no number. */
function finite(value: number, otherwise: number): number {
  return Number.isFinite(value) ? value : otherwise;
}
