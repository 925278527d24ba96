import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { StopServiceOptions } from './stop-service.js';

export interface StopThreadOptions extends StopServiceOptions {
  /** Where joint_controller hears the safety link. */
  readonly linkPort: number;
}

/** What the thread says. */
export type StopThreadReport =
  | { readonly listening: number }
  | { readonly failed: string }
  | { readonly stopped: string };

/**
 * The emergency stop in a thread of its own: it stops the loop by the safety link, whatever the main thread is doing,
 * and tells that afterwards.
 */
export class StopThread {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /**
   * @param stopped called with who has stopped the robot, as soon as this thread has time for it
   * Rejects where the port cannot be opened.
   */
  static async start(options: StopThreadOptions, stopped: (source: string) => void): Promise<StopThread> {
    const worker = new Worker(new URL('./stop-worker.js', import.meta.url), { workerData: options });
    const thread = new StopThread(worker);
    const [first] = (await once(worker, 'message')) as [StopThreadReport];
    if ('failed' in first) {
      await thread.close();
      throw new Error(first.failed);
    }
    worker.on('message', (report: StopThreadReport) => {
      if ('stopped' in report) stopped(report.stopped);
    });
    return thread;
  }

  async close(): Promise<void> {
    const ended = once(this.#worker, 'exit');
    this.#worker.postMessage('close');
    await ended;
  }
}
