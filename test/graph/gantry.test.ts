import { expect } from 'chai';
import type rclnodejs from 'rclnodejs';
import { latched, sensorData } from '../../src/ros/qos.js';
import { SafetyLevel } from '../../src/safety/findings.js';
import { type Latest, TestGraph } from './test-graph.js';

const ACTION = 'cosmos_humanoid/action/MoveToPosture';
const NODES = ['joint_controller', 'state_estimator', 'safety_monitor', 'motion_planner', 'task_executive'];
const CYCLES = 3;
const WEIGHT = 757;

/** Constants of ControllerState.msg and of MoveToPosture.action. */
const RUNNING = 0;
const STANDING = 1;
const BETWEEN = 2;
const HANGING = 3;
const NOT_READY = 2;
const CANCELLED = 4;
const INTERRUPTED = 5;

describe('graph: hanging in the gantry and standing', function () {
  this.timeout(300_000);

  let graph: TestGraph;
  let controller: Latest<'cosmos_humanoid/msg/ControllerState'>;
  let safety: Latest<'cosmos_humanoid/msg/SafetyState'>;
  let body: Latest<'cosmos_humanoid/msg/BodyState'>;
  let truth: Latest<'cosmos_humanoid/msg/SimState'>;
  let client: rclnodejs.ActionClient<typeof ACTION>;

  async function start(support: string): Promise<void> {
    graph = await TestGraph.start('test/graph/gantry.launch.xml', { support });
    const { node } = graph;
    controller = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData());
    safety = graph.listen('cosmos_humanoid/msg/SafetyState', 'safety/state', latched());
    body = graph.listen('cosmos_humanoid/msg/BodyState', 'state_estimator/state', sensorData());
    truth = graph.listen('cosmos_humanoid/msg/SimState', 'sim/state', sensorData());
    client = node.createActionClient(ACTION, 'move_to_posture');
    await graph.untilActive(NODES);
    await ready();
  }

  afterEach(() => graph.stop());

  async function ready(): Promise<void> {
    await graph.until('no stop', async () => (await graph.call('safety/reset')).success);
    await graph.until('the loop runs', () => controller.message?.mode === RUNNING);
    await graph.until('it follows a trajectory', () => controller.message!.reference_stamp.sec > 0);
    const { count } = controller;
    await graph.until('all have heard of it', () => controller.count > count + 5);
  }

  async function send(posture: string) {
    if (!client.isActionServerAvailable()) await client.waitForServer(20_000);
    return client.sendGoal({ posture, duration: 0 });
  }

  async function move(posture: string) {
    return (await send(posture)).getResult();
  }

  const carried = () => controller.message?.suspension;
  const unstopped = () =>
    expect(safety.message!.level, safety.message!.reasons.join('; ')).to.be.below(SafetyLevel.protectiveStop);

  it('hangs up and stands again, three times, with both arms over the table', async () => {
    await start('harness');
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const hung = await move('hang');
      unstopped();
      expect(hung.message).to.equal('hangs');
      // What task_executive has heard may reach the test a little later.
      await graph.until('it hangs', () => carried() === HANGING);
      expect(controller.message!.hoist_load).to.be.closeTo(WEIGHT, 60);
      await graph.until('no foot carries', () => body.message!.contact.every((loaded) => !loaded));
      const stood = await move('stand');
      unstopped();
      expect(stood.message).to.equal('stands on its feet');
      await graph.until('it stands', () => carried() === STANDING);
      expect(controller.message!.hoist_load).to.be.below(5);
      await graph.until('both feet carry', () => body.message!.contact.every((loaded) => loaded));
    }
    expect(truth.message!.harness_load, 'the harness had to catch it').to.equal(0);
    expect(truth.message!.tilt_largest).to.be.below(0.1);
  });

  it('holds where it is when the goal is cancelled or the robot stopped, and goes on when asked again', async () => {
    await start('harness');
    const goal = await send('hang');
    await graph.until('it is under way', () => carried() === BETWEEN && controller.message!.hoist_load > 50);
    await goal.cancelGoal();
    const cancelled = await goal.getResult();
    expect(cancelled.reason).to.equal(CANCELLED);
    expect(carried()).to.equal(BETWEEN);
    const refused = await move('table_work');
    expect([refused.reason, refused.message]).to.deep.equal([
      NOT_READY,
      'the robot is between hanging and standing: ask for hang or stand first',
    ]);

    const again = await send('hang');
    await graph.until('it is lifted', () => controller.message!.hoist_load > 300);
    await graph.call('safety/protective_stop');
    const stopped = await again.getResult();
    expect(stopped.reason).to.equal(INTERRUPTED);
    expect(stopped.message).to.match(/^the robot is stopped: .*; the hoist holds$/);
    expect(carried()).to.equal(BETWEEN);
    expect((await move('stand')).reason).to.equal(NOT_READY);
    await ready();
    expect((await move('stand')).message).to.equal('stands on its feet');
    expect(truth.message!.harness_load, 'the harness had to catch it').to.equal(0);
  });

  it('refuses to hang the robot up where there is no hoist', async () => {
    await start('ground');
    const { success, reason, message } = await move('hang');
    expect([success, reason]).to.deep.equal([false, NOT_READY]);
    expect(message).to.match(/^there is no hoist: .*support:=harness/);
  });
});
