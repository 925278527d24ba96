import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { packagePath } from '../../src/ros/package-path.js';
import { loadSafetyConfig } from '../../src/safety/safety-config.js';

describe('docs/safety.md', () => {
  const text = readFileSync(packagePath('docs/safety.md'), 'utf8');

  it('lists every cause as it is configured', () => {
    const { causes } = loadSafetyConfig(packagePath('config/safety.yaml'));
    const rows = Object.values(causes).map(
      ({ name, layer, reaction, deadline, description }) =>
        `| \`${name}\` | ${layer} | ${reaction} | ${Number((1e3 * deadline).toFixed(3))} ms | ${description} |`,
    );
    const listed = text.split('\n').filter((line) => /^\| `[a-z_]+` \| (loop|monitor|operator) \|/.test(line));
    expect(listed).to.deep.equal(rows);
  });

  it('numbers the same transitions in the drawing and in the table', () => {
    const drawn = new Set([...text.matchAll(/^ {2}\w+ --> \w+ : (\d+)/gm)].map((match) => Number(match[1])));
    const listed = [...text.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
    expect([...drawn].sort((a, b) => a - b)).to.deep.equal(listed);
  });
});
