import { expect } from 'chai';
import { RetryDelay } from '../../../src/cosmos/served/retry-delay.js';

describe('RetryDelay', () => {
  it('lets ask again at once after a failure, then after 0.5, 1, 2 … 8 s, until it succeeds', () => {
    const delay = new RetryDelay();
    let now = 0;
    delay.check(now);
    for (const wait of [0, 0.5, 1, 2, 4, 8, 8]) {
      delay.failed('it is out of order', now);
      if (wait > 0) {
        expect(() => delay.check(now + wait - 0.1)).to.throw('it is out of order; asking again in 0.1 s');
      }
      now += wait;
      delay.check(now);
    }
    delay.succeeded();
    delay.failed('again', now);
    delay.check(now);
  });
});
