import { Worker } from 'node:worker_threads';

/**
 * Runs a module in worker threads, each with its own engine, and hands out numbered jobs.
 * @param module URL of the worker; it answers each job number posted to it with one message
 * @param data given to every worker as `workerData`
 * @param onResult called in the order of the jobs
 * @throws what a worker or `onResult` throws; the workers are ended
 */
export async function runParallel<Result>(
  module: URL,
  data: unknown,
  jobs: readonly number[],
  workers: number,
  onResult: (result: Result, done: number) => void,
): Promise<void> {
  const results = new Map<number, Result>();
  let next = 0;
  let reported = 0;
  const crew = Array.from({ length: Math.min(workers, jobs.length) }, () => new Worker(module, { workerData: data }));
  try {
    await Promise.all(
      crew.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            let current = -1;
            const take = () => {
              if (next >= jobs.length) return resolve();
              current = next++;
              worker.postMessage(jobs[current]);
            };
            worker.on('error', reject);
            worker.on('exit', (code) => reject(new Error(`a worker ended with exit code ${code}`)));
            worker.on('message', (result: Result) => {
              results.set(current, result);
              try {
                for (; results.has(reported); reported++) {
                  const ready = results.get(reported)!;
                  results.delete(reported);
                  onResult(ready, reported + 1);
                }
                take();
              } catch (error) {
                reject(error);
              }
            });
            take();
          }),
      ),
    );
  } finally {
    await Promise.all(crew.map((worker) => worker.terminate()));
  }
}
