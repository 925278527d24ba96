import {
  type Answer,
  CONTROL_PATH,
  CONTROL_PROTOCOL,
  type ControlEvent,
  type ControlRequest,
  STOP_FRAME,
  STOP_PATH,
  STOPPED_FRAME,
} from '../control-protocol.js';
import { bridgeUrl, keepOpen } from './socket.js';

/** Time for a channel to answer a stop, before a request of its own is made too, ms. */
const ANSWER = 100;

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** The page's end of the control channel. */
export class ControlLink {
  #socket: WebSocket | undefined;
  /** To the thread of the bridge that does nothing but stop. */
  #stopSocket: WebSocket | undefined;
  #stopPort: number | undefined;
  #id = 0;
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  /** @param handle called with what the bridge says, answers excepted @param changed called when it is lost or back */
  constructor(handle: (event: ControlEvent) => void, changed: (open: boolean) => void) {
    keepOpen(
      () => bridgeUrl(CONTROL_PATH, 'ws'),
      CONTROL_PROTOCOL,
      (socket) => {
        this.#socket = socket;
        socket.addEventListener('open', () => changed(true));
        socket.addEventListener('message', ({ data }) => {
          const event = JSON.parse(data) as ControlEvent;
          if (event.op === 'welcome') this.#openStop(event.stopPort);
          if (event.op === 'answer') this.#resolve(event.id, event);
          else handle(event);
        });
      },
      () => {
        for (const id of [...this.#waiting.keys()]) this.#resolve(id, { success: false, message: 'connection lost' });
        changed(false);
      },
    );
  }

  get open(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /**
   * Stops the robot: by the thread that does nothing else and by the open channel at once, and, where the thread does not
   * answer at once, by a request of its own, which needs no channel. That is taken back as soon as the robot is stopped:
   * one that comes late would stop a robot that was reset meanwhile.
   * @returns whether the thread or the request was answered
   */
  async stop(): Promise<boolean> {
    const thread = this.#stopByThread();
    if (this.open) this.#socket!.send(STOP_FRAME);
    const stopped = new AbortController();
    const answer = Promise.any([thread, this.#stopByRequest(thread, stopped.signal)]);
    return answer.then(
      () => {
        stopped.abort();
        return true;
      },
      () => false,
    );
  }

  /** @param thread its answer, which has a moment to come @param stopped when the request is to be taken back */
  async #stopByRequest(thread: Promise<void>, stopped: AbortSignal): Promise<void> {
    const answered = thread.then(
      () => true,
      () => false,
    );
    const moment = new Promise<boolean>((resolve) => setTimeout(resolve, ANSWER, false));
    if (await Promise.race([answered, moment])) return;
    const { ok, status } = await fetch(bridgeUrl(STOP_PATH, 'http'), { method: 'POST', signal: stopped });
    if (!ok) throw new Error(`HTTP status ${status}`);
  }

  #stopByThread(): Promise<void> {
    const socket = this.#stopSocket;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.reject();
    return new Promise((resolve, reject) => {
      const heard = ({ data }: MessageEvent) => (data === STOPPED_FRAME ? resolve() : reject());
      socket.addEventListener('message', heard, { once: true });
      socket.addEventListener('close', reject, { once: true });
      socket.send(STOP_FRAME);
    });
  }

  /** Keeps a connection to the thread open. @param port undefined where the bridge has none */
  #openStop(port: number | undefined): void {
    const known = this.#stopPort !== undefined;
    this.#stopPort = port ?? this.#stopPort;
    if (known || port === undefined) return;
    keepOpen(
      () => bridgeUrl(CONTROL_PATH, 'ws', {}, String(this.#stopPort)),
      CONTROL_PROTOCOL,
      (socket) => {
        this.#stopSocket = socket;
      },
    );
  }

  ask(request: WithoutId<ControlRequest>): Promise<Answer> {
    if (!this.open) return Promise.resolve({ success: false, message: 'not connected' });
    const id = ++this.#id;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket!.send(JSON.stringify({ ...request, id }));
    });
  }

  #resolve(id: number, answer: Answer): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}
