import { expect } from 'chai';
import type { BagMessage, BagTopic } from '../../src/recorder/bag-reader.js';
import { play } from '../../src/recorder/player.js';
import { MILLISECOND, START } from './bag-fixture.js';

const topic = { name: '/t' } as BagTopic;

/** Messages at times after the start, ms. */
async function* messages(...times: number[]): AsyncGenerator<BagMessage> {
  for (const time of times) yield { topic, time: START + BigInt(time) * MILLISECOND, data: Uint8Array.of(time % 256) };
}

describe('play', () => {
  const run = async (times: number[], rate: number, stopAfter = Number.POSITIVE_INFINITY) => {
    const stop = new AbortController();
    const played: { readonly time: number; readonly at: number }[] = [];
    const begin = performance.now();
    await play(messages(...times), { rate, start: START, signal: stop.signal }, ({ time }) => {
      played.push({ time: Number((time - START) / MILLISECOND), at: performance.now() - begin });
      if (played.length === stopAfter) stop.abort();
    });
    return played;
  };

  it('hands on all messages in order, none before its time', async () => {
    const times = [0, 1, 2, 2, 100, 101, 260];
    for (const rate of [1, 4]) {
      const played = await run(times, rate);
      expect(played.map(({ time }) => time)).to.deep.equal(times);
      for (const { time, at } of played) expect(at).to.be.at.least(time / rate - 2);
    }
  });

  it('does not stumble over a clock that was set back', async () => {
    expect((await run([0, 50, 20, 60], 1)).map(({ time }) => time)).to.deep.equal([0, 50, 20, 60]);
  });

  it('ends when it is told to, in a pause too', async () => {
    expect(await run([0, 1, 2, 3], 1, 2)).to.have.length(2);
    expect(await run([0, 3_600_000], 1, 1)).to.have.length(1);
  });
});
