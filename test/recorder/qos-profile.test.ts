import { expect } from 'chai';
import { stringify } from 'yaml';
import { describeQos, type QosProfile, readQos, requestedQos } from '../../src/recorder/qos-profile.js';

const STRONG: QosProfile = { reliability: 'reliable', durability: 'transient_local', depth: 0 };
const WEAK: QosProfile = { reliability: 'best_effort', durability: 'volatile', depth: 0 };

describe('requestedQos', () => {
  it('asks for no more than every publisher offers', () => {
    expect(requestedQos([STRONG, STRONG], 7)).to.deep.equal({ ...STRONG, depth: 7 });
    expect(requestedQos([STRONG, WEAK], 7)).to.deep.equal({ ...WEAK, depth: 7 });
    expect(requestedQos([STRONG, { ...STRONG, durability: 'volatile' }], 1)).to.include({
      reliability: 'reliable',
      durability: 'volatile',
    });
  });
});

describe('readQos', () => {
  it('reads what was described', () => {
    expect(readQos(stringify([STRONG].map(describeQos)))).to.deep.equal(STRONG);
    expect(readQos(stringify([STRONG, { ...WEAK, depth: 5 }].map(describeQos)))).to.deep.equal({ ...WEAK, depth: 5 });
  });

  it('reads the numbers of bags of ROS 2 Iron and before', () => {
    const text =
      '- history: 1\n  depth: 3\n  reliability: 1\n  durability: 1\n- history: 1\n  depth: 4\n  reliability: 2\n  durability: 1';
    expect(readQos(text)).to.deep.equal({ reliability: 'best_effort', durability: 'transient_local', depth: 4 });
  });

  it('takes the default of ROS 2 where nothing is told', () => {
    for (const text of [undefined, '', '[]', 'nonsense']) {
      expect(readQos(text)).to.deep.equal({ reliability: 'reliable', durability: 'volatile', depth: 0 });
    }
  });
});
