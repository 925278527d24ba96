import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { loadConfig, parseConfig } from '../../src/config/config.js';
import { quantity } from '../../src/config/quantity.js';

const schema = z.strictObject({
  rate: quantity('Hz', { above: 0 }),
  timeout: quantity('s').default(0.1),
  mode: z.enum(['fast', 'slow']),
  limits: z.strictObject({ tilt: quantity('rad', { max: 1 }), weights: z.array(z.number()).length(3) }).optional(),
  count: z.int().min(1).default(1),
  source: z.union([z.string(), z.strictObject({ topic: z.string() })]).optional(),
  group: z.strictObject({ torque: quantity('N m').default(2) }).prefault({}),
});

function problems(text: string): string[] {
  try {
    parseConfig(text, 'robot.yaml', schema);
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('loadConfig', () => {
  it('converts quantities to SI and fills defaults in', () => {
    const config = parseConfig(
      'rate: 0.5 kHz\nmode: fast\nlimits: {tilt: 20 deg, weights: [1, 2, 3]}\n',
      'a.yaml',
      schema,
    );
    expect(config.rate).to.equal(500);
    expect(config.timeout).to.equal(0.1);
    expect(config.limits!.tilt).to.be.closeTo(Math.PI / 9, 1e-15);
    expect(config.group).to.deep.equal({ torque: 2 });
  });

  it('names file, line, key, value and what is allowed for every problem at once', () => {
    const text = 'rate: 10 kg\ntimeuot: 50 ms\nmode: fst\nlimits:\n  tilt: 90°\n  weights: [1, x, 3]\ncount: 0\n';
    expect(problems(text)).to.deep.equal([
      'robot.yaml:1: rate: "10 kg": kg has the wrong dimension; expected a number in Hz, or a text with a unit that converts to Hz',
      'robot.yaml:2: timeuot: unknown key; did you mean "timeout"? known keys are rate, timeout, mode, limits, count, source, group',
      'robot.yaml:3: mode: "fst": did you mean "fast"? expected one of fast, slow',
      'robot.yaml:5: limits.tilt: "90°": must be at most 1 rad',
      'robot.yaml:6: limits.weights.1: "x": expected a number',
      'robot.yaml:7: count: 0: must be at least 1',
    ]);
  });

  it('names missing keys', () => {
    expect(problems('')).to.deep.equal([
      'robot.yaml:1: rate: is missing; expected a number in Hz, or a text with a unit',
      'robot.yaml:1: mode: is missing; expected one of fast, slow',
    ]);
    expect(problems('mode: fast\nrate: 1\nlimits:\n  weights: [1, 2, 3]')).to.deep.equal([
      'robot.yaml:3: limits.tilt: is missing; expected a number in rad, or a text with a unit',
    ]);
  });

  it('explains the alternative of a union that was meant', () => {
    const start = 'rate: 1\nmode: fast\n';
    expect(problems(`${start}source: 5`)).to.deep.equal([
      'robot.yaml:3: source: 5: expected a text, or expected a mapping',
    ]);
    expect(problems(`${start}source:\n  topik: a`)).to.deep.equal([
      'robot.yaml:3: source.topic: is missing; expected a text',
      'robot.yaml:4: source.topik: unknown key; did you mean "topic"? known keys are topic',
    ]);
  });

  it('finds lines through anchors and aliases', () => {
    const list = z.strictObject({ base: z.strictObject({ a: z.number() }), copy: z.strictObject({ a: z.string() }) });
    expect(() => parseConfig('base: &b\n  a: 1\ncopy: *b\n', 'x.yaml', list)).to.throw(
      'x.yaml:2: copy.a: 1: expected a text',
    );
  });

  it('reports text that is not YAML with its line', () => {
    expect(problems('mode: fast\nmode: slow')).to.deep.equal(['robot.yaml:2: not valid YAML: Map keys must be unique']);
    expect(problems('rate: [1')[0]).to.match(/^robot\.yaml:1: not valid YAML/);
    expect(problems('- 1\n- 2')).to.deep.equal(['robot.yaml:1: (top level): [1,2]: expected a mapping']);
  });

  it('reads files and names one that is absent', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      const path = join(folder, 'a.yaml');
      writeFileSync(path, 'rate: 2\nmode: slow\n');
      expect(loadConfig(path, schema).mode).to.equal('slow');
      expect(() => loadConfig(join(folder, 'none.yaml'), schema)).to.throw(
        /none\.yaml: cannot read the configuration file/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
