import { expect } from 'chai';
import { sensorData } from '../../src/ros/qos.js';
import { robot } from '../robot/robot-fixture.js';
import { TestGraph } from './test-graph.js';

describe('graph: joint trajectories and postures', function () {
  this.timeout(240_000);

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

  it('a hand reference without its pose ends no node', async () => {
    const hand = graph.node.createPublisher(
      'cosmos_humanoid/msg/HandReference',
      'motion_planner/hand_reference',
      sensorData(),
    );
    await graph.until('task_executive listens', () => hand.subscriptionCount > 0);
    const header = { stamp: graph.node.stamp(), frame_id: 'base_link' };
    await graph.until('it says what is wrong', () => {
      hand.publish({ header, arms: ['right'], poses: [], grippers: [] });
      return graph.log.some((line) => line.includes('hand_reference has 1 arms, 0 poses, 0 grippers'));
    });
    expect(graph.exits.get('task_executive')).to.equal(undefined);
    expect((await graph.call('lifecycle_manager/is_active')).message).to.equal('all nodes are active');
  });

  it('a planner that ends while it moves the body is missed within seconds', async () => {
    const loop = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData(1));
    await graph.until('no stop', async () => (await graph.call('safety/reset')).success);
    await graph.until('the loop follows', () => loop.message?.mode === 0 && loop.message.reference_stamp.sec > 0);
    const client = graph.node.createActionClient('cosmos_humanoid/action/MoveToPosture', 'move_to_posture');
    await graph.until('move_to_posture is offered', () => client.isActionServerAvailable());
    const moving = await client.sendGoal({ posture: 'crouch', duration: 1.5 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(graph.launcher.pids.get('motion_planner')!, 'SIGKILL');
    const result = (await moving.getResult()) as { success: boolean; message: string };
    expect(result.success).to.equal(false);
    expect(result.message).to.match(/motion_planner does not answer any more/);
    const next = await client.sendGoal({ posture: 'stand', duration: 0 });
    expect(next.isAccepted()).to.equal(true);
    expect(((await next.getResult()) as { success: boolean }).success).to.equal(false);
  });
});
