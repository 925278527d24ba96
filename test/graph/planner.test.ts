import { expect } from 'chai';
import { StopMode } from '../../src/control/stop-state.js';
import type { MessageInput } from '../../src/ros/messages.js';
import { latched, reliable, sensorData } from '../../src/ros/qos.js';
import { toSeconds } from '../../src/ros/time.js';
import { robot } from '../robot/robot-fixture.js';
import { type Latest, TestGraph } from './test-graph.js';

describe('graph: motion_planner while the loop does not follow', function () {
  this.timeout(240_000);

  let graph: TestGraph;
  let plan: Latest<'trajectory_msgs/msg/JointTrajectory'>;
  /** What the loop tells: it follows nothing yet. */
  let state: MessageInput<'cosmos_humanoid/msg/ControllerState'> = { reference_position: robot.posture('table_work') };

  before(async () => {
    graph = await TestGraph.start('test/graph/planner.launch.xml');
    plan = graph.listen('trajectory_msgs/msg/JointTrajectory', 'motion_planner/joint_trajectory', reliable(1));
    const topic = 'joint_controller/state';
    const states = graph.node.createPublisher('cosmos_humanoid/msg/ControllerState', topic, sensorData(1));
    graph.node.createTimer(0.05, () => states.publish(state));
    await graph.until('it plans', () => plan.count > 0);
  });
  after(() => graph.stop());

  it('stands when people fall silent', async () => {
    const scale = graph.listen('std_msgs/msg/Float64', 'motion_planner/speed_scale', latched());
    const people = graph.node.createPublisher('cosmos_humanoid/msg/TrackedObstacles', 'people', sensorData(1));
    await graph.until('full speed', () => scale.message?.data === 1 && people.subscriptionCount > 0);
    let sent = 0;
    await graph.until('nobody is near', () => {
      people.publish({ header: { stamp: graph.node.stamp(), frame_id: 'base_link' } });
      return ++sent === 25;
    });
    await graph.until('it stands', () => scale.message?.data === 0);
  });

  it('keeps its clock where it cannot start anew from a state', async () => {
    state = { ...state, reference_stamp: graph.node.stamp() };
    const before = plan.count;
    await graph.until('2 s of plans', () => plan.count > before + 200);
    const unknown = new Float64Array(robot.names.length).fill(Number.NaN);
    state = { ...state, mode: StopMode.hold, reference_position: unknown };
    const refused = () => graph.log.some((line) => line.includes('joint_controller/state refused'));
    await graph.until('the state is refused', refused);
    const after = plan.count;
    await graph.until('it plans on', () => plan.count > after + 5);
    // The first point of a plan is now.
    expect(toSeconds(plan.message!.header.stamp) - graph.node.now()).to.be.below(0.5);
  });
});
