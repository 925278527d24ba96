import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expandSubstitutions } from '../../../src/ros/launcher/substitution.js';

describe('expandSubstitutions', () => {
  let prefix: string;
  const expand = (text: string) =>
    expandSubstitutions(text, {
      configurations: new Map([
        ['robot', 'h2'],
        ['which', 'robot'],
      ]),
      environment: { HOME: '/home/me', AMENT_PREFIX_PATH: `/nowhere:${prefix}` },
      directory: '/launch',
    });

  before(() => {
    prefix = mkdtempSync(join(tmpdir(), 'prefix-'));
    const index = join(prefix, 'share/ament_index/resource_index/packages');
    mkdirSync(index, { recursive: true });
    writeFileSync(join(index, 'demo'), '');
  });

  after(() => rmSync(prefix, { recursive: true }));

  it('replaces every substitution and leaves other text alone', () => {
    expect(expand('a $(var robot) b $(env HOME)/$(dirname)$ )')).to.equal('a h2 b /home/me//launch$ )');
  });

  it('expands nested substitutions first', () => {
    expect(expand('$(var $(var which))')).to.equal('h2');
  });

  it('takes a default, and quotes around arguments', () => {
    expect(expand("$(env MISSING 'two words')")).to.equal('two words');
    expect(expand("$(env MISSING '')")).to.equal('');
    expect(expand('$(var missing (a))')).to.equal('(a)');
  });

  it('finds packages on AMENT_PREFIX_PATH', () => {
    expect(expand('$(find-pkg-share demo)/x')).to.equal(`${prefix}/share/demo/x`);
    expect(expand('$(find-pkg-prefix demo)')).to.equal(prefix);
  });

  it('says what is wrong', () => {
    expect(() => expand('$(var missing)')).to.throw("'missing' is neither an argument nor set by <let>");
    expect(() => expand('$(env MISSING)')).to.throw("environment variable 'MISSING' is not set");
    expect(() => expand('$(find-pkg-share absent)')).to.throw(/package 'absent' is not in .nowhere, /);
    expect(() => expand('$(var robot')).to.throw('has no closing parenthesis');
    expect(() => expand("$(eval '1 + 1')")).to.throw('$(eval ...) is not supported');
    expect(() => expand('$(dirname x)')).to.throw('has 1 arguments, expected 0');
  });
});
