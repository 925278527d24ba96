/** Bytes of the kernel's `struct canfd_frame`: identifier 4, length, flags, two reserved, data 64. */
export const CAN_FD_FRAME_BYTES = 72;
export const CAN_FD_DATA_BYTES = 64;

const EXTENDED = 0x80000000;
const STANDARD_MASK = 0x7ff;
const EXTENDED_MASK = 0x1fffffff;
/** The data are sent at the higher bit rate. */
const BIT_RATE_SWITCH = 0x01;
/** A CAN-FD frame, not a classic one. */
const FD_FRAME = 0x04;

/** Lengths that a CAN-FD frame can have above 8, in the order of their codes 9 to 15. */
const LONG_LENGTHS = [12, 16, 20, 24, 32, 48, 64];

/** The shortest length of a CAN-FD frame that holds so many bytes. @throws RangeError above 64 */
export function frameLength(bytes: number): number {
  const length = bytes <= 8 ? bytes : LONG_LENGTHS.find((candidate) => candidate >= bytes);
  if (length === undefined || bytes < 0) throw new RangeError(`a CAN-FD frame holds 0 to 64 bytes, not ${bytes}`);
  return length;
}

/** One CAN-FD frame in the bytes that SocketCAN takes and gives. Allocates nothing after construction. */
export class CanFdFrame {
  readonly bytes = new Uint8Array(CAN_FD_FRAME_BYTES);
  /** Live view of the data. */
  readonly data = this.bytes.subarray(8);
  readonly #view = new DataView(this.bytes.buffer);

  /** Identifier: up to 0x7ff standard (11 bits), above extended (29 bits). */
  get id(): number {
    const raw = this.#view.getUint32(0, true);
    return raw & EXTENDED ? raw & EXTENDED_MASK : raw & STANDARD_MASK;
  }

  /** Bytes of data. */
  get length(): number {
    return this.bytes[4];
  }

  /**
   * Begins a frame whose data are zero.
   * @param id identifier @param bytes of data; rounded up to a length that CAN-FD has
   * @throws RangeError for an identifier above 29 bits or more than 64 bytes
   */
  begin(id: number, bytes: number): void {
    if (!Number.isInteger(id) || id < 0 || id > EXTENDED_MASK) throw new RangeError(`${id} is no CAN identifier`);
    this.#view.setUint32(0, id > STANDARD_MASK ? (id | EXTENDED) >>> 0 : id, true);
    this.bytes[4] = frameLength(bytes);
    this.bytes[5] = BIT_RATE_SWITCH | FD_FRAME;
    this.data.fill(0);
  }
}
