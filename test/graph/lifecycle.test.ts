import { expect } from 'chai';
import { formatHeartbeat, HEARTBEAT_TOPIC } from '../../src/ros/heartbeat.js';
import type { LifecycleState } from '../../src/ros/lifecycle.js';
import { sensorData } from '../../src/ros/qos.js';
import { TestGraph } from './test-graph.js';

const AFTER: Readonly<Record<number, LifecycleState>> = { 1: 'inactive', 3: 'active' };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('graph: lifecycle_manager', function () {
  this.timeout(240_000);

  let graph: TestGraph;
  let state: LifecycleState;
  let silent: boolean;
  const asked: number[] = [];

  /** A node that says nothing while it makes a transition. @param transition how long that takes, ms */
  async function start(patience: string, transition: number): Promise<void> {
    graph = await TestGraph.start('test/graph/lifecycle.launch.xml', { patience });
    [state, silent] = ['unconfigured', false];
    asked.length = 0;
    const heart = graph.node.createPublisher('std_msgs/msg/String', HEARTBEAT_TOPIC, sensorData(50));
    graph.node.createTimer(0.05, () => {
      if (!silent) heart.publish({ data: formatHeartbeat({ name: '/slow', state, pid: process.pid }) });
    });
    graph.node.createService('lifecycle_msgs/srv/ChangeState', 'slow/change_state', async ({ transition: { id } }) => {
      asked.push(id);
      silent = true;
      await pause(transition);
      state = AFTER[id] as LifecycleState;
      silent = false;
      return { success: true };
    });
  }

  const active = async () => (await graph.call('lifecycle_manager/is_active')).success;

  afterEach(() => graph.stop());

  it('waits for a node that is silent over a transition, and misses one that is silent without a reason', async () => {
    await start('1.0', 3000);
    await graph.until('the node is active', active);
    expect(asked).to.deep.equal([1, 3]);
    silent = true;
    await graph.until('the node is missed', async () => !(await active()));
    expect(graph.log.filter((line) => line.includes('/slow is gone: silent for 2 s'))).to.have.length(1);
    // It may be up nonetheless.
    const { success, message } = await graph.call('lifecycle_manager/shutdown');
    expect(success).to.equal(false);
    expect(message).to.equal('not heard, and so perhaps not down: /slow');
  });

  it('misses it later where it is asked for patience', async () => {
    await start('2.0', 0);
    await graph.until('the node is active', active);
    silent = true;
    await pause(3000);
    expect(await active()).to.equal(true);
    await graph.until('the node is missed', async () => !(await active()));
    expect(graph.log.join()).to.include('/slow is gone: silent for 4 s');
  });
});
