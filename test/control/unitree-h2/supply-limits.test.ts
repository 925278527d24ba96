import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadSupplyLimits } from '../../../src/control/unitree-h2/supply-limits.js';

describe('loadSupplyLimits', () => {
  const folder = mkdtempSync(join(tmpdir(), 'supply-'));
  after(() => rmSync(folder, { recursive: true }));

  const load = (lowest: string, highest: string) => {
    const file = join(folder, 'robot.yaml');
    writeFileSync(file, `supply:\n  lowest: ${lowest}\n  highest: ${highest}\n  persistence: 50 ms\n`);
    return loadSupplyLimits(file);
  };

  it("reads this package's", () => {
    expect(loadSupplyLimits('config/unitree_h2.yaml')).to.deep.equal({
      lowest: { warn: 59.4, stop: 54 },
      highest: { warn: 77, stop: 79.2 },
      persistence: 0.1,
    });
  });

  it('names what contradicts itself', () => {
    expect(load('{ warn: 42 V, stop: 40000 mV }', '{ warn: 56, stop: 58 }').lowest.stop).to.equal(40);
    expect(() => load('{ warn: 40, stop: 42 }', '{ warn: 56, stop: 58 }')).to.throw(
      /lowest\.stop.*at most warn, 40 V/s,
    );
    expect(() => load('{ warn: 42, stop: 40 }', '{ warn: 58, stop: 56 }')).to.throw(/highest\.stop.*at least warn/s);
    expect(() => load('{ warn: 60, stop: 40 }', '{ warn: 58, stop: 59 }')).to.throw(/below the highest, 58 V/);
    expect(() => load('{ warn: 42 A, stop: 40 V }', '{ warn: 56, stop: 58 }')).to.throw(/dimension.*V/);
  });
});
