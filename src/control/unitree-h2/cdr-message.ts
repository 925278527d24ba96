import { CRC_START, crc32 } from './crc32.js';
import { MOTOR_SLOTS } from './motors.js';

/** Says that the body is little-endian CDR. */
export const ENCAPSULATION = 4;

/** How a message of unitree_hg lies in CDR. Offsets count bytes of the body. */
export interface CdrLayout {
  /** Bytes of the body. */
  readonly size: number;
  /** Where motor 0's numbers begin; its mode lies in the word before, at `firstMode`. */
  readonly motors: number;
  readonly firstMode: number;
  /** Bytes a motor. */
  readonly stride: number;
  /** Word that holds mode_pr and mode_machine. */
  readonly modes: number;
  /** Which bits of that word are data. */
  readonly modesMask: number;
}

/**
 * A message of unitree_hg as CDR bytes in fixed places, with its CRC. Real-time safe; nothing is allocated after
 * construction.
 *
 * The CRC is defined over the C structure, whose padding differs: there motor 0's mode has a word of its own, in CDR it
 * shares one with what comes before. So the words are the same but for that one, which counts as two.
 */
export class CdrMessage {
  /** The whole message, the four bytes of encapsulation included. */
  readonly bytes: Uint8Array;
  protected readonly words: Int32Array;
  protected readonly floats: Float32Array;
  protected readonly body: Uint8Array;
  readonly #layout: CdrLayout;

  /** @param bytes to live in, zeroed or a message; a new message when left out */
  constructor(layout: CdrLayout, bytes: Uint8Array = new Uint8Array(ENCAPSULATION + layout.size)) {
    const { size } = layout;
    if (bytes.length !== ENCAPSULATION + size) {
      throw new RangeError(`the message has ${bytes.length} bytes, needs ${ENCAPSULATION + size}`);
    }
    const at = bytes.byteOffset + ENCAPSULATION;
    this.#layout = layout;
    this.bytes = bytes;
    this.words = new Int32Array(bytes.buffer, at, size / 4);
    this.floats = new Float32Array(bytes.buffer, at, size / 4);
    this.body = new Uint8Array(bytes.buffer, at, size);
    bytes[1] = 1;
  }

  /** 0: the ankles are pitch and roll. */
  get modePr(): number {
    return this.body[4 * this.#layout.modes];
  }

  set modePr(value: number) {
    this.body[4 * this.#layout.modes] = value;
  }

  /** Kind of robot; commands send back what the state says. */
  get modeMachine(): number {
    return this.body[4 * this.#layout.modes + 1];
  }

  set modeMachine(value: number) {
    this.body[4 * this.#layout.modes + 1] = value;
  }

  /** Mode of a motor: 1 is on. */
  mode(motor: number): number {
    return this.body[this.#modeAt(motor)];
  }

  setMode(motor: number, mode: number): void {
    this.body[this.#modeAt(motor)] = mode;
  }

  /** The CRC that the message carries, signed. */
  get crc(): number {
    return this.words[this.words.length - 1];
  }

  /** Writes the CRC of what the message holds. */
  seal(): void {
    this.words[this.words.length - 1] = this.computeCrc();
  }

  /** Whether the message is little-endian CDR and its CRC is that of what it holds. */
  get intact(): boolean {
    return this.bytes[1] === 1 && this.crc === this.computeCrc();
  }

  /** CRC over the C structure's words, padding counted as zero. */
  computeCrc(): number {
    const { words } = this;
    const { motors, stride, modes, modesMask, firstMode } = this.#layout;
    const shared = motors / 4 - 1;
    const shift = 8 * (firstMode & 3);
    let nextMode = shared + stride / 4;
    let crc = CRC_START;
    for (let i = 0; i < words.length - 1; i++) {
      const word = words[i];
      if (i === shared) {
        crc = crc32(crc, word & (i === modes ? modesMask : (1 << shift) - 1));
        crc = crc32(crc, (word >>> shift) & 0xff);
      } else if (i === modes) {
        crc = crc32(crc, word & modesMask);
      } else if (i === nextMode && nextMode < shared + (stride / 4) * MOTOR_SLOTS) {
        crc = crc32(crc, word & 0xff);
        nextMode += stride / 4;
      } else {
        crc = crc32(crc, word);
      }
    }
    return crc;
  }

  #modeAt(motor: number): number {
    const { motors, stride, firstMode } = this.#layout;
    return motor === 0 ? firstMode : motors - 4 + stride * motor;
  }
}
