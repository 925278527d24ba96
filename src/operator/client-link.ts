import type { WebSocket } from 'ws';

/** First byte of a frame that carries a message of a topic; such frames may be dropped. */
const MESSAGE_DATA = 1;
/** Message frames are handed to the socket while it holds less than this, bytes. */
const WINDOW = 2 ** 18;

/** Messages of this size and more are thinned out for a client that asks for that, bytes. */
const LARGE = 2 ** 13;

/** Limits of a link. */
export interface LinkLimits {
  /** Most bytes of messages that may wait for the client. */
  readonly memory: number;
  /** Most bytes of anything else that may wait: a client that lets more pile up is cut off. */
  readonly controlMemory: number;
  /** Large messages of one topic that the client wants at most, Hz; the newest are sent. Infinity: all. */
  readonly rate: number;
}

/** Large messages of one topic on their way to a client that wants not all of them. */
interface Thinned {
  /** When the next may be sent, ms. */
  due: number;
  /** The newest, which waits for that. */
  next: Uint8Array | undefined;
}

/** How a link fares. */
export interface LinkStatus {
  /** Message frames given to the socket, and those left out because the client was slow. */
  readonly sent: number;
  readonly dropped: number;
  /** Bytes of messages that wait. */
  readonly pending: number;
}

/** WebSocket close codes (RFC 6455, section 7.4.1). */
export const CloseCode = { goingAway: 1001, invalidData: 1007, policy: 1008, tooBig: 1009, overload: 1013 } as const;

/**
 * One client of the data protocol, as its server wants a socket to be. A client that reads slower than messages come
 * loses the oldest that wait for it: memory is bounded, and nobody else waits. What is no message (advertisements,
 * answers) is never left out; a client that does not take even that is cut off.
 */
export class ClientLink {
  binaryType = 'arraybuffer';
  onmessage: ((event: { data: ArrayBuffer | string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null = null;
  onopen: null = null;
  onerror: null = null;
  readonly #socket: WebSocket;
  readonly #limits: LinkLimits;
  #queue: Uint8Array[] = [];
  /** Where the queue begins; what is before it is gone. */
  #head = 0;
  #pending = 0;
  /** By subscription. */
  readonly #thinned = new Map<number, Thinned>();
  #sent = 0;
  #dropped = 0;

  constructor(socket: WebSocket, limits: LinkLimits) {
    this.#socket = socket;
    this.#limits = limits;
    socket.binaryType = 'arraybuffer';
    socket.on('message', (data, isBinary) => {
      const bytes = data as ArrayBuffer;
      this.onmessage?.({ data: isBinary ? bytes : Buffer.from(bytes).toString() });
    });
    socket.on('close', (code, reason) => {
      this.#queue = [];
      this.#pending = 0;
      this.#thinned.clear();
      this.onclose?.({ code, reason: reason.toString(), wasClean: code !== 1006 });
    });
    // The close that follows says enough.
    socket.on('error', () => {});
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  get status(): LinkStatus {
    return { sent: this.#sent, dropped: this.#dropped, pending: this.#pending };
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  /** One parameter, so that the server hands over whole frames, which are this link's to keep. */
  send(data: string | ArrayBuffer | ArrayBufferView): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    if (data instanceof Uint8Array && data[0] === MESSAGE_DATA) {
      if (data.byteLength < LARGE || this.#limits.rate === Infinity) this.#pass(data);
      else this.#thin(data);
      return;
    }
    if (socket.bufferedAmount > WINDOW + this.#limits.controlMemory) {
      // Its close frame would wait behind what it does not read.
      socket.terminate();
      return;
    }
    socket.send(data as string | ArrayBuffer);
  }

  #pass(frame: Uint8Array): void {
    this.#enqueue(frame);
    this.#flush();
  }

  #thin(frame: Uint8Array): void {
    const subscription = new DataView(frame.buffer, frame.byteOffset).getUint32(1, true);
    let topic = this.#thinned.get(subscription);
    if (topic === undefined) {
      topic = { due: 0, next: undefined };
      this.#thinned.set(subscription, topic);
    }
    const now = performance.now();
    const { due, next } = topic;
    if (now >= due && next === undefined) {
      topic.due = now + 1000 / this.#limits.rate;
      this.#pass(frame);
      return;
    }
    topic.next = frame;
    if (next !== undefined) return;
    setTimeout(() => {
      const newest = topic.next;
      topic.next = undefined;
      topic.due = performance.now() + 1000 / this.#limits.rate;
      if (newest !== undefined && this.#socket.readyState === this.#socket.OPEN) this.#pass(newest);
    }, due - now);
  }

  #enqueue(frame: Uint8Array): void {
    this.#queue.push(frame);
    this.#pending += frame.byteLength;
    while (this.#pending > this.#limits.memory) {
      this.#shift();
      this.#dropped++;
    }
  }

  #flush(): void {
    const socket = this.#socket;
    while (this.#head < this.#queue.length && socket.bufferedAmount < WINDOW) {
      const frame = this.#shift();
      this.#sent++;
      socket.send(frame, { binary: true }, () => this.#flush());
    }
  }

  #shift(): Uint8Array {
    const frame = this.#queue[this.#head]!;
    this.#pending -= frame.byteLength;
    this.#head++;
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    } else if (this.#head > 64 && 2 * this.#head > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return frame;
  }
}
