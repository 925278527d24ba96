import { expect } from 'chai';
import { chooseArm } from '../../src/cosmos/arm-choice.js';

describe('chooseArm', () => {
  it('begins with the likelier arm', () => {
    expect(chooseArm(0.1, undefined)).to.equal('left');
    expect(chooseArm(-0.1, undefined)).to.equal('right');
  });

  it('keeps to the arm in use until the other is likelier by far', () => {
    expect(chooseArm(1, 'right')).to.equal('right');
    expect(chooseArm(2, 'right')).to.equal('left');
    expect(chooseArm(-1, 'left')).to.equal('left');
    expect(chooseArm(-2, 'left')).to.equal('right');
  });
});
