import type { WebSocket } from 'ws';
import { z } from 'zod';
import { CloseCode } from './client-link.js';
import {
  type Answer,
  type ControlEvent,
  type ControlRequest,
  STOP_FRAME,
  type TaskRecord,
  withTask,
} from './control-protocol.js';

/** Requests of one client that may be under way. */
const CONCURRENT = 8;
/** A client that lets more than this pile up is cut off, bytes. */
const BACKLOG = 2 ** 20;
/** Instructions that are remembered. */
const HISTORY = 50;

/** What the channel does to the robot. */
export interface ControlActions {
  /** Stops the robot at once. Comes before and works without anything else. */
  emergencyStop(source: string): void;
  /** Calls a service of type std_srvs/Trigger. */
  trigger(service: string): Promise<Answer>;
  /** Gives an instruction; resolves as soon as it is accepted or refused. */
  instruct(instruction: string): Promise<Answer>;
  /** Takes the instruction back. */
  cancel(): Promise<Answer>;
}

const id = z.number().int().nonnegative();
const request = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('trigger'), id, service: z.string().max(256) }),
  z.strictObject({ op: z.literal('instruct'), id, instruction: z.string().min(1).max(500) }),
  z.strictObject({ op: z.literal('cancel'), id }),
]) satisfies z.ZodType<ControlRequest>;

/** The clients of the control channel, and what they all are told. */
export class ControlHub {
  readonly #actions: ControlActions;
  readonly #namespace: string;
  readonly #allowed: () => readonly string[];
  readonly #clients = new Set<WebSocket>();
  #history: TaskRecord[] = [];
  /** Port of the thread that does nothing but stop, where it runs. */
  stopPort: number | undefined;

  /** @param allowed what clients may ask for beside the stops */
  constructor(actions: ControlActions, namespace: string, allowed: () => readonly string[]) {
    this.#actions = actions;
    this.#namespace = namespace;
    this.#allowed = allowed;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Takes in a client. @param name for the record, e.g. its address */
  add(socket: WebSocket, name: string): void {
    let underWay = 0;
    this.#clients.add(socket);
    socket.on('close', () => this.#clients.delete(socket));
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => {
      const bytes = data as Buffer;
      if (bytes.length === STOP_FRAME.length && bytes.toString() === STOP_FRAME) {
        this.stop(name);
        return;
      }
      const parsed = isBinary ? undefined : parse(bytes.toString());
      if (parsed === undefined || underWay >= CONCURRENT) {
        const reason = parsed === undefined ? 'no request of the control protocol' : 'too many requests under way';
        socket.close(parsed === undefined ? CloseCode.invalidData : CloseCode.policy, reason);
        return;
      }
      underWay++;
      void this.#answer(parsed).then((answer) => {
        underWay--;
        this.#send(socket, { op: 'answer', id: parsed.id, ...answer });
      });
    });
    const { history, stopPort } = this;
    this.#send(socket, { op: 'welcome', namespace: this.#namespace, allowed: this.#allowed(), stopPort, history });
  }

  /** Stops the robot, then tells everybody. */
  stop(source: string): void {
    this.#actions.emergencyStop(source);
    this.tellStopped();
  }

  /** Tells everybody that the robot was stopped. */
  tellStopped(): void {
    this.#tell({ op: 'stopped' });
  }

  /** What was carried out, the latest last. */
  get history(): readonly TaskRecord[] {
    return this.#history;
  }

  /** Tells everybody of an instruction that begins, goes on or ends. */
  report(task: TaskRecord): void {
    this.#history = withTask(this.#history, task).slice(-HISTORY);
    this.#tell({ op: 'task', task });
  }

  async #answer(asked: ControlRequest): Promise<Answer> {
    try {
      switch (asked.op) {
        case 'trigger':
          return await this.#actions.trigger(asked.service);
        case 'instruct':
          return await this.#actions.instruct(asked.instruction);
        case 'cancel':
          return await this.#actions.cancel();
      }
    } catch (error) {
      return { success: false, message: (error as Error).message };
    }
  }

  #tell(event: ControlEvent): void {
    for (const socket of this.#clients) this.#send(socket, event);
  }

  #send(socket: WebSocket, event: ControlEvent): void {
    if (socket.bufferedAmount > BACKLOG) socket.terminate();
    else if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(event));
  }
}

function parse(text: string): ControlRequest | undefined {
  try {
    return request.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
