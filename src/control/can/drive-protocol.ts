/**
 * The eight bytes in which many joint drives take a command, and the six in which they answer: the protocol of the MIT
 * Mini Cheetah's actuators (B. Katz, "A low cost modular actuator for dynamic robots", MIT 2018), which has become
 * common. Numbers are unsigned, most significant bits first, spread over a range that the drive defines:
 *
 *   command: position 16 bits, velocity 12, kp 12, kd 12, torque 12
 *   answer:  identifier 8 bits, position 16, velocity 12, torque 12
 */
export interface DriveRanges {
  /** rad, ± */
  readonly position: number;
  /** rad/s, ± */
  readonly velocity: number;
  /** N·m/rad, from 0 */
  readonly kp: number;
  /** N·m·s/rad, from 0 */
  readonly kd: number;
  /** N·m, ± */
  readonly torque: number;
}

export const DRIVE_COMMAND_BYTES = 8;
export const DRIVE_ANSWER_BYTES = 6;

/** Special commands. */
export const DriveOrder = { enable: 0xfc, disable: 0xfd, setZero: 0xfe } as const;

/** What a drive answers. */
export interface DriveAnswer {
  id: number;
  /** rad */
  position: number;
  /** rad/s */
  velocity: number;
  /** N·m */
  torque: number;
}

/** Writes a command, each number kept within its range. @param at where in `out` */
export function encodeDriveCommand(
  ranges: DriveRanges,
  position: number,
  velocity: number,
  kp: number,
  kd: number,
  torque: number,
  out: Uint8Array,
  at = 0,
): void {
  const p = pack(position, -ranges.position, ranges.position, 16);
  const v = pack(velocity, -ranges.velocity, ranges.velocity, 12);
  const s = pack(kp, 0, ranges.kp, 12);
  const d = pack(kd, 0, ranges.kd, 12);
  const t = pack(torque, -ranges.torque, ranges.torque, 12);
  out[at] = p >>> 8;
  out[at + 1] = p & 0xff;
  out[at + 2] = v >>> 4;
  out[at + 3] = ((v & 0xf) << 4) | (s >>> 8);
  out[at + 4] = s & 0xff;
  out[at + 5] = d >>> 4;
  out[at + 6] = ((d & 0xf) << 4) | (t >>> 8);
  out[at + 7] = t & 0xff;
}

/** Writes a special command. @param order one of DriveOrder */
export function encodeDriveOrder(order: number, out: Uint8Array, at = 0): void {
  out.fill(0xff, at, at + 7);
  out[at + 7] = order;
}

/** Reads an answer into `out`. @param at where in `bytes` */
export function decodeDriveAnswer(ranges: DriveRanges, bytes: Uint8Array, out: DriveAnswer, at = 0): void {
  out.id = bytes[at];
  out.position = unpack((bytes[at + 1] << 8) | bytes[at + 2], -ranges.position, ranges.position, 16);
  out.velocity = unpack((bytes[at + 3] << 4) | (bytes[at + 4] >>> 4), -ranges.velocity, ranges.velocity, 12);
  out.torque = unpack(((bytes[at + 4] & 0xf) << 8) | bytes[at + 5], -ranges.torque, ranges.torque, 12);
}

function pack(value: number, low: number, high: number, bits: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`a drive command holds ${value}; it needs numbers`);
  const within = Math.min(high, Math.max(low, value));
  return Math.trunc(((within - low) * (2 ** bits - 1)) / (high - low));
}

function unpack(value: number, low: number, high: number, bits: number): number {
  return (value * (high - low)) / (2 ** bits - 1) + low;
}
