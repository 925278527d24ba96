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

  it('carries heartbeats, and refuses a port that is taken', async () => {
    const port = 6396;
    const heard: string[] = [];
    const close = await hearHeartbeats(port, (beat) => heard.push(beat));
    const sender = new HeartbeatSender(port);
    while (heard.length === 0) {
      sender.send('/motion_planner active 4711');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(heard[0]).to.equal('/motion_planner active 4711');
    let message = '';
    await hearHeartbeats(port, () => {}).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.match(/UDP port 6396 .* another safety_monitor/);
    sender.close();
    close();
  });
});
