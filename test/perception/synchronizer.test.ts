import { expect } from 'chai';
import { type SynchronizedSet, Synchronizer, type SynchronizerOptions } from '../../src/perception/synchronizer.js';

function create(options: Partial<SynchronizerOptions> = {}) {
  const sets: SynchronizedSet<string>[] = [];
  const synchronizer = new Synchronizer<string>({ channels: ['a', 'b'], tolerance: 0.01, ...options }, (set) =>
    sets.push(set),
  );
  const add = (channel: string, stamp: number) => synchronizer.add(channel, stamp, `${channel}${stamp}`);
  const seen = () => sets.map((set) => set.frames.map((frame) => frame?.data).join());
  return { sets, synchronizer, add, seen };
}

describe('Synchronizer', () => {
  it('brings together frames within the tolerance, in whatever order the channels come', () => {
    const { add, seen, sets } = create();
    add('a', 1);
    add('b', 1.005);
    add('b', 1.1);
    add('a', 1.102);
    expect(seen()).to.deep.equal(['a1,b1.005', 'a1.102,b1.1']);
    expect(sets.map(({ stamp }) => stamp)).to.deep.equal([1, 1.102]);
  });

  it('drops frames whose partner never came', () => {
    const { add, seen, synchronizer } = create();
    add('a', 1);
    add('b', 1.05);
    add('a', 1.1);
    add('b', 1.1);
    expect(seen()).to.deep.equal(['a1.1,b1.1']);
    expect(synchronizer.statistics('a').dropped).to.equal(1);
    expect(synchronizer.statistics('b').dropped).to.equal(1);
  });

  it('takes the nearest of several candidates', () => {
    const { add, seen } = create();
    add('b', 0.992);
    add('b', 0.999);
    add('a', 1);
    expect(seen()).to.deep.equal(['a1,b0.999']);
  });

  it('counts late and repeated frames, and keeps those that only overtook each other', () => {
    const { add, seen, synchronizer } = create();
    add('a', 1.1);
    add('a', 1);
    add('a', 1);
    add('b', 1);
    add('b', 1.1);
    add('b', 1.05);
    expect(seen()).to.deep.equal(['a1,b1', 'a1.1,b1.1']);
    expect(synchronizer.statistics('a').late).to.equal(1);
    expect(synchronizer.statistics('b').late).to.equal(1);
  });

  it('keeps its queues bounded while a channel is silent', () => {
    const { add, synchronizer } = create({ queueLength: 3 });
    for (let i = 0; i < 10; i++) add('a', i / 10);
    expect(synchronizer.statistics('a').dropped).to.equal(7);
    expect(synchronizer.statistics('b').newest).to.equal(-Infinity);
  });

  it('starts anew when time goes back', () => {
    const { add, seen, synchronizer } = create();
    add('a', 100);
    add('b', 100);
    add('a', 0.1);
    add('b', 0.1);
    expect(seen()).to.deep.equal(['a100,b100', 'a0.1,b0.1']);
    expect(synchronizer.restarts).to.equal(1);
  });

  it('waits for optional channels one frame long, and not at all while they are gone', () => {
    const { add, seen, synchronizer } = create({ channels: ['a', 'b', 'c'], optional: ['c'] });
    add('a', 1);
    add('b', 1);
    expect(seen()).to.deep.equal([]);
    add('c', 1);
    add('a', 2);
    add('b', 2);
    expect(seen()).to.deep.equal(['a1,b1,c1']);
    add('a', 3);
    expect(seen()).to.deep.equal(['a1,b1,c1', 'a2,b2,']);
    add('b', 3);
    expect(seen().at(-1)).to.equal('a3,b3,');
    add('c', 4);
    add('a', 4);
    add('b', 4);
    expect(seen().at(-1)).to.equal('a4,b4,c4');
    expect(synchronizer.statistics('c').missing).to.equal(2);
  });

  it('accounts for every frame', () => {
    const { add, synchronizer, seen } = create({ queueLength: 4 });
    for (let i = 0; i < 200; i++) {
      if (i % 7 !== 0) add('a', i * 0.066);
      if (i % 11 !== 0) add('b', i * 0.066 + (i % 5) * 0.003);
      if (i % 13 === 0) synchronizer.reject('b');
    }
    for (const name of ['a', 'b']) {
      const { received, matched, dropped, late, torn } = synchronizer.statistics(name);
      expect(received - matched - dropped - late - torn).to.be.within(0, 4);
      expect(matched).to.equal(seen().length);
    }
    expect(seen().length).to.be.above(100);
  });

  it('names what is wrong with its use', () => {
    expect(() => create({ channels: ['a', 'a'] })).to.throw('[a, a]');
    expect(() => create({ tolerance: -1 })).to.throw('-1 s');
    expect(() => create({ optional: ['a'] })).to.throw("'a' must be one of b");
    expect(() => create().add('x', 0)).to.throw("'x' is unknown; there are a, b");
    const { synchronizer, add } = create();
    add('a', Number.NaN);
    expect(synchronizer.statistics('a').torn).to.equal(1);
  });
});
