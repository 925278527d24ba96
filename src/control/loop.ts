import { Worker } from 'node:worker_threads';
import type { HardwareOptions } from './hardware-registry.js';
import { CONTROLLER_DEFAULTS, type ControllerOptions } from './joint-controller.js';
import { type JointParameters, plainJointParameters } from './joint-parameters.js';
import type { SharedLayout } from './loop-snapshot.js';
import type { SafetyLinkData } from './safety-link-worker.js';
import { SharedState } from './shared-state.js';

/** Everything the loop's thread needs; plain data. */
export interface LoopOptions {
  /** Name of the hardware plugin (see `createHardware`). */
  readonly hardware: string;
  readonly hardwareOptions: HardwareOptions;
  readonly parameters: JointParameters;
  readonly controller: ControllerOptions;
  /** Ask the system for real-time priority; a refusal is logged, no more. */
  readonly realtime: boolean;
  /** UDP port on which safety_monitor is heard, in a thread of its own; left out where no monitor runs. */
  readonly linkPort?: number;
  /** The robot's configuration, where it is to keep itself on its feet; left out where something holds it up. */
  readonly balance?: string;
}

/** What the loop's thread says to the thread that started it. */
export type LoopMessage =
  | { readonly type: 'ready'; readonly layout: SharedLayout; readonly buffer: SharedArrayBuffer }
  | { readonly type: 'log'; readonly text: string }
  | { readonly type: 'finished' }
  | { readonly type: 'error'; readonly text: string };

/** A running control loop, seen from the thread that started it. */
export class LoopHandle {
  /** The memory shared with the loop. */
  readonly shared: SharedState;
  /**
   * Settles when the loop has ended: resolves after `stop`, rejects with the failure if hardware or controller threw
   * (the drives are in damping then). Left unhandled, the rejection ends the process with a non-zero exit code.
   */
  readonly finished: Promise<void>;
  readonly #link: Worker | undefined;

  /** @param link the thread of the safety link */
  constructor(shared: SharedState, finished: Promise<void>, link?: Worker) {
    this.shared = shared;
    this.finished = finished;
    this.#link = link;
  }

  /** Brings the robot to rest, disables it and ends the threads: at most about 0.6 s. */
  async stop(): Promise<void> {
    this.shared.requestShutdown();
    try {
      await this.finished;
    } finally {
      await this.#link?.terminate();
    }
  }
}

/**
 * Starts the thread of the safety link.
 * @returns when it listens
 * @throws Error where its port is taken
 */
function startSafetyLink(data: SafetyLinkData): Promise<Worker> {
  const worker = new Worker(new URL('./safety-link-worker.js', import.meta.url), { workerData: data });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (answer: string) => {
      if (answer === 'ready') resolve(worker);
      else reject(new Error(`UDP port ${data.port} of the safety link: ${answer}: does another joint_controller run?`));
    });
  });
}

/**
 * Starts the control loop in a thread of its own, and the safety link in another.
 * @param log receives the loop's few lines of log
 * @returns when the hardware is configured and the first cycle is about to run
 * @throws Error why hardware or parameters were refused
 */
export function startControlLoop(
  options: Partial<LoopOptions> & Pick<LoopOptions, 'hardware' | 'parameters'>,
  log: (text: string) => void = () => {},
): Promise<LoopHandle> {
  const workerData: LoopOptions = {
    hardwareOptions: {},
    controller: CONTROLLER_DEFAULTS,
    realtime: true,
    ...options,
    parameters: plainJointParameters(options.parameters),
  };
  const worker = new Worker(new URL('./loop-worker.js', import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    let clean = false;
    const finished = new Promise<void>((end, fail) => {
      worker.on('exit', (code) => {
        if (clean) end();
        else fail(failure ?? new Error(`the control loop's thread ended unexpectedly (exit code ${code})`));
      });
    });
    worker.on('error', (error) => {
      failure ??= error;
    });
    const failedEarly = (error: Error): void => reject(error);
    finished.catch(failedEarly);
    worker.on('message', (message: LoopMessage) => {
      if (message.type === 'ready') {
        const { layout, buffer } = message;
        const shared = new SharedState(layout, buffer);
        if (options.linkPort === undefined) {
          resolve(new LoopHandle(shared, finished.then()));
          return;
        }
        startSafetyLink({ port: options.linkPort, layout, buffer, realtime: workerData.realtime }).then(
          (link) => {
            finished.catch(() => link.terminate());
            resolve(new LoopHandle(shared, finished.then(), link));
          },
          (error: Error) => {
            shared.requestShutdown();
            reject(error);
          },
        );
      } else if (message.type === 'log') {
        log(message.text);
      } else if (message.type === 'finished') {
        clean = true;
      } else {
        failure = new Error(`control loop: ${message.text}`);
      }
    });
  });
}
