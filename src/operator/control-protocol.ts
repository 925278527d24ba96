/**
 * The control channel: JSON over a WebSocket of its own, so that no picture or plot is ever before a command. The
 * operator page speaks it; the data (topics, parameters) go by Foxglove's protocol.
 */

/** Path and subprotocol of the channel. */
export const CONTROL_PATH = '/control';
export const CONTROL_PROTOCOL = 'cosmos.control.v1';

/**
 * The whole text of the frame that stops the robot; it is looked for before anything else is read. The same by HTTP:
 * POST to STOP_PATH.
 */
export const STOP_FRAME = 'STOP';
export const STOP_PATH = '/emergency_stop';

/** The answer to STOP_FRAME of the thread that does nothing but stop; it listens on a port of its own. */
export const STOPPED_FRAME = 'STOPPED';

/** What a client asks for; `id` comes back in the answer. */
export type ControlRequest =
  | { readonly op: 'trigger'; readonly id: number; readonly service: string }
  | { readonly op: 'instruct'; readonly id: number; readonly instruction: string }
  | { readonly op: 'cancel'; readonly id: number };

/** How a request went. */
export interface Answer {
  readonly success: boolean;
  readonly message: string;
}

/** An instruction that was given, and how it went. */
export interface TaskRecord {
  readonly instruction: string;
  /** ms since the epoch. */
  readonly started: number;
  /** In the words of ExecuteInstruction.action; '' before the first feedback. */
  readonly stage: string;
  /** 0 … 1 */
  readonly progress: number;
  readonly confidence: number;
  /** s */
  readonly elapsed: number;
  /** How it ended; undefined while it is carried out. */
  readonly outcome: Answer | undefined;
}

/** The history with the latest instruction: a new one, or news of the last. */
export function withTask(history: readonly TaskRecord[], task: TaskRecord): TaskRecord[] {
  const isNews = history.at(-1)?.started === task.started;
  return [...(isNews ? history.slice(0, -1) : history), task];
}

/** What the bridge says. */
export type ControlEvent =
  | {
      readonly op: 'welcome';
      /** Namespace of the robot, ends in a slash. */
      readonly namespace: string;
      /** What may be asked for beside the stops: names of services, 'execute_instruction'. */
      readonly allowed: readonly string[];
      /** Port where STOP_FRAME and STOP_PATH are heard by a thread of their own; undefined where there is none. */
      readonly stopPort?: number | undefined;
      readonly history: readonly TaskRecord[];
    }
  | { readonly op: 'stopped' }
  | ({ readonly op: 'answer'; readonly id: number } & Answer)
  /** The latest instruction: a new one, or news of it. */
  | { readonly op: 'task'; readonly task: TaskRecord };
