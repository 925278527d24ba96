import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parameterOverrides } from '../../src/ros/parameter-overrides.js';

describe('parameterOverrides', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parameters-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function file(text: string): string {
    const path = join(folder, 'params.yaml');
    writeFileSync(path, text);
    return path;
  }

  function values(argv: readonly string[], node: string): Record<string, unknown> {
    return Object.fromEntries([...parameterOverrides(argv, node)].map(([name, { value }]) => [name, value]));
  }

  it('reads -p rules between --ros-args and --, as YAML, also for one node', () => {
    const argv = [
      'node',
      'x.js',
      '-p',
      'no:=1',
      '--ros-args',
      '-p',
      'rate:=20.5',
      '--param',
      'on:=true',
      '-p',
      'list:=[a, b]',
    ];
    const rest = ['-p', 'planner:mode:=fast', '-p', 'other:mode:=slow', '-p', 'text:=a:=b', '--', '-p', 'no:=2'];
    expect(values([...argv, ...rest], '/planner')).to.deep.equal({
      rate: 20.5,
      on: true,
      list: ['a', 'b'],
      mode: 'fast',
      text: 'a:=b',
    });
  });

  for (const key of [
    'planner',
    '/ns/arm/planner',
    '/**/planner',
    '/ns/*/planner',
    '/**',
    '**',
    '/ns/**',
    '/**/arm/*',
  ]) {
    it(`takes parameters under ${key}`, () => {
      const name = key === 'planner' ? '/planner' : '/ns/arm/planner';
      const path = file(`${JSON.stringify(key)}: {ros__parameters: {rate: 5}}`);
      expect(values(['--ros-args', '--params-file', path], name)).to.deep.equal({ rate: 5 });
    });
  }

  for (const key of ['planner', '/arm/planner', '/*/planner', '/**/plan', '/ns']) {
    it(`leaves parameters under ${key} to others`, () => {
      const path = file(`${JSON.stringify(key)}: {ros__parameters: {rate: 5}}`);
      expect(values(['--ros-args', '--params-file', path], '/ns/arm/planner')).to.deep.equal({});
    });
  }

  it('reads nested namespaces and parameters; later values win', () => {
    const path = file(
      'ns:\n  planner:\n    ros__parameters:\n      gain: {p: 1, i: 2}\n/**:\n  ros__parameters: {gain: {i: 3}}\n',
    );
    const argv = ['--ros-args', '--params-file', path, '-p', 'gain.p:=9'];
    expect(values(argv, '/ns/planner')).to.deep.equal({ 'gain.p': 9, 'gain.i': 3 });
  });

  it('knows where a value comes from and whether it was meant for this node', () => {
    const path = file('/**:\n  ros__parameters:\n    a: 1\n/**/planner:\n  ros__parameters:\n    b: 2\n');
    const overrides = parameterOverrides(['--ros-args', '--params-file', path], '/planner');
    expect(overrides.get('a')).to.deep.equal({ value: 1, source: `${path}:3`, targeted: false });
    expect(overrides.get('b')).to.deep.equal({ value: 2, source: `${path}:6`, targeted: true });
  });

  it('names a file that is missing or no YAML, and a rule that is none', () => {
    expect(() => values(['--ros-args', '--params-file', '/no/such.yaml'], '/x')).to.throw(
      /\/no\/such.yaml: cannot be read/,
    );
    const path = file('a: [1,\nb: 2');
    expect(() => values(['--ros-args', '--params-file', path], '/x')).to.throw(/params.yaml:\d+: not valid YAML/);
    expect(() => values(['--ros-args', '-p', 'rate=3'], '/x')).to.throw(/rate=3: is not of the form name:=value/);
  });
});
