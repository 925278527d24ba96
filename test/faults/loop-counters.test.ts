import { expect } from 'chai';
import { LoopCounters } from '../../src/faults/loop-counters.js';

describe('LoopCounters', () => {
  it('counts on where the loop goes on, and adds where it starts anew', () => {
    const counters = new LoopCounters();
    counters.observe(100, 1);
    counters.observe(250, 2);
    counters.observe(50, 3);
    counters.observe(60, 4);
    counters.observe(10, 0);
    expect([counters.cycles, counters.missed]).to.deep.equal([250 + 60 + 10, 2 + 4]);
  });
});
