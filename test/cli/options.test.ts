import { expect } from 'chai';
import { wholeNumber } from '../../src/cli/options.js';
import { runCommand } from './command.js';

describe('command line', () => {
  it('takes whole numbers', () => {
    expect(wholeNumber('seed', '0')).to.equal(0);
    expect(wholeNumber('episodes', '12', 1)).to.equal(12);
    for (const text of ['', ' ', 'x', '1.5', '-1', 'NaN', 'Infinity', '1e99']) {
      expect(() => wholeNumber('seed', text), text).to.throw(`--seed: '${text}' is not a whole number of at least 0`);
    }
    expect(() => wholeNumber('episodes', '0', 1)).to.throw("--episodes: '0' is not a whole number of at least 1");
  });

  it('shows the help, and what it does not know', async () => {
    const [help, unknown, stray] = await Promise.all([
      runCommand('evaluate', '--help'),
      runCommand('evaluate', '--episode', '3'),
      runCommand('evaluate', '100'),
    ]);
    expect(help.code).to.equal(0);
    expect(help.output)
      .to.match(/^npm run evaluate -- --task TASK/)
      .and.to.include('--json FILE');
    expect(unknown.code).to.equal(1);
    expect(unknown.errors).to.match(/Unknown option '--episode'.*npm run evaluate/s);
    expect(stray.code).to.equal(1);
    expect(stray.errors).to.match(/Unexpected argument '100'.*npm run evaluate/s);
  });
});
