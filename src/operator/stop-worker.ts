import { parentPort, workerData } from 'node:worker_threads';
import { requestRealtimePriority } from '../control/realtime.js';
import { StopService } from './stop-service.js';
import type { StopThreadOptions, StopThreadReport } from './stop-thread.js';
import { StopWords } from './stop-words.js';

/** Real-time priority of this thread: it goes before everything but the 1 kHz loop and what carries its messages. */
const PRIORITY = 10;

/** The thread of `StopThread`: stops the loop first, then tells. */
const { linkPort, ...options } = workerData as StopThreadOptions;
const port = parentPort!;
// Where the system does not permit it, the thread works without.
requestRealtimePriority(PRIORITY);
const words = new StopWords(linkPort);
const service = new StopService(options, (source) => {
  words.send();
  port.postMessage({ stopped: source } satisfies StopThreadReport);
});
port.on('message', async () => {
  await service.close();
  words.close();
  port.close();
});
await service.listen().then(
  (opened) => port.postMessage({ listening: opened } satisfies StopThreadReport),
  (error: Error) => port.postMessage({ failed: error.message } satisfies StopThreadReport),
);
