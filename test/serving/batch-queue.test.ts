import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { BatchQueue, QueueError } from '../../src/serving/batch-queue.js';

/** A queue whose batches are answered by hand: each question by its double. */
function manual(options = { capacity: 10, batch: 3, timeout: 5 }) {
  const batches: (readonly number[])[] = [];
  const finish: ((error?: Error) => void)[] = [];
  const queue = new BatchQueue<number, number>(options, (questions) => {
    batches.push(questions);
    return new Promise((resolve, reject) => {
      finish.push((error) => (error ? reject(error) : resolve(questions.map((question) => 2 * question))));
    });
  });
  return { queue, batches, finish };
}

const failure = (run: Promise<unknown>) =>
  run.then(
    () => 'no error',
    (error: Error) => (error instanceof QueueError ? error.reason : error.message),
  );

describe('BatchQueue', () => {
  it('answers together what gathered meanwhile, in order', async () => {
    const { queue, batches, finish } = manual();
    const answers = [1, 2, 3, 4, 5].map((question) => queue.ask(question));
    finish[0]();
    await answers[0];
    await sleep(1);
    finish[1]();
    await answers[3];
    await sleep(1);
    finish[2]();
    expect(await Promise.all(answers)).to.deep.equal([2, 4, 6, 8, 10]);
    expect(batches).to.deep.equal([[1], [2, 3, 4], [5]]);
  });

  it('turns away what exceeds its capacity', async () => {
    const { queue, finish } = manual({ capacity: 2, batch: 1, timeout: 5 });
    const [first, second] = [queue.ask(1), queue.ask(2)];
    expect(await failure(queue.ask(3))).to.equal('full');
    finish[0]();
    await first;
    await sleep(1);
    const third = queue.ask(3);
    finish[1]();
    await second;
    await sleep(1);
    finish[2]();
    expect(await third).to.equal(6);
    expect(queue.size).to.equal(0);
  });

  it('gives up on what takes too long, and does not answer it any more', async () => {
    const { queue, batches, finish } = manual({ capacity: 10, batch: 1, timeout: 0.02 });
    const [first, second] = [failure(queue.ask(1)), failure(queue.ask(2))];
    expect([await first, await second]).to.deep.equal(['late', 'late']);
    finish[0]();
    await sleep(1);
    expect(batches).to.deep.equal([[1]]);
  });

  it('passes on a failure to those it concerns, and goes on', async () => {
    const { queue, finish } = manual();
    const first = failure(queue.ask(1));
    const second = queue.ask(2);
    finish[0](new Error('out of memory'));
    expect(await first).to.equal('out of memory');
    await sleep(1);
    finish[1]();
    expect(await second).to.equal(4);
  });

  it('turns everything away when it is closed', async () => {
    const { queue, finish } = manual({ capacity: 10, batch: 1, timeout: 5 });
    const first = queue.ask(1);
    const second = failure(queue.ask(2));
    queue.close();
    expect(await second).to.equal('closed');
    expect(await failure(queue.ask(3))).to.equal('closed');
    finish[0]();
    expect(await first).to.equal(2);
  });
});
