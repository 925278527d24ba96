import { parentPort, workerData } from 'node:worker_threads';
import { StopService } from './stop-service.js';
import type { StopThreadOptions, StopThreadReport } from './stop-thread.js';
import { StopWords } from './stop-words.js';

/** The thread of `StopThread`: stops the loop first, then tells. */
const { linkPort, ...options } = workerData as StopThreadOptions;
const port = parentPort!;
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
