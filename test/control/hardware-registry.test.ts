import { expect } from 'chai';
import { createHardware } from '../../src/control/hardware-registry.js';
import { makeParameters } from './joint-parameters-fixture.js';

async function failure(name: string, options: Record<string, unknown>): Promise<string> {
  try {
    await createHardware(name, options, makeParameters(2));
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('createHardware', () => {
  it('names the plugins that there are', async () => {
    expect(await failure('toaster', {})).to.equal('hardware "toaster" is unknown; known are mock, mujoco, unitree_h2');
    expect(await failure('toString', {})).to.contain('unknown');
  });

  it('names a bad option', async () => {
    expect(await failure('mock', { timeConstant: 'slow' })).to.contain('timeConstant is "slow", needs a number');
    expect(await failure('mock', { timeConstant: 0 })).to.contain('timeConstant is 0 s');
    expect(await failure('mujoco', {})).to.contain('robot is undefined, needs a string');
    expect(await failure('unitree_h2', {})).to.contain('link is missing');
  });
});
