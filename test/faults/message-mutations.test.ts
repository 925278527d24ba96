import { expect } from 'chai';
import { mutate } from '../../src/faults/message-mutations.js';

describe('mutate', () => {
  const trajectory = () => ({
    header: { stamp: { sec: 100, nanosec: 5 }, frame_id: '' },
    joint_names: ['a', 'b', 'c'],
    points: [{ positions: Float64Array.of(1, 2, 3), time_from_start: { sec: 0, nanosec: 1 } }],
  });

  it('spoils the values of a copy', () => {
    const original = trajectory();
    const changed = (mutation: Parameters<typeof mutate>[1]) => mutate(original, mutation) as typeof original;
    expect([...changed('NaN').points[0]!.positions]).to.deep.equal([Number.NaN, Number.NaN, Number.NaN]);
    expect([...changed('Inf').points[0]!.positions]).to.deep.equal([Infinity, Infinity, Infinity]);
    expect([...changed('wrong length').points[0]!.positions]).to.deep.equal([1]);
    const reversed = changed('wrong order');
    expect([[...reversed.points[0]!.positions], reversed.joint_names]).to.deep.equal([
      [3, 2, 1],
      ['c', 'b', 'a'],
    ]);
    expect([changed('stale').header.stamp.sec, changed('future').header.stamp.sec]).to.deep.equal([90, 110]);
    expect(changed('duplicated')).to.deep.equal(original);
    expect(original).to.deep.equal(trajectory());
  });

  it('spoils vectors, and says where there is nothing to spoil', () => {
    expect(mutate({ force: { x: 1, y: 2, z: 3 } }, 'NaN')).to.deep.equal({
      force: { x: Number.NaN, y: Number.NaN, z: Number.NaN },
    });
    const text = { data: 'hello' };
    expect((['NaN', 'wrong length', 'stale'] as const).map((mutation) => mutate(text, mutation))).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
