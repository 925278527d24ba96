import { expect } from 'chai';
import { runParallel } from '../../src/cli/parallel.js';

const module = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
const worker = (answer: string) =>
  module(`import { parentPort, workerData } from 'node:worker_threads';
    parentPort.on('message', (job) => { ${answer} });`);

describe('runParallel', () => {
  const run = (
    code: URL,
    jobs: number[],
    workers: number,
    onResult: (result: number, done: number) => void = () => {},
  ) =>
    runParallel<number>(code, { factor: 10 }, jobs, workers, onResult).then(
      () => 'done',
      (error: Error) => error.message,
    );

  it('does every job once and tells the results in order', async () => {
    const slowFirst = worker('setTimeout(() => parentPort.postMessage(job * workerData.factor), job === 1 ? 60 : 0)');
    for (const workers of [1, 3, 9]) {
      const seen: [number, number][] = [];
      const outcome = await run(slowFirst, [1, 2, 3, 4, 5], workers, (result, done) => seen.push([result, done]));
      expect(outcome).to.equal('done');
      expect(seen).to.deep.equal([
        [10, 1],
        [20, 2],
        [30, 3],
        [40, 4],
        [50, 5],
      ]);
    }
    expect(await run(slowFirst, [], 2)).to.equal('done');
  });

  it('passes on what a worker throws, at its start or at a job, and when it ends', async () => {
    expect(await run(module("throw new Error('no model');"), [1], 1)).to.equal('no model');
    expect(
      await run(worker("if (job === 3) throw new Error('bad seed'); parentPort.postMessage(job)"), [1, 2, 3, 4], 2),
    ).to.equal('bad seed');
    expect(await run(worker('process.exit(4)'), [1], 1)).to.equal('a worker ended with exit code 4');
  });

  it('passes on what the receiver of the results throws', async () => {
    const outcome = await run(worker('parentPort.postMessage(job)'), [1, 2, 3], 2, () => {
      throw new Error('disk full');
    });
    expect(outcome).to.equal('disk full');
  });
});
