import { expect } from 'chai';
import { robot } from '../robot/robot-fixture.js';
import { TestGraph } from './test-graph.js';

describe('graph: joint trajectories and postures', function () {
  this.timeout(90_000);

  let graph: TestGraph;

  before(async () => {
    graph = await TestGraph.start('test/graph/trajectory.launch.xml');
    await graph.untilActive(['joint_controller', 'safety_monitor', 'motion_planner', 'task_executive']);
    // A busy machine may have made the monitor stop the robot while the nodes started.
    await graph.until('no stop', async () => (await graph.call('safety/reset')).success);
  });

  after(() => graph.stop());

  it('serves a client of FollowJointTrajectory written in Python', async () => {
    const result = (await graph.runPeer('test/graph/peers/trajectory_peer.py')) as Record<string, unknown>;
    const { unknown_joint: unknownJoint, too_far: tooFar, ...rest } = result;
    expect(unknownJoint).to.deep.equal(['aborted', -2, 'the robot has no joint "elbow"']);
    expect((tooFar as unknown[]).slice(0, 2)).to.deep.equal(['aborted', -1]);
    expect((tooFar as unknown[])[2]).to.match(/position of right_elbow_joint is 2\.\d+ rad, the limit is 2\.610 rad/);
    expect(rest).to.deep.equal({
      followed: ['succeeded', 0],
      arrived: true,
      feedback: true,
      moving: true,
      error: true,
      old: ['aborted', -3],
      left_path: ['aborted', -4],
      cancelled: 'canceled',
      at_rest: true,
      second: ['succeeded', 0],
      replaced: ['aborted', -1],
      waits: true,
      goes_on: ['succeeded', 0, true],
      postures: [
        ['aborted', false, 1],
        ['succeeded', true, 0],
      ],
      knee: Number(robot.posture('stand')[robot.index('left_knee_joint')].toFixed(3)),
    });
  });
});
