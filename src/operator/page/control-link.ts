import {
  type Answer,
  CONTROL_PATH,
  CONTROL_PROTOCOL,
  type ControlEvent,
  type ControlRequest,
  STOP_FRAME,
  STOP_PATH,
} from '../control-protocol.js';
import { bridgeUrl, keepOpen } from './socket.js';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** The page's end of the control channel. */
export class ControlLink {
  #socket: WebSocket | undefined;
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
   * Stops the robot, in two ways at once: by the open channel, and by a request of its own, which needs none.
   * @returns how the request went
   */
  async stop(): Promise<boolean> {
    if (this.open) this.#socket!.send(STOP_FRAME);
    try {
      return (await fetch(bridgeUrl(STOP_PATH, 'http'), { method: 'POST', keepalive: true })).ok;
    } catch {
      return false;
    }
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
