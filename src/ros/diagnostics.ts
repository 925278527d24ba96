import type { MessageInput } from './messages.js';
import type { Publisher } from './publisher.js';

/** Levels of REP-107, in order of severity. */
export const Level = { ok: 0, warning: 1, error: 2, stale: 3 } as const;
export type Level = (typeof Level)[keyof typeof Level];

interface Status {
  readonly level: Level;
  readonly message: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** What a node says of its health: published on /diagnostics (REP-107), every second and when a level or text changes. */
export class Diagnostics {
  /** The hardware that the node drives, where it drives any; '' for a program. */
  hardwareId = '';
  readonly #node: string;
  readonly #publisher: Publisher<'diagnostic_msgs/msg/DiagnosticArray'>;
  readonly #stamp: () => MessageInput<'builtin_interfaces/msg/Time'>;
  readonly #statuses = new Map<string, Status>();
  readonly #sources: (() => void)[] = [];
  #pending: NodeJS.Immediate | undefined;
  #closed = false;

  /** @param node name of the node @param stamp ROS time */
  constructor(
    node: string,
    publisher: Publisher<'diagnostic_msgs/msg/DiagnosticArray'>,
    stamp: () => MessageInput<'builtin_interfaces/msg/Time'>,
  ) {
    this.#node = node;
    this.#publisher = publisher;
    this.#stamp = stamp;
  }

  /**
   * Says how a component is.
   * @param component part of the node, e.g. 'loop'
   * @param message in words, what is wrong and what to do; or 'ok'
   * @param values figures, with the unit in the key
   */
  report(component: string, level: Level, message: string, values: Status['values'] = {}): void {
    const previous = this.#statuses.get(component);
    this.#statuses.set(component, { level, message, values });
    if (previous?.level === level && previous.message === message) return;
    this.#pending ??= setImmediate(() => this.publish());
  }

  /** Registers a function that reports, called before each periodic publication. @returns takes it back */
  addSource(source: () => void): () => void {
    this.#sources.push(source);
    return () => {
      const at = this.#sources.indexOf(source);
      if (at >= 0) this.#sources.splice(at, 1);
    };
  }

  /** For the node's timer: asks the sources, then publishes. */
  update(): void {
    for (const source of this.#sources) source();
    this.publish();
  }

  /** Publishes all statuses now. */
  publish(): void {
    if (this.#closed) return;
    clearImmediate(this.#pending);
    this.#pending = undefined;
    const status = [...this.#statuses].map(([component, { level, message, values }]) => ({
      level,
      name: `${this.#node}: ${component}`,
      message,
      hardware_id: this.hardwareId,
      values: Object.entries(values).map(([key, value]) => ({ key, value: format(value) })),
    }));
    this.#publisher.publish({ header: { stamp: this.#stamp() }, status });
  }

  /** For the node: publishes nothing from now on. */
  close(): void {
    this.#closed = true;
  }
}

function format(value: string | number): string {
  return typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : String(value);
}
