import { createSocket, type Socket } from 'node:dgram';
import type { SharedState } from './shared-state.js';
import { StopMode } from './stop-state.js';

/** Address of the safety link: it does not leave the machine. */
export const LINK_HOST = '127.0.0.1';

/** What safety_monitor tells the loop, again and again; each word is the whole truth, so one that is lost does no harm. */
export interface SafetyWord {
  /** Stop that is demanded. */
  readonly mode: StopMode;
  /** Share of the velocity limits that is allowed, 0…1. */
  readonly speedScale: number;
  /** Resets accepted so far in this session; one more than before: the loop is to unlatch its stop. */
  readonly resets: number;
  /** Tells one run of the monitor from the next; STOP_ONLY: the word is not the monitor's. */
  readonly session: number;
}

/** Session of who stops the loop and says nothing else by it, such as the operator's emergency stop. */
export const STOP_ONLY = 0;

const MAGIC = 0x43_48_53_57;
const SIZE = 20;
const SCALE = 1e-6;

/** Writes a word into 20 bytes: five 32-bit integers, little-endian. */
export function encodeSafetyWord({ mode, speedScale, resets, session }: SafetyWord, out: Buffer): void {
  out.writeInt32LE(MAGIC, 0);
  out.writeInt32LE(mode, 4);
  out.writeInt32LE(Math.round(speedScale / SCALE), 8);
  out.writeInt32LE(resets, 12);
  out.writeInt32LE(session, 16);
}

/** Hands the words of safety_monitor, and stops of others, to the loop through the memory they share. */
export class SafetyWordReceiver {
  readonly #shared: SharedState;
  #session: number | undefined;
  #resets = 0;

  constructor(shared: SharedState) {
    this.#shared = shared;
  }

  /** Takes a datagram in; anything but a word of the link is ignored. */
  take(datagram: Buffer): void {
    if (datagram.length !== SIZE || datagram.readInt32LE(0) !== MAGIC) return;
    const mode = datagram.readInt32LE(4);
    const scale = datagram.readInt32LE(8) * SCALE;
    const resets = datagram.readInt32LE(12);
    const session = datagram.readInt32LE(16);
    if (mode < StopMode.running || mode > StopMode.damping || scale < 0 || scale > 1) return;
    const shared = this.#shared;
    if (session === STOP_ONLY) {
      shared.raiseStop(mode as StopMode);
      return;
    }
    shared.demandStop(mode as StopMode);
    shared.allowSpeed(scale);
    shared.heartbeat();
    if (session === this.#session && resets > this.#resets) shared.requestReset();
    this.#session = session;
    this.#resets = resets;
  }
}

/** The end of the safety link from which words come: the monitor's, or that of who stops the loop past it. */
export class SafetyWordSender {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #session: number;
  readonly #datagram = Buffer.alloc(SIZE);

  /** @param port where joint_controller listens @param session the monitor's when it is left out, a new one each time */
  constructor(port: number, session = (process.pid ^ Math.round(performance.timeOrigin)) | 1) {
    this.#port = port;
    this.#session = session;
    this.#socket = createSocket('udp4');
    this.#socket.unref();
    // Nobody may be listening yet.
    this.#socket.on('error', () => {});
  }

  /** Sends a word now. */
  send(mode: StopMode, speedScale: number, resets: number): void {
    encodeSafetyWord({ mode, speedScale, resets, session: this.#session }, this.#datagram);
    this.#socket.send(Buffer.from(this.#datagram), this.#port, LINK_HOST);
  }

  close(): void {
    this.#socket.close();
  }
}
