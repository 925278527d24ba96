import { expect } from 'chai';
import { InstructionMatcher, normaliseInstruction } from '../../src/cosmos/instruction-matcher.js';

describe('InstructionMatcher', () => {
  const matcher = new InstructionMatcher([
    {
      task: 'pick_red_cup',
      instructions: ['pick up the red cup and place it in the bin', 'put the red cup in the bin'],
    },
    { task: 'pick_blue_can', instructions: ['pick up the blue can and place it in the bin'] },
  ]);

  it('ignores case, punctuation, spaces, articles and courtesies', () => {
    for (const text of [
      'pick up the red cup and place it in the bin',
      '  Please, PICK up a red cup — and place it in the bin!!\n',
      'pick up red cup and place it in bin',
    ]) {
      expect(matcher.match(text)).to.deep.equal({
        known: true,
        task: 'pick_red_cup',
        instruction: 'pick up the red cup and place it in the bin',
      });
    }
    expect(matcher.match('Put the red cup in the bin.')).to.include({ instruction: 'put the red cup in the bin' });
    expect(normaliseInstruction('A  cup, please?')).to.equal('cup');
  });

  it('answers anything else with the nearest known instruction', () => {
    const match = matcher.match('pick up the blue cap and place it in the bin');
    expect(match).to.include({ known: false, nearest: 'pick up the blue can and place it in the bin' });
    for (const text of ['', '???', 'dance', 'throw the red cup out of the window', '拿起红杯']) {
      expect(matcher.match(text).known, text).to.equal(false);
    }
    const dance = matcher.match('dance');
    expect(dance.known ? '' : dance.message).to.match(
      /unknown instruction "dance": the nearest known one is ".*"; the robot stays/,
    );
  });

  it('refuses tasks that cannot be told apart, or none', () => {
    const twice = [
      { task: 'a', instructions: ['Lift the cup'] },
      { task: 'b', instructions: ['lift a cup!'] },
    ];
    expect(() => new InstructionMatcher(twice)).to.throw(/names both task a and task b/);
    expect(() => new InstructionMatcher([{ task: 'a', instructions: [] }])).to.throw(/none is known/);
  });
});
