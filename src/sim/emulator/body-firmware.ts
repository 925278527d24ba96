import type { JointCommand, RobotState } from '../../control/hardware.js';
import type { JointParameters } from '../../control/joint-parameters.js';
import { LowCommand } from '../../control/unitree-h2/low-command.js';
import { MOTOR_SLOTS, MOTORS } from '../../control/unitree-h2/motors.js';

/** Who has the motors. */
export const FirmwareMode = {
  /** The robot's own controller holds the posture; it gives the motors to the first command. */
  holding: 0,
  /** Commands come. */
  commanded: 1,
  /** Commands have stayed away: damping, until they come again. */
  damping: 2,
} as const;
export type FirmwareMode = (typeof FirmwareMode)[keyof typeof FirmwareMode];

/** Why a command was refused. */
export type Refusal = 'size' | 'crc' | 'mode_pr' | 'mode_machine' | 'reserve' | 'not_finite' | 'order' | 'jump';

/** Commands may stay away for this long, s. */
const TIMEOUT = 0.02;
/** Where stiffness begins, the command must be this close to the motor's position, rad: a wrong order is further off. */
const NEARNESS = 0.05;
/** The robot's own controller holds the posture so many times stiffer, and damps with the root of that. */
const HOLDING = 10;
/** Furthest way between two commands, rad. */
const GREATEST_STEP = 0.05;

/**
 * The robot's side of /lowcmd: takes the commands that are right, refuses the others, and damps the motors when commands
 * stay away. What the vendor's firmware does beyond that is not published; this is stricter rather than laxer.
 */
export class BodyFirmware {
  /** Refused commands by reason. */
  readonly refused: Record<Refusal, number> = {
    size: 0,
    crc: 0,
    mode_pr: 0,
    mode_machine: 0,
    reserve: 0,
    not_finite: 0,
    order: 0,
    jump: 0,
  };
  readonly #parameters: JointParameters;
  readonly #body: Int32Array;
  readonly #modeMachine: number;
  readonly #posture: Float64Array;
  readonly #command = new LowCommand();
  readonly #incoming = new LowCommand();
  #mode: FirmwareMode = FirmwareMode.holding;
  #last = Number.NaN;
  #accepted = 0;
  #largestGap = 0;

  /**
   * @param body URDF index of each motor @param posture that it holds at first, rad, in URDF order
   * @param modeMachine kind of robot
   */
  constructor(parameters: JointParameters, body: Int32Array, posture: Float64Array, modeMachine: number) {
    this.#parameters = parameters;
    this.#body = body;
    this.#posture = posture.slice();
    this.#modeMachine = modeMachine;
  }

  get mode(): FirmwareMode {
    return this.#mode;
  }

  /** Commands taken. */
  get accepted(): number {
    return this.#accepted;
  }

  /** The robot's own controller takes the motors back and holds the posture. */
  hold(): void {
    this.#mode = FirmwareMode.holding;
  }

  /** Whether the motors damp, because they are told to or because commands stay away. */
  get damped(): boolean {
    if (this.#mode !== FirmwareMode.commanded) return this.#mode === FirmwareMode.damping;
    for (let i = 0; i < MOTORS.length; i++) if (this.#command.kp(i) !== 0 || this.#command.tau(i) !== 0) return false;
    return true;
  }

  /** Longest time between two commands since the last call, s. */
  takeLargestGap(): number {
    const gap = this.#largestGap;
    this.#largestGap = 0;
    return gap;
  }

  /** @param now s @param state measured @returns why it was refused, or undefined */
  receive(bytes: Uint8Array, now: number, state: RobotState): Refusal | undefined {
    const refusal = this.#judge(bytes, state);
    if (refusal !== undefined) {
      this.refused[refusal]++;
      return refusal;
    }
    this.#command.bytes.set(this.#incoming.bytes);
    if (now - this.#last > this.#largestGap) this.#largestGap = now - this.#last;
    this.#last = now;
    this.#accepted++;
    this.#mode = FirmwareMode.commanded;
    return undefined;
  }

  /** Fills the body's part of what the motors do. @param now s */
  drive(now: number, state: RobotState, out: JointCommand): void {
    if (this.#mode === FirmwareMode.commanded && now - this.#last > TIMEOUT) this.#mode = FirmwareMode.damping;
    const command = this.#command;
    const { kp, kd } = this.#parameters;
    for (let i = 0; i < MOTORS.length; i++) {
      const j = this.#body[i]!;
      const on = this.#mode === FirmwareMode.commanded && command.mode(i) === 1;
      const holding = this.#mode === FirmwareMode.holding;
      out.position[j] = on ? command.q(i) : holding ? this.#posture[j]! : state.position[j]!;
      out.velocity[j] = on ? command.dq(i) : 0;
      out.effort[j] = on ? command.tau(i) : 0;
      out.kp[j] = on ? command.kp(i) : holding ? HOLDING * kp[j]! : 0;
      out.kd[j] = on ? command.kd(i) : holding ? Math.sqrt(HOLDING) * kd[j]! : kd[j]!;
    }
  }

  #judge(bytes: Uint8Array, state: RobotState): Refusal | undefined {
    const command = this.#incoming;
    if (bytes.length !== command.bytes.length) return 'size';
    command.bytes.set(bytes);
    if (!command.intact) return 'crc';
    if (command.modePr !== 0) return 'mode_pr';
    if (command.modeMachine !== this.#modeMachine) return 'mode_machine';
    for (let i = MOTORS.length; i < MOTOR_SLOTS; i++)
      if (command.mode(i) !== 0 || command.kp(i) !== 0) return 'reserve';
    for (let i = 0; i < MOTORS.length; i++) {
      if (!Number.isFinite(command.q(i) + command.dq(i) + command.tau(i) + command.kp(i) + command.kd(i))) {
        return 'not_finite';
      }
      if (command.kp(i) === 0) continue;
      const stiff = this.#mode !== FirmwareMode.holding && this.#command.kp(i) > 0;
      if (!stiff && Math.abs(command.q(i) - state.position[this.#body[i]!]!) > NEARNESS) return 'order';
      if (stiff && Math.abs(command.q(i) - this.#command.q(i)) > GREATEST_STEP) return 'jump';
    }
    return undefined;
  }
}
