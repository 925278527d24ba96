import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type rclnodejs from 'rclnodejs';
import { parse } from 'yaml';
import { publishersOf } from '../../src/ros/endpoints.js';
import type { Message } from '../../src/ros/messages.js';
import { packagePath } from '../../src/ros/package-path.js';
import { latched, reliable, sensorData } from '../../src/ros/qos.js';
import { SafetyLevel } from '../../src/safety/findings.js';
import { type Latest, TestGraph } from './test-graph.js';

const ACTION = 'cosmos_humanoid/action/ExecuteInstruction';
const INSTRUCTION = 'pick up the red cup and place it in the bin';
const NODES = [
  'joint_controller',
  'safety_monitor',
  'camera_fusion',
  'cosmos_inference',
  'action_decoder',
  'motion_planner',
  'task_executive',
];
/** The right hand, in motion_planner/hand_reference. */
const RIGHT = 1;
const UNKNOWN_INSTRUCTION = 1;
const CANCELLED = 5;

type Point = readonly [number, number, number];

/** As rviz writes it, as far as it is looked at here. */
interface RvizTopic {
  readonly Value: string;
  readonly 'Reliability Policy': 'Reliable' | 'Best Effort';
  readonly 'Durability Policy': 'Transient Local' | 'Volatile';
}
interface RvizDisplay {
  readonly Topic?: RvizTopic;
  readonly 'Description Topic'?: RvizTopic;
}

describe('graph: from the cameras to the joints', function () {
  this.timeout(240_000);

  let graph: TestGraph;
  let observation: Latest<'cosmos_humanoid/msg/FusedObservation'>;
  let prediction: Latest<'cosmos_humanoid/msg/ActionPrediction'>;
  let chunk: Latest<'cosmos_humanoid/msg/ActionChunk'>;
  let hand: Latest<'cosmos_humanoid/msg/HandReference'>;
  let joints: Latest<'sensor_msgs/msg/JointState'>;
  let safety: Latest<'cosmos_humanoid/msg/SafetyState'>;
  let client: rclnodejs.ActionClient<typeof ACTION>;
  const diagnostics = new Map<string, Message<'diagnostic_msgs/msg/DiagnosticStatus'>>();

  before(async () => {
    graph = await TestGraph.start('launch/sim.launch.xml', {
      seed: '11',
      instruction: INSTRUCTION,
      params_file: packagePath('test/graph/pipeline.params.yaml'),
      patience: '20.0',
      missed_stop: '1.0',
      operator: 'false',
    });
    const { node } = graph;
    observation = graph.listen('cosmos_humanoid/msg/FusedObservation', 'camera_fusion/observation', sensorData(1));
    prediction = graph.listen('cosmos_humanoid/msg/ActionPrediction', 'cosmos/action_prediction', reliable());
    chunk = graph.listen('cosmos_humanoid/msg/ActionChunk', 'action_decoder/action_chunk', reliable());
    hand = graph.listen('cosmos_humanoid/msg/HandReference', 'motion_planner/hand_reference', sensorData(1));
    joints = graph.listen('sensor_msgs/msg/JointState', 'joint_states', sensorData(1));
    safety = graph.listen('cosmos_humanoid/msg/SafetyState', 'safety/state', latched());
    node.createSubscription('diagnostic_msgs/msg/DiagnosticArray', '/diagnostics', reliable(50), ({ status }) => {
      for (const entry of status) diagnostics.set(entry.name, entry);
    });
    client = node.createActionClient(ACTION, 'execute_instruction');
    await graph.untilActive(NODES);
    await graph.until('observations with what the hands are commanded', () => {
      return observation.message?.commanded.arms.length === 2;
    });
  });

  after(() => graph.stop());

  function commanded(): Point {
    const { x, y, z } = hand.message!.poses[RIGHT]!.position;
    return [x, y, z];
  }

  function distance(a: Point, b: Point): number {
    return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  }

  const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1e3));

  function figure(status: string, key: string): number {
    return Number(diagnostics.get(status)?.values.find((entry) => entry.key === key)?.value ?? Number.NaN);
  }

  it('fuses what the cameras see with where the joints are', async () => {
    const { cameras, joint_positions, measured, commanded: wanted } = observation.message!;
    const [head] = cameras;
    expect(head).to.deep.include({ name: 'head_camera' });
    expect([head!.color.width, head!.color.height, head!.depth.encoding]).to.deep.equal([320, 240, '32FC1']);
    expect(joint_positions).to.have.length(75);
    expect([wanted.arms, measured.arms]).to.deep.equal([
      ['left', 'right'],
      ['left', 'right'],
    ]);
    const gap = () => {
      const [a, b] = [observation.message!.commanded, observation.message!.measured].map(
        ({ poses }) => poses[RIGHT]!.position,
      );
      return distance([a!.x, a!.y, a!.z], [b!.x, b!.y, b!.z]);
    };
    await graph.until('the hand is where it is commanded', () => gap() < 0.01);
  });

  it('does not move without an instruction, nor for an unknown one, which it answers with the nearest known', async () => {
    const before = commanded();
    const goal = await client.sendGoal({ instruction: 'pick up the green cup and place it in the bin', timeout: 0 });
    const result = await goal.getResult();
    expect(result).to.deep.include({ success: false, reason: UNKNOWN_INSTRUCTION });
    expect(result.message).to.include(`"${INSTRUCTION}"`);
    await pause(1);
    expect(prediction.count).to.equal(0);
    expect(distance(commanded(), before)).to.be.below(1e-9);
  });

  it('ignores chunks and predictions that hold no numbers', async () => {
    const chunks = graph.node.createPublisher(
      'cosmos_humanoid/msg/ActionChunk',
      'action_decoder/action_chunk',
      reliable(1),
    );
    const predictions = graph.node.createPublisher(
      'cosmos_humanoid/msg/ActionPrediction',
      'cosmos/action_prediction',
      reliable(1),
    );
    await graph.until('both are heard', () => chunks.subscriptionCount > 1 && predictions.subscriptionCount > 1);
    const before = commanded();
    const header = { stamp: graph.node.stamp(), frame_id: 'base_link' };
    const pose = { position: { x: Number.NaN, y: 0, z: 0 }, orientation: { w: 1 } };
    const poses = Array.from({ length: 10 }, () => pose);
    chunks.publish({ header, arm: 'right', dt: 0.1, anchor: pose, poses, gripper: new Float64Array(10) });
    predictions.publish({
      header,
      arm: 'right',
      representation: 'anchor_relative',
      anchor: { orientation: { w: 1 } },
      dt: 0.1,
      num_candidates: 1,
      horizon: 10,
      dimension: 7,
      candidates: new Float64Array(70).fill(Number.NaN),
    });
    await graph.until('both are refused', () => {
      return figure('motion_planner: chunks', 'refused') > 0 && figure('action_decoder: chunks', 'refused') > 0;
    });
    expect(diagnostics.get('action_decoder: chunks')?.message).to.match(/is NaN/);
    expect(distance(commanded(), before)).to.be.below(1e-9);
    expect(safety.message?.level).to.be.below(SafetyLevel.protectiveStop);
  });

  it('says of every node how it is, with names and hardware ids as REP-107 has them', async () => {
    const speaking = () => new Set([...diagnostics.keys()].map((name) => name.replace(/: .*/, '')));
    await graph.until('all nodes speak', () => [...graph.launcher.pids.keys()].every((name) => speaking().has(name)));
    for (const { name, hardware_id: hardware } of diagnostics.values()) {
      expect(name).to.match(/^\w+: \w/);
      // A serial number or the like, of the one node that drives hardware.
      expect(hardware, name).to.equal(name.startsWith('joint_controller: ') ? 'mujoco' : '');
    }
  });

  it('has everything that the configuration of rviz shows', async () => {
    const file = readFileSync(packagePath('config/rviz/humanoid.rviz'), 'utf8');
    const { Displays: displays } = (parse(file) as { 'Visualization Manager': { Displays: RvizDisplay[] } })[
      'Visualization Manager'
    ];
    const topics = displays.flatMap((display) => display.Topic ?? display['Description Topic'] ?? []);
    expect(topics).to.have.length.above(6);
    for (const { Value: topic, 'Reliability Policy': reliability, 'Durability Policy': durability } of topics) {
      await graph.until(`somebody publishes ${topic}`, () => publishersOf(graph.node, `/${topic}`).length > 0);
      for (const { qos } of publishersOf(graph.node, `/${topic}`)) {
        if (reliability === 'Reliable') expect(qos.reliability, topic).to.equal('reliable');
        if (durability === 'Transient Local') expect(qos.durability, topic).to.equal('transient_local');
      }
    }
  });

  it('sets out for an instruction that it knows, and holds when that is taken back', async () => {
    const [start, posture] = [commanded(), Float64Array.from(joints.message!.position)];
    const predicted = prediction.count;
    const shown = ['cosmos/markers', 'action_decoder/markers', 'safety/markers'].map((topic) =>
      graph.listen('visualization_msgs/msg/MarkerArray', topic, reliable()),
    );
    const stages = new Set<string>();
    const goal = await client.sendGoal({ instruction: `Please ${INSTRUCTION}!`, timeout: 0 }, ({ stage }) => {
      stages.add(stage);
    });
    await graph.until(
      'the hand is on its way',
      () => prediction.count > predicted && distance(commanded(), start) > 0.03,
    );
    expect([...stages]).to.include('reach');
    const { instruction, candidates, num_candidates, horizon, policy } = prediction.message!;
    expect(instruction).to.equal(INSTRUCTION);
    expect(policy).to.match(/^cosmos3_micro@/);
    expect(candidates).to.have.length(num_candidates * horizon * 7);
    expect(chunk.message?.header.stamp.sec).to.be.greaterThan(0);
    await graph.until('the arm moves', () => {
      return joints.message!.position.some((position, j) => Math.abs(position - posture[j]!) > 0.05);
    });

    await graph.until('objects, path and safety are drawn', () => shown.every(({ count }) => count > 0));

    await goal.cancelGoal();
    expect(await goal.getResult()).to.deep.include({ success: false, reason: CANCELLED });
    await graph.until('no chunk is followed', () => hand.message!.observation_stamp.sec === 0);
    // The planner brakes within its limits.
    await pause(1);
    const end = commanded();
    await pause(1);
    expect(distance(commanded(), end)).to.be.below(1e-4);
    expect(safety.message?.level).to.be.below(SafetyLevel.protectiveStop);
  });
});
