import { createJointCommand, type JointCommand, type RobotState } from '../control/hardware.js';

/** Faults of the simulated robot; the constants of InjectFault.srv. */
export const SIM_FAULTS = [
  'encoder_offset',
  'encoder_freeze',
  'encoder_dropout',
  'imu_offset',
  'imu_freeze',
  'imu_dropout',
  'joint_stuck',
  'torque_loss',
  'push',
] as const;
export type SimFault = (typeof SIM_FAULTS)[number];

/** Of a fault in the shared memory: joint (−1: all), three values, duration (s). */
const STRIDE = 5;
const EVERY_JOINT = -1;

const index = Object.fromEntries(SIM_FAULTS.map((fault, k) => [fault, k])) as Record<SimFault, number>;

/** Where faults are asked for: shared between the thread that speaks ROS and the loop's. */
export class FaultPort {
  readonly buffer: SharedArrayBuffer;
  readonly #counts: Int32Array;
  readonly #faults: Float64Array;

  /** @param buffer of the other side; a new one is allocated when it is left out */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer((8 * STRIDE + 4) * SIM_FAULTS.length);
    this.#faults = new Float64Array(this.buffer, 0, STRIDE * SIM_FAULTS.length);
    this.#counts = new Int32Array(this.buffer, 8 * STRIDE * SIM_FAULTS.length, SIM_FAULTS.length);
  }

  /**
   * Asks for a fault; one of the same kind that lasts is replaced.
   * @param joint its index, or undefined for all @param value three numbers @param duration simulated time, s
   */
  inject(fault: SimFault, joint: number | undefined, value: ArrayLike<number>, duration: number): void {
    const at = STRIDE * index[fault];
    this.#faults[at] = joint ?? EVERY_JOINT;
    for (let k = 0; k < 3; k++) this.#faults[at + 1 + k] = value[k] ?? 0;
    this.#faults[at + 4] = duration;
    Atomics.add(this.#counts, index[fault], 1);
  }

  /** Ends all faults. */
  clear(): void {
    for (const fault of SIM_FAULTS) this.inject(fault, undefined, [], 0);
  }

  /** Loop: changes with each fault of the kind that is asked for. Real-time safe. */
  count(kind: number): number {
    return Atomics.load(this.#counts, kind);
  }

  /** Loop: field of the fault of a kind. */
  field(kind: number, field: number): number {
    return this.#faults[STRIDE * kind + field]!;
  }
}

/** What the faults do to the body itself. */
export interface FaultyBody {
  /** Makes a joint hard to move, or as it was. */
  lock(joint: number, locked: boolean): void;
  /** Pushes the torso until told otherwise. N, world axes (3) */
  push(force: Float64Array): void;
}

/**
 * The faults at work, in the loop's thread: distorts what is measured and what is commanded. Real-time safe but for
 * the moments at which a joint is locked or freed.
 */
export class InjectedFaults {
  readonly #port: FaultPort;
  readonly #body: FaultyBody;
  readonly #seen = new Int32Array(SIM_FAULTS.length);
  readonly #joint = new Int32Array(SIM_FAULTS.length);
  readonly #until = new Float64Array(SIM_FAULTS.length).fill(-Infinity);
  readonly #value = new Float64Array(3 * SIM_FAULTS.length);
  readonly #frozen: Float64Array;
  readonly #frozenImu = new Float64Array(10);
  readonly #force = new Float64Array(3);
  readonly #command: JointCommand;
  #locked = -1;
  #pushing = false;
  /** Kinds that begin in this cycle, a mask. */
  #begun = 0;
  #time = 0;

  constructor(port: FaultPort, joints: number, body: FaultyBody) {
    this.#port = port;
    this.#body = body;
    this.#frozen = new Float64Array(2 * joints);
    this.#command = createJointCommand(joints);
    for (let k = 0; k < SIM_FAULTS.length; k++) this.#seen[k] = port.count(k);
  }

  /** Ends all faults; simulated time may begin anew. */
  end(): void {
    this.#until.fill(-Infinity);
  }

  /** Turns the true measurement into the faulty one. @param time simulated, s */
  distortState(time: number, state: RobotState): void {
    this.#take(time);
    const { position, velocity, angularVelocity } = state;
    const n = position.length;
    if (this.#begins(index.encoder_freeze)) {
      this.#frozen.set(position);
      this.#frozen.set(velocity, n);
    }
    if (this.#begins(index.imu_freeze)) {
      this.#frozenImu.set(state.orientation);
      this.#frozenImu.set(angularVelocity, 4);
      this.#frozenImu.set(state.linearAcceleration, 7);
    }
    for (let j = 0; j < n; j++) {
      if (this.#lasts(index.encoder_offset, j)) position[j] += this.#value[3 * index.encoder_offset]!;
      if (this.#lasts(index.encoder_freeze, j)) {
        position[j] = this.#frozen[j]!;
        velocity[j] = this.#frozen[n + j]!;
      }
      if (this.#lasts(index.encoder_dropout, j)) {
        position[j] = Number.NaN;
        velocity[j] = Number.NaN;
      }
    }
    if (this.#time < this.#until[index.imu_offset]!) {
      for (let k = 0; k < 3; k++) angularVelocity[k] += this.#value[3 * index.imu_offset + k]!;
    }
    if (this.#time < this.#until[index.imu_freeze]!) {
      for (let k = 0; k < 4; k++) state.orientation[k] = this.#frozenImu[k]!;
      for (let k = 0; k < 3; k++) angularVelocity[k] = this.#frozenImu[4 + k]!;
      for (let k = 0; k < 3; k++) state.linearAcceleration[k] = this.#frozenImu[7 + k]!;
    }
    if (this.#time < this.#until[index.imu_dropout]!) {
      state.orientation.fill(Number.NaN);
      angularVelocity.fill(Number.NaN);
      state.linearAcceleration.fill(Number.NaN);
    }
  }

  /** What the drives make of a command; `command` itself while they are well. */
  distortCommand(command: JointCommand): JointCommand {
    this.#actOnBody();
    if (!(this.#time < this.#until[index.torque_loss]!)) return command;
    const out = this.#command;
    out.position.set(command.position);
    out.velocity.set(command.velocity);
    out.kp.set(command.kp);
    out.kd.set(command.kd);
    out.effort.set(command.effort);
    for (let j = 0; j < out.kp.length; j++) {
      if (!this.#lasts(index.torque_loss, j)) continue;
      out.kp[j] = 0;
      out.kd[j] = 0;
      out.effort[j] = 0;
    }
    return out;
  }

  #take(time: number): void {
    this.#time = time;
    this.#begun = 0;
    for (let k = 0; k < SIM_FAULTS.length; k++) {
      const count = this.#port.count(k);
      if (count === this.#seen[k]) continue;
      this.#seen[k] = count;
      this.#begun |= 1 << k;
      this.#joint[k] = this.#port.field(k, 0);
      for (let i = 0; i < 3; i++) this.#value[3 * k + i] = this.#port.field(k, 1 + i);
      this.#until[k] = time + this.#port.field(k, 4);
    }
  }

  #begins(kind: number): boolean {
    return (this.#begun & (1 << kind)) !== 0;
  }

  #lasts(kind: number, joint: number): boolean {
    return this.#time < this.#until[kind]! && (this.#joint[kind] === EVERY_JOINT || this.#joint[kind] === joint);
  }

  #actOnBody(): void {
    const stuck = this.#time < this.#until[index.joint_stuck]! ? this.#joint[index.joint_stuck]! : -1;
    if (stuck !== this.#locked) {
      if (this.#locked >= 0) this.#body.lock(this.#locked, false);
      if (stuck >= 0) this.#body.lock(stuck, true);
      this.#locked = stuck;
    }
    const pushing = this.#time < this.#until[index.push]!;
    if (pushing || this.#pushing) {
      for (let k = 0; k < 3; k++) this.#force[k] = pushing ? this.#value[3 * index.push + k]! : 0;
      this.#body.push(this.#force);
    }
    this.#pushing = pushing;
  }
}
