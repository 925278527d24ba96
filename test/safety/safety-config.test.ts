import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { packagePath } from '../../src/ros/package-path.js';
import { loadSafetyConfig } from '../../src/safety/safety-config.js';

const FILE = packagePath('config/safety.yaml');

describe('loadSafetyConfig', () => {
  const directory = mkdtempSync(join(tmpdir(), 'safety-'));
  after(() => rmSync(directory, { recursive: true }));

  /** Loads the shipped file with `from` replaced by `to`. @returns the error */
  function error(from: string | RegExp, to: string): string {
    const text = readFileSync(FILE, 'utf8');
    expect(text).to.match(from instanceof RegExp ? from : new RegExp(from.replaceAll(/[{}]/g, '\\$&')));
    const file = join(directory, 'safety.yaml');
    writeFileSync(file, text.replace(from, to));
    try {
      loadSafetyConfig(file);
    } catch (problem) {
      return (problem as Error).message.replaceAll(`${directory}/`, '');
    }
    return '';
  }

  it('reads what is shipped, in SI', () => {
    const { causes, limits, watchdog } = loadSafetyConfig(FILE);
    expect(causes.emergency_stop).to.deep.equal({
      name: 'emergency_stop',
      layer: 'operator',
      description: 'somebody asked for an emergency stop',
      reaction: 'category_0',
      deadline: 0.02,
    });
    expect(causes.cycles_missed).to.deep.include({ layer: 'loop', reaction: 'slow' });
    expect(limits.base.tilt).to.be.closeTo((20 * Math.PI) / 180, 1e-12);
    expect(watchdog.stall).to.equal(0.02);
  });

  it('names file, line, key and what is allowed', () => {
    expect(error('shutdown: {', 'shut_down: {')).to.match(
      /safety.yaml:\d+: causes.loop.shutdown: is missing.*\n.*causes.loop.shut_down: unknown key; did you mean "shutdown"/,
    );
    expect(error('stall: 20 ms', 'stall: 20 mm')).to.match(
      /safety.yaml:\d+: watchdog.stall: "20 mm": .*wrong dimension/,
    );
    expect(error('stall: 20 ms', 'stall: 20 s')).to.match(
      /watchdog.stall: "20 s": must be at least 0.005 s and at most 1 s/,
    );
    expect(error('joint_at_limit: { reaction: warn', 'joint_at_limit: { reaction: war')).to.match(
      /causes.monitor.joint_at_limit.reaction: "war": did you mean "warn"\? expected one of warn, slow, category_2/,
    );
    expect(error('{ reaction: slow', '{ reaction: warn')).to.match(
      /safety.yaml:\d+: causes.loop.cycles_missed.reaction: "warn": expected slow/,
    );
    expect(error('emergency_stop: { reaction: category_0', 'emergency_stop: { reaction: warn')).to.match(
      /causes.operator.emergency_stop.reaction: "warn": expected one of category_2, category_1, category_0/,
    );
  });
});
