import { expect } from 'chai';
import { splitCommandLine } from '../../../src/ros/launcher/command-line.js';

describe('splitCommandLine', () => {
  it('splits as a shell does', () => {
    expect(splitCommandLine('')).to.deep.equal([]);
    expect(splitCommandLine('  a\t b ')).to.deep.equal(['a', 'b']);
    expect(splitCommandLine(`-x 'a "b"' "c 'd' \\"e\\"" f\\ g ''`)).to.deep.equal([
      '-x',
      'a "b"',
      `c 'd' "e"`,
      'f g',
      '',
    ]);
  });

  it('refuses an open quote', () => {
    expect(() => splitCommandLine("a 'b")).to.throw("has no closing '");
  });
});
