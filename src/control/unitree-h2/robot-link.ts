import { readConsistent, SequenceLock } from '../sequence-lock.js';
import { LOW_COMMAND_BYTES, type LowCommand } from './low-command.js';
import { LOW_STATE_BYTES } from './low-state.js';
import { HAND_JOINTS, type Side } from './motors.js';

/** The 32-bit words that the threads talk through. */
const Word = {
  stateLock: 0,
  states: 1,
  commandLock: 2,
  commands: 3,
  leftLock: 4,
  leftStates: 5,
  rightLock: 6,
  rightStates: 7,
  foreign: 8,
  confirmed: 9,
  stopRequested: 10,
  faults: 11,
  faultsSeen: 12,
  crcErrors: 13,
  wanted: 14,
} as const;
const WORDS = 16;

const HAND_DOUBLES = 1 + 3 * HAND_JOINTS;
const DOUBLES = 1 + 2 * HAND_DOUBLES + 2 * HAND_JOINTS;
const STATE_AT = 4 * WORDS + 8 * DOUBLES;
const COMMAND_AT = STATE_AT + 8 * Math.ceil(LOW_STATE_BYTES / 8);
const BYTES = COMMAND_AT + 8 * Math.ceil(LOW_COMMAND_BYTES / 8);

/** What a hand reports, one entry a joint in its driver's order. */
export interface HandState {
  /** When it arrived, s; 0: never. */
  arrival: number;
  /** rad */
  readonly position: Float64Array;
  /** rad/s */
  readonly velocity: Float64Array;
  /** N·m */
  readonly effort: Float64Array;
}

export function createHandState(): HandState {
  const vector = () => new Float64Array(HAND_JOINTS);
  return { arrival: 0, position: vector(), velocity: vector(), effort: vector() };
}

/** One hand's part of the memory. */
class HandSlot {
  readonly #words: Int32Array;
  readonly #states: number;
  readonly #shared: Float64Array;
  readonly #lock: SequenceLock;
  readonly #private = new Float64Array(HAND_DOUBLES);
  readonly #copyOut: () => void;

  constructor(words: Int32Array, lock: number, states: number, shared: Float64Array) {
    this.#words = words;
    this.#states = states;
    this.#shared = shared;
    this.#lock = new SequenceLock(words, lock);
    this.#copyOut = () => this.#private.set(this.#shared);
  }

  put(position: Float64Array, velocity: Float64Array, effort: Float64Array, now: number): void {
    this.#lock.beginWrite();
    this.#shared[0] = now;
    this.#shared.set(position, 1);
    this.#shared.set(velocity, 1 + HAND_JOINTS);
    this.#shared.set(effort, 1 + 2 * HAND_JOINTS);
    this.#lock.endWrite();
    Atomics.add(this.#words, this.#states, 1);
  }

  read(out: HandState): void {
    if (readConsistent(this.#lock, this.#copyOut) <= 0) return;
    const from = this.#private;
    out.arrival = from[0];
    for (let k = 0; k < HAND_JOINTS; k++) {
      out.position[k] = from[1 + k];
      out.velocity[k] = from[1 + HAND_JOINTS + k];
      out.effort[k] = from[1 + 2 * HAND_JOINTS + k];
    }
  }
}

/**
 * The memory between the control loop, which speaks no ROS, and the thread that carries the robot's messages. Messages
 * cross as bytes: what they mean is the loop's to judge. Nobody ever waits for the other side, but the carrier, which is
 * woken for each command.
 */
export class RobotLink {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #arrival: Float64Array;
  readonly #hands: Readonly<Record<Side, HandSlot>>;
  readonly #handCommands: Float64Array;
  readonly #state: Uint8Array;
  readonly #stateLock: SequenceLock;
  readonly #command: Uint8Array;
  readonly #commandLock: SequenceLock;
  #sentStates = 0;

  /** @param buffer shared by the other side; a new one is allocated when it is left out */
  constructor(buffer = new SharedArrayBuffer(BYTES)) {
    if (buffer.byteLength !== BYTES) {
      throw new RangeError(`the robot's shared memory has ${buffer.byteLength} bytes, needs ${BYTES}`);
    }
    const words = new Int32Array(buffer, 0, WORDS);
    const doubles = new Float64Array(buffer, 4 * WORDS, DOUBLES);
    const hand = (k: number) => doubles.subarray(1 + k * HAND_DOUBLES, 1 + (k + 1) * HAND_DOUBLES);
    this.buffer = buffer;
    this.#words = words;
    this.#arrival = doubles.subarray(0, 1);
    this.#hands = {
      left: new HandSlot(words, Word.leftLock, Word.leftStates, hand(0)),
      right: new HandSlot(words, Word.rightLock, Word.rightStates, hand(1)),
    };
    this.#handCommands = doubles.subarray(1 + 2 * HAND_DOUBLES);
    this.#state = new Uint8Array(buffer, STATE_AT, LOW_STATE_BYTES);
    this.#stateLock = new SequenceLock(words, Word.stateLock);
    this.#command = new Uint8Array(buffer, COMMAND_AT, LOW_COMMAND_BYTES);
    this.#commandLock = new SequenceLock(words, Word.commandLock);
  }

  // The carrier's side.

  /** Hands a LowState on. @param now s, on the loop's clock @returns false for bytes of another length */
  putState(bytes: Uint8Array, now: number): boolean {
    if (bytes.length !== LOW_STATE_BYTES) return false;
    this.#stateLock.beginWrite();
    this.#state.set(bytes);
    this.#arrival[0] = now;
    this.#stateLock.endWrite();
    Atomics.add(this.#words, Word.states, 1);
    return true;
  }

  /** Hands a hand's state on: rad, rad/s and N·m, in the driver's order. @param now s, on the loop's clock */
  putHand(side: Side, position: Float64Array, velocity: Float64Array, effort: Float64Array, now: number): void {
    this.#hands[side].put(position, velocity, effort, now);
  }

  /** Commands given so far; wraps. */
  get commands(): number {
    return Atomics.load(this.#words, Word.commands);
  }

  /** @returns settles when `commands` is no longer `seen` */
  async nextCommand(seen: number): Promise<void> {
    const { value } = (Atomics as WaitAsync).waitAsync(this.#words, Word.commands, seen);
    await value;
  }

  /** Ends the wait of `nextCommand` without a command. */
  wake(): void {
    Atomics.notify(this.#words, Word.commands);
  }

  /** Whoever else drives the robot: how many publishers of commands there are beside the carrier's own. */
  setForeign(publishers: number): void {
    Atomics.store(this.#words, Word.foreign, publishers);
  }

  /** Whether the operator has confirmed that the robot may move. */
  setConfirmed(confirmed: boolean): void {
    Atomics.store(this.#words, Word.confirmed, confirmed ? 1 : 0);
  }

  /** Whether the safety monitor demands an emergency stop. */
  setStopRequested(requested: boolean): void {
    Atomics.store(this.#words, Word.stopRequested, requested ? 1 : 0);
  }

  /** Somebody has something for the robot to do: it may be taken over. */
  want(): void {
    Atomics.store(this.#words, Word.wanted, 1);
  }

  /** Faults present now, a mask of RobotFault. */
  get faults(): number {
    return Atomics.load(this.#words, Word.faults);
  }

  /** Faults there were since the last call, a mask of RobotFault; for who must not miss a short one. */
  takeFaultsSeen(): number {
    return Atomics.exchange(this.#words, Word.faultsSeen, 0);
  }

  /** Messages whose CRC was wrong. */
  get crcErrors(): number {
    return Atomics.load(this.#words, Word.crcErrors);
  }

  // The loop's side; `read…` and `send` are real-time safe.

  get foreign(): number {
    return Atomics.load(this.#words, Word.foreign);
  }

  get wanted(): boolean {
    return Atomics.load(this.#words, Word.wanted) !== 0;
  }

  get confirmed(): boolean {
    return Atomics.load(this.#words, Word.confirmed) !== 0;
  }

  get stopRequested(): boolean {
    return Atomics.load(this.#words, Word.stopRequested) !== 0;
  }

  /** States received so far; wraps. */
  get states(): number {
    return Atomics.load(this.#words, Word.states);
  }

  /** Makes a function that copies the latest LowState. @param arrival [0]: when it came, s; 0: never */
  stateReader(into: Uint8Array, arrival: Float64Array): () => boolean {
    const copy = () => {
      into.set(this.#state);
      arrival[0] = this.#arrival[0];
    };
    return () => {
      const states = this.states;
      if (states === this.#sentStates || readConsistent(this.#stateLock, copy) <= 0) return false;
      this.#sentStates = states;
      return true;
    };
  }

  /** Makes a function that copies the latest command. @param hands positions, rad: left, then right */
  commandReader(into: Uint8Array, hands: Float64Array): () => boolean {
    const copy = () => {
      into.set(this.#command);
      hands.set(this.#handCommands);
    };
    return () => readConsistent(this.#commandLock, copy) > 0;
  }

  readHand(side: Side, out: HandState): void {
    this.#hands[side].read(out);
  }

  /** Gives a command. @param hands positions, rad, in the drivers' order: left, then right */
  send(command: LowCommand, hands: Float64Array): void {
    this.#commandLock.beginWrite();
    this.#command.set(command.bytes);
    this.#handCommands.set(hands);
    this.#commandLock.endWrite();
    Atomics.add(this.#words, Word.commands, 1);
    Atomics.notify(this.#words, Word.commands);
  }

  reportFaults(faults: number, crcErrors: number): void {
    Atomics.store(this.#words, Word.faults, faults);
    if (faults !== 0) Atomics.or(this.#words, Word.faultsSeen, faults);
    Atomics.store(this.#words, Word.crcErrors, crcErrors);
  }
}

/** Of ES2024, which Node 20 has. */
interface WaitAsync extends Atomics {
  waitAsync(words: Int32Array, index: number, value: number): { readonly value: Promise<string> | string };
}
