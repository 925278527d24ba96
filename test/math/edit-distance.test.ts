import { expect } from 'chai';
import { closest, editDistance } from '../../src/math/edit-distance.js';

describe('editDistance', () => {
  it('counts insertions, deletions and substitutions', () => {
    expect(editDistance('kitten', 'sitting')).to.equal(3);
    expect(editDistance('', 'abc')).to.equal(3);
    expect(editDistance('abc', 'abc')).to.equal(0);
  });

  it('finds the closest candidate', () => {
    expect(closest('Tourqe', ['torque', 'velocity'])).to.deep.equal({ text: 'torque', distance: 2 });
    expect(closest('x', [])).to.equal(undefined);
  });
});
