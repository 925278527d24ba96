import { ManagedProcess, type ProcessExit } from './managed-process.js';
import type { ProcessDescription } from './process-description.js';

/** What a launcher tells about its programs, by their names. */
export interface LauncherEvents {
  onStart?(name: string, pid: number): void;
  /** One line that a program wrote, without its end. */
  onOutput?(name: string, line: string, stream: 'stdout' | 'stderr'): void;
  onExit?(name: string, exit: ProcessExit): void;
}

/** Runs the programs of a launch description. */
export class Launcher {
  readonly #processes: readonly ManagedProcess[];
  #failed = false;
  #stopping = false;

  constructor(descriptions: readonly ProcessDescription[], events: LauncherEvents = {}) {
    this.#processes = descriptions.map(
      (description) =>
        new ManagedProcess(description, {
          onStart: (pid) => events.onStart?.(description.name, pid),
          onLine: (line, stream) => events.onOutput?.(description.name, line, stream),
          onExit: (exit) => {
            if (!this.#stopping && !exit.respawns && exit.code !== 0) this.#failed = true;
            events.onExit?.(description.name, exit);
            if (description.required) this.stop();
          },
        }),
    );
  }

  /** Starts all programs. They are stopped, too, when this process ends without having done so. */
  start(): void {
    const stop = () => void this.stop();
    process.once('exit', stop);
    void this.finished().then(() => process.off('exit', stop));
    for (const managed of this.#processes) managed.start();
  }

  /**
   * Stops all programs: SIGINT, then, after the timeouts of each (5 s by default), SIGTERM and SIGKILL.
   * @returns settles when all have ended
   */
  stop(): Promise<void> {
    this.#stopping = true;
    for (const managed of this.#processes) managed.stop();
    return this.finished();
  }

  /** Settles when all programs have ended for good. */
  async finished(): Promise<void> {
    await Promise.all(this.#processes.map((managed) => managed.finished));
  }

  /** Whether a program ended by itself with an error and was not started again. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Ids of the programs that run now, by name. */
  get pids(): ReadonlyMap<string, number> {
    return new Map(
      this.#processes.flatMap(({ description, pid }) => (pid === undefined ? [] : [[description.name, pid] as const])),
    );
  }
}
