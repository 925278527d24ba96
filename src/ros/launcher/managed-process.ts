import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { ProcessDescription } from './process-description.js';

/** How a program ended. */
export interface ProcessExit {
  /** Exit code; undefined when a signal ended it or it could not be started. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** Why it could not be started. */
  readonly error: string | undefined;
  /** Whether it is going to be started again. */
  readonly respawns: boolean;
}

/** What a process tells. */
export interface ProcessEvents {
  onStart(pid: number): void;
  /** One line without its end. */
  onLine(line: string, stream: 'stdout' | 'stderr'): void;
  onExit(exit: ProcessExit): void;
}

/**
 * A program that runs, is started again where the description says so, and can be stopped. It leads a process group of
 * its own: a Ctrl-C in the terminal reaches it through the launcher alone, and a signal reaches what it started too.
 */
export class ManagedProcess {
  readonly description: ProcessDescription;
  readonly #events: ProcessEvents;
  #child: ChildProcess | undefined;
  #respawnTimer: NodeJS.Timeout | undefined;
  #stopTimer: NodeJS.Timeout | undefined;
  #stopping = false;
  #resolveFinished: () => void = () => {};

  /** Settles when the program has ended for good. */
  readonly finished = new Promise<void>((resolve) => {
    this.#resolveFinished = resolve;
  });

  constructor(description: ProcessDescription, events: ProcessEvents) {
    this.description = description;
    this.#events = events;
  }

  /** Process id; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const { command, arguments: args, environment, directory } = this.description;
    const child = spawn(command, args, {
      env: environment,
      ...(directory === undefined ? {} : { cwd: directory }),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    const readers = [this.#forward(child.stdout, 'stdout'), this.#forward(child.stderr, 'stderr')];
    child.once('spawn', () => this.#events.onStart(child.pid as number));
    child.once('error', (error) => {
      if (child.pid === undefined) this.#ended(undefined, undefined, `cannot be started: ${error.message}`);
    });
    // Programs that it left behind may keep the pipes open; its own last lines arrive before that matters.
    child.once('exit', async (code, signal) => {
      await Promise.race([Promise.all(readers), new Promise((resolve) => setTimeout(resolve, 100))]);
      this.#ended(code ?? undefined, signal ?? undefined, undefined);
    });
  }

  /** Asks the program to end with SIGINT, then forces it to with SIGTERM and SIGKILL. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    if (this.#respawnTimer !== undefined) {
      clearTimeout(this.#respawnTimer);
      this.#resolveFinished();
    } else if (this.#child !== undefined) this.#escalate();
    else this.#resolveFinished();
  }

  #escalate(): void {
    const { sigtermTimeout, sigkillTimeout } = this.description;
    this.#signal('SIGINT');
    this.#stopTimer = setTimeout(() => {
      this.#signal('SIGTERM');
      this.#stopTimer = setTimeout(() => this.#signal('SIGKILL'), sigkillTimeout * 1000);
    }, sigtermTimeout * 1000);
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // ended meanwhile
    }
  }

  #forward(stream: Readable | null, name: 'stdout' | 'stderr'): Promise<void> {
    if (stream === null) return Promise.resolve();
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => {
      if (name === 'stderr' || this.description.showOutput) this.#events.onLine(line, name);
    });
    return new Promise((resolve) => lines.once('close', resolve));
  }

  #ended(code: number | undefined, signal: NodeJS.Signals | undefined, error: string | undefined): void {
    clearTimeout(this.#stopTimer);
    this.#child = undefined;
    const respawns = this.description.respawn && !this.#stopping && error === undefined;
    this.#events.onExit({ code, signal, error, respawns });
    if (!respawns) {
      this.#resolveFinished();
      return;
    }
    // An event handler may have stopped it.
    if (this.#stopping) this.#resolveFinished();
    else {
      this.#respawnTimer = setTimeout(() => {
        this.#respawnTimer = undefined;
        this.start();
      }, this.description.respawnDelay * 1000);
    }
  }
}
