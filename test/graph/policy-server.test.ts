import { expect } from 'chai';
import { Kinematics } from '../../src/robot/kinematics.js';
import type { Message } from '../../src/ros/messages.js';
import { packagePath } from '../../src/ros/package-path.js';
import { latched, reliable, sensorData } from '../../src/ros/qos.js';
import { SafetyLevel } from '../../src/safety/findings.js';
import { PolicyPeer } from '../cosmos/served/policy-peer.js';
import { robot } from '../robot/robot-fixture.js';
import { type Latest, TestGraph } from './test-graph.js';

const ACTION = 'cosmos_humanoid/action/ExecuteInstruction';
const INSTRUCTION = 'pick up the red cup and place it in the bin';
const NODES = ['joint_controller', 'safety_monitor', 'camera_fusion', 'cosmos_inference', 'action_decoder'];
const RIGHT = 1;
/** Time in which a hand that holds is watched, s. */
const WATCHED = 1;

describe('graph: a policy on a server', function () {
  this.timeout(240_000);

  let kinematics: Kinematics;
  let server: PolicyPeer;
  let graph: TestGraph;
  let prediction: Latest<'cosmos_humanoid/msg/ActionPrediction'>;
  let trajectory: Latest<'trajectory_msgs/msg/JointTrajectory'>;
  let hand: Latest<'cosmos_humanoid/msg/HandReference'>;
  let safety: Latest<'cosmos_humanoid/msg/SafetyState'>;
  const diagnostics = new Map<string, Message<'diagnostic_msgs/msg/DiagnosticStatus'>>();

  before(async () => {
    kinematics = await Kinematics.create(robot);
    server = await PolicyPeer.start('cosmos3', kinematics);
    graph = await TestGraph.start('launch/sim.launch.xml', {
      seed: '11',
      instruction: INSTRUCTION,
      backend: 'cosmos3',
      embodiment: 'config/policies/cosmos3_droid.yaml',
      policy_url: server.url,
      params_file: packagePath('test/graph/pipeline.params.yaml'),
      patience: '20.0',
      missed_stop: '1.0',
      operator: 'false',
    });
    prediction = graph.listen('cosmos_humanoid/msg/ActionPrediction', 'cosmos/action_prediction', reliable());
    trajectory = graph.listen('trajectory_msgs/msg/JointTrajectory', 'motion_planner/joint_trajectory', reliable(1));
    hand = graph.listen('cosmos_humanoid/msg/HandReference', 'motion_planner/hand_reference', sensorData(1));
    safety = graph.listen('cosmos_humanoid/msg/SafetyState', 'safety/state', latched());
    graph.node.createSubscription('diagnostic_msgs/msg/DiagnosticArray', '/diagnostics', reliable(50), ({ status }) => {
      for (const entry of status) diagnostics.set(entry.name, entry);
    });
    await graph.untilActive([...NODES, 'motion_planner', 'task_executive']);
  });

  after(async () => {
    await graph?.stop();
    await server?.close();
    kinematics?.delete();
  });

  const inference = () => diagnostics.get('cosmos_inference: inference');
  const commanded = () => {
    const { x, y, z } = hand.message!.poses[RIGHT]!.position;
    return [x, y, z] as const;
  };
  /** How far the hand is commanded to move within a while, m. */
  async function movement(): Promise<number> {
    const before = commanded();
    await new Promise((resolve) => setTimeout(resolve, 1000 * WATCHED));
    return Math.hypot(...commanded().map((value, i) => value - before[i]!));
  }

  it('moves the arm', async () => {
    await graph.until('the hand is known', () => hand.count > 0);
    const before = commanded();
    const client = graph.node.createActionClient(ACTION, 'execute_instruction');
    await client.sendGoal({ instruction: INSTRUCTION, timeout: 0 });
    await graph.until('predictions', () => prediction.count > 2);
    expect(prediction.message!.policy).to.equal('cosmos3_droid');
    await graph.until('the hand moves', () => Math.hypot(...commanded().map((v, i) => v - before[i]!)) > 0.02);
  });

  it('that dies makes the hand hold, and says so; nothing else notices', async () => {
    await server.kill();
    await graph.until('the diagnostics name it', () => /127\.0\.0\.1:\d+: /.test(inference()?.message ?? ''));
    expect(inference()!.level).to.equal(1);
    await graph.until('the hand holds', async () => (await movement()) < 1e-3);
    const { count } = trajectory;
    const predicted = prediction.count;
    await graph.until('the planner goes on', () => trajectory.count > count + 50);
    expect(prediction.count).to.equal(predicted);
    expect(safety.message!.level).to.be.below(SafetyLevel.protectiveStop);
    const others = [...diagnostics.values()].filter(({ name, level }) => level >= 2 && !name.startsWith('cosmos_'));
    expect(others.map(({ name, message }) => `${name}: ${message}`)).to.deep.equal([]);
  });

  it('that comes back is asked again', async () => {
    const { count } = prediction;
    await server.restart();
    await graph.until('predictions', () => prediction.count > count + 1);
    await graph.until('the diagnostics are well', () => inference()?.level === 0);
  });
});
