import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { HeartbeatSender, hearHeartbeats, linkPorts } from '../../src/ros/heartbeat-link.js';

describe('heartbeat link', () => {
  it('gives each graph ports of its own', () => {
    expect(linkPorts('/motion_planner', 0)).to.deep.equal({ controller: 6400, monitor: 6401 });
    expect(linkPorts('/safety_monitor', 64)).to.deep.equal({ controller: 6528, monitor: 6529 });
    const left = linkPorts('/left_robot/motion_planner', 0);
    expect(left).to.deep.equal(linkPorts('/left_robot/safety_monitor', 0));
    expect(left).not.to.deep.equal(linkPorts('/right_robot/motion_planner', 0));
    expect(left.controller).to.be.within(6400, 7398);
  });

  describe('in use', () => {
    const PORT = 6396;
    let beats: string[];
    let ended: string[];
    let close: () => void;
    const listener = { beat: (beat: string) => beats.push(beat), closed: (last: string) => ended.push(last) };

    beforeEach(async () => {
      [beats, ended] = [[], []];
      close = await hearHeartbeats(PORT, listener);
    });

    afterEach(() => close());

    it('carries heartbeats, and refuses a port that is taken', async () => {
      const sender = new HeartbeatSender(PORT);
      sender.send('/motion_planner active 4711');
      sender.send('/motion_planner inactive 4711');
      sender.close();
      await until(() => ended.length > 0);
      expect(beats).to.deep.equal(['/motion_planner active 4711', '/motion_planner inactive 4711']);
      expect(ended).to.deep.equal(['/motion_planner inactive 4711']);
      const refusal = await hearHeartbeats(PORT, listener).then(
        () => '',
        (error: Error) => error.message,
      );
      expect(refusal).to.match(/TCP port 6396 .* another safety_monitor/);
    });

    it('tells at once that a process was killed', async () => {
      const link = new URL('../../src/ros/heartbeat-link.js', import.meta.url);
      const program = `import { HeartbeatSender } from '${link}';
        const sender = new HeartbeatSender(${PORT});
        setInterval(() => sender.send('/camera_fusion active ' + process.pid), 20);`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
      await until(() => beats.length > 2);
      expect(ended).to.deep.equal([]);
      child.kill('SIGKILL');
      await until(() => ended.length > 0);
      expect(ended).to.deep.equal([`/camera_fusion active ${child.pid}`]);
    });

    it('connects anew when the other side was away, and tells nothing of a port that was closed', async () => {
      const sender = new HeartbeatSender(PORT);
      const timer = setInterval(() => sender.send('/motion_planner active 1'), 5);
      await until(() => beats.length > 0);
      close();
      expect(ended).to.deep.equal([]);
      const before = beats.length;
      close = await hearHeartbeats(PORT, listener);
      await until(() => beats.length > before);
      clearInterval(timer);
      sender.close();
      await until(() => ended.length > 0);
    });

    it('hangs up on who sends no beats', async () => {
      const socket = connect(PORT, '127.0.0.1');
      socket.on('error', () => {});
      socket.write('x'.repeat(600));
      await once(socket, 'close');
      expect(beats).to.deep.equal([]);
      expect(ended).to.deep.equal(['']);
    });
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
