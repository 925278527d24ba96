import './domain.js';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { packagePath } from '../../src/ros/package-path.js';

const OPEN_NODE = new URL('../../src/ros/open-node.js', import.meta.url).href;
/** Fast DDS writes to the terminal what is wrong with a profile, and goes on without it. */
const COMPLAINT = 'XMLPARSER';

/** @param profile left out: the package's @returns what a node writes that opens with a profile */
function open(profile?: string): string {
  const program = `const { openNode } = await import(${JSON.stringify(OPEN_NODE)});
    (await openNode('profile')).close();
    console.log('opened');
    process.exit(0);`;
  const env = { ...process.env, RMW_IMPLEMENTATION: 'rmw_fastrtps_cpp' };
  if (profile !== undefined) Object.assign(env, { FASTRTPS_DEFAULT_PROFILES_FILE: profile });
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    env,
    encoding: 'utf8',
  });
  expect(stdout).to.contain('opened');
  return stdout + stderr;
}

describe('profile of Fast DDS', () => {
  it('is accepted', () => {
    expect(open()).not.to.contain(COMPLAINT);
  });

  it('would not be with an element of another name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cosmos-profile-'));
    try {
      const file = join(folder, 'profile.xml');
      const text = readFileSync(packagePath('config/fastdds.xml'), 'utf8');
      writeFileSync(file, text.replaceAll('healthy_check_timeout_ms>', 'healthy_check_timeout>'));
      expect(open(file)).to.contain(COMPLAINT);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
