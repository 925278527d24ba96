import './domain.js';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { Commanders } from '../../src/ros/commanders.js';
import { type OpenNode, openNode } from '../../src/ros/open-node.js';

const OPEN_NODE = new URL('../../src/ros/open-node.js', import.meta.url);
const QOS = new URL('../../src/ros/qos.js', import.meta.url);

describe('Commanders', () => {
  const children: ChildProcess[] = [];
  let open: OpenNode;
  let commanders: Commanders;

  before(async () => {
    open = await openNode('loop', ['--ros-args', '-r', '__ns:=/robot']);
    commanders = new Commanders(open.node, 'commands', ['planner']);
  });

  after(() => {
    for (const child of children) child.kill('SIGKILL');
    open.close();
  });

  /** A program that offers commands until its input ends. */
  function offer(name: string): ChildProcess {
    const program = `
      import { openNode } from '${OPEN_NODE}';
      import { reliable } from '${QOS}';
      const { node, close } = await openNode('${name}', ['--ros-args', '-r', '__ns:=/robot']);
      node.createPublisher('std_msgs/msg/String', 'commands', reliable());
      process.stdin.on('end', () => { close(); process.exit(); }).resume();`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    children.push(child);
    return child;
  }

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  it('tells who publishes and may not, and who does so beside one that may', async () => {
    const stranger = offer('stranger');
    await until(() => commanders.foreign().length > 0);
    expect(commanders.foreign()).to.deep.equal(['/robot/stranger']);
    // A robot that nobody commands may be moved by hand.
    expect(commanders.rivals()).to.deep.equal([]);
    offer('planner');
    await until(() => commanders.rivals().length > 0);
    expect(commanders.rivals()).to.deep.equal(['/robot/stranger']);
    stranger.stdin?.end();
    await once(stranger, 'exit');
    await until(() => commanders.foreign().length === 0);
    expect(commanders.rivals()).to.deep.equal([]);
  });
});
