import { expect } from 'chai';
import { byTier, tierOf } from '../../../src/cli/serve/tier-options.js';

describe('options by tier', () => {
  it('are what follows the tier’s name', () => {
    const servers = byTier('server', ['nano=ws://gpu:8000', 'super=http://gpu/?a=b'], ['nano', 'super', 'micro']);
    expect([...servers]).to.deep.equal([
      ['nano', 'ws://gpu:8000'],
      ['super', 'http://gpu/?a=b'],
    ]);
  });

  it('are refused where the tier is none, or is not served, or nothing follows', () => {
    expect(() => tierOf('tier', 'mini')).to.throw(/--tier: 'mini' is no tier; it must be one of super, nano/);
    const read = (text: string) => byTier('server', [text], ['micro']);
    expect(() => read('mini=ws://gpu')).to.throw(/--server: 'mini' is no tier/);
    expect(() => read('nano=ws://gpu')).to.throw(/--server: nano is not served; add --tier nano/);
    for (const text of ['ws://gpu', 'micro=', '']) expect(() => read(text), text).to.throw(/is not TIER=VALUE/);
  });
});
