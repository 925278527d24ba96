import './domain.js';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type OpenNode, openNode } from '../../src/ros/open-node.js';
import { packagePath } from '../../src/ros/package-path.js';
import { sensorData } from '../../src/ros/qos.js';

const OPEN_NODE = new URL('../../src/ros/open-node.js', import.meta.url).href;
/** Fast DDS writes to the terminal what is wrong with a profile, and goes on without it. */
const COMPLAINT = 'XMLPARSER';

/** @param profile left out: the package's @returns what a node writes that opens with a profile */
function openWith(profile?: string): string {
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

/** More messages than a process that is stopped can be sent: what comes then is lost. */
const FLOOD = 4000;
/** Fast DDS by itself asks every 3 s whether a message has arrived; with the profile every 0.1 s. ms */
const SOON = 600;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('profile of the middleware', function () {
  this.timeout(60_000);

  let other: ChildProcess;
  let open: OpenNode;

  before(async () => {
    other = spawn(process.execPath, [fileURLToPath(new URL('./stoppable-node.js', import.meta.url))], {
      stdio: 'inherit',
    });
    open = await openNode('tester');
  });
  after(() => {
    open.close();
    other.kill('SIGKILL');
  });

  it('has a call that was lost on the way come again soon', async () => {
    const { node } = open;
    const flood = node.createPublisher('std_msgs/msg/String', 'flood', sensorData(1));
    const client = node.createClient('std_srvs/srv/Trigger', 'answer');
    await client.call({}, 30);
    while (flood.subscriptionCount === 0) await pause(20);
    const delays: number[] = [];
    for (let i = 0; i < 4; i++) {
      other.kill('SIGSTOP');
      for (let k = 0; k < FLOOD; k++) flood.publish({ data: '' });
      const answered = client.call({}, 20);
      await pause(200);
      other.kill('SIGCONT');
      const begin = performance.now();
      await answered;
      delays.push(performance.now() - begin);
    }
    // A machine that is full makes some of them slow besides.
    expect(Math.min(...delays)).to.be.below(SOON);
  });

  it('is accepted', () => {
    expect(openWith()).not.to.contain(COMPLAINT);
  });

  it('has a process without images share no memory', () => {
    const profile = new URL('../../src/ros/dds-profile.js', import.meta.url).href;
    const segments = (sharesMemory: boolean) => {
      const program = `import { readFileSync } from 'node:fs';
        import rclnodejs from 'rclnodejs';
        const { useDdsProfile } = await import(${JSON.stringify(profile)});
        useDdsProfile(${!sharesMemory});
        useDdsProfile(${sharesMemory});
        await rclnodejs.init();
        new rclnodejs.Node('profile');
        console.log(readFileSync('/proc/self/maps', 'utf8'));
        process.exit(0);`;
      const env = { ...process.env, RMW_IMPLEMENTATION: 'rmw_fastrtps_cpp' };
      const node = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { env, encoding: 'utf8' });
      expect(node.stdout).to.contain('librmw_fastrtps');
      expect(node.stdout + node.stderr).not.to.contain(COMPLAINT);
      return node.stdout.match(/\/dev\/shm\/(fastrtps|fastdds)\S*/g) ?? [];
    };
    expect(segments(false)).to.be.empty;
    expect(segments(true)).not.to.be.empty;
  });

  it('would not be with an element of another name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cosmos-profile-'));
    try {
      const file = join(folder, 'profile.xml');
      const text = readFileSync(packagePath('config/fastrtps.xml'), 'utf8');
      writeFileSync(file, text.replaceAll('healthy_check_timeout_ms>', 'healthy_check_timeout>'));
      expect(openWith(file)).to.contain(COMPLAINT);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
