import { expect } from 'chai';
import { Turns } from '../../src/cosmos/turns.js';

describe('turns', () => {
  it('lets one work at a time, what is urgent first', async () => {
    const turns = new Turns();
    const order: string[] = [];
    let working = 0;
    const work = (name: string) => async () => {
      expect(working++).to.equal(0);
      await new Promise((resolve) => setTimeout(resolve, 1));
      working--;
      order.push(name);
      return name;
    };
    const done = [turns.take(work('a')), turns.take(work('b')), turns.take(work('c')), turns.take(work('u'), true)];
    expect(await Promise.all(done)).to.deep.equal(['a', 'b', 'c', 'u']);
    expect(order).to.deep.equal(['a', 'u', 'b', 'c']);
  });

  it('goes on after work that fails', async () => {
    const turns = new Turns();
    const failing = turns.take(() => Promise.reject(new Error('broken')));
    const next = turns.take(async () => 'done');
    expect(await failing.catch((error: Error) => error.message)).to.equal('broken');
    expect(await next).to.equal('done');
    expect(await turns.take(async () => 'later')).to.equal('later');
  });
});
