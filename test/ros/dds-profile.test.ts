import './domain.js';
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type OpenNode, openNode } from '../../src/ros/open-node.js';
import { sensorData } from '../../src/ros/qos.js';

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
});
