import { expect } from 'chai';
import { PolicyEye } from '../../src/evaluation/policy-eye.js';
import { dequantizeDepth, POLICY_HEIGHT, POLICY_WIDTH } from '../../src/perception/policy-image.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { Robot } from '../../src/robot/robot.js';
import type { MessageInput, ServiceRequest } from '../../src/ros/messages.js';
import { packagePath } from '../../src/ros/package-path.js';
import { poseMessage } from '../../src/ros/pose-messages.js';
import { latched, reliable, sensorData } from '../../src/ros/qos.js';
import type { ServiceClient } from '../../src/ros/service-client.js';
import { createLayout } from '../../src/sim/layout.js';
import { loadTask } from '../../src/sim/scene.js';
import { Simulation } from '../../src/sim/simulation.js';
import { type Latest, TestGraph } from './test-graph.js';

const INSTRUCTION = 'pick up the red cup and place it in the bin';
/** Time for an answer, s. */
const PATIENCE = 30;

type WorldRequest = ServiceRequest<'cosmos_humanoid/srv/GenerateWorld'>;
type CounterfactualRequest = ServiceRequest<'cosmos_humanoid/srv/GenerateCounterfactual'>;
type OutcomesRequest = ServiceRequest<'cosmos_humanoid/srv/PredictOutcomes'>;

/** What the robot sees and feels where it begins, as camera_fusion would tell it. */
async function observe(): Promise<MessageInput<'cosmos_humanoid/msg/FusedObservation'>> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const task = loadTask(packagePath('config/scenes/pick_and_place.yaml'));
  const simulation = await Simulation.create(robot, task.scene, 'gantry');
  simulation.reset(createLayout(task, 3));
  const kinematics = await Kinematics.create(robot);
  const eye = await PolicyEye.create(robot, simulation);
  const positions = robot.posture(task.scene.robot.posture);
  eye.look(kinematics, positions);
  const { color, depth, camera } = eye.frame;
  const [fx, fy, cx, cy] = camera;
  const pose = new Float64Array(7);
  kinematics.pose(kinematics.frame('head_camera_optical_frame'), pose);
  const hands = (['left', 'right'] as const).map((arm) => {
    const hand = new Float64Array(7);
    kinematics.pose(kinematics.frame(robot.gripperFrames[arm]), hand);
    return poseMessage(hand);
  });
  const reference = { arms: ['left', 'right'], poses: hands, grippers: new Float64Array(2) };
  const metres = Float32Array.from(depth, dequantizeDepth);
  const size = { header: { frame_id: 'head_camera_optical_frame' }, width: POLICY_WIDTH, height: POLICY_HEIGHT };
  return {
    header: { stamp: { sec: 100, nanosec: 0 }, frame_id: 'base_link' },
    cameras: [
      {
        name: 'head_camera',
        color: { ...size, encoding: 'rgb8', step: 3 * POLICY_WIDTH, data: color },
        depth: { ...size, encoding: '32FC1', step: 4 * POLICY_WIDTH, data: new Uint8Array(metres.buffer) },
        camera_info: { k: Float64Array.of(fx!, 0, cx!, 0, fy!, cy!, 0, 0, 1) },
        pose: poseMessage(pose),
      },
    ],
    joint_positions: positions,
    commanded: reference,
    measured: reference,
  };
}

describe('graph: worlds that are imagined', function () {
  this.timeout(240_000);

  let graph: TestGraph;
  let world: ServiceClient<'cosmos_humanoid/srv/GenerateWorld'>;
  let counterfactual: ServiceClient<'cosmos_humanoid/srv/GenerateCounterfactual'>;
  let outcomes: ServiceClient<'cosmos_humanoid/srv/PredictOutcomes'>;
  let predictions: Latest<'cosmos_humanoid/msg/ActionPrediction'>;
  let seen: Uint8Array;
  let timer: NodeJS.Timeout | undefined;

  const worldRequest = (changes: Partial<WorldRequest> = {}) =>
    ({
      instruction: INSTRUCTION,
      actions: [],
      arm: '',
      num_frames: 0,
      frame_period: 0,
      camera: '',
      seed: 1n,
      ...changes,
    }) as WorldRequest;
  const generate = (changes: Partial<WorldRequest> = {}) => world.call(worldRequest(changes), PATIENCE);
  const compare = (changes: Partial<CounterfactualRequest>) =>
    counterfactual.call(
      {
        actual_instruction: INSTRUCTION,
        actual_actions: [],
        actual_arm: '',
        counterfactual_instruction: INSTRUCTION,
        counterfactual_actions: [],
        counterfactual_arm: '',
        num_frames: 0,
        frame_period: 0,
        camera: '',
        seed: 1n,
        ...changes,
      } as unknown as CounterfactualRequest,
      PATIENCE,
    );
  const judge = (changes: Partial<OutcomesRequest> = {}) =>
    outcomes.call(
      {
        instruction: INSTRUCTION,
        actions: [],
        arm: '',
        num_outcomes: 3,
        horizon: 0,
        seed: 1n,
        ...changes,
      } as unknown as OutcomesRequest,
      PATIENCE,
    );

  /** Chunks that move the gripper steadily along x, m in all. */
  const along = (...x: number[]) =>
    x.flatMap((end) => Array.from({ length: 70 }, (_, i) => (i % 7 === 0 ? (end * (1 + i / 7)) / 10 : 0)));

  before(async () => {
    graph = await TestGraph.start('test/graph/world.launch.xml');
    const { node } = graph;
    world = node.createClient('cosmos_humanoid/srv/GenerateWorld', 'cosmos/generate_world');
    counterfactual = node.createClient('cosmos_humanoid/srv/GenerateCounterfactual', 'cosmos/generate_counterfactual');
    outcomes = node.createClient('cosmos_humanoid/srv/PredictOutcomes', 'cosmos/predict_outcomes');
    predictions = graph.listen('cosmos_humanoid/msg/ActionPrediction', 'cosmos/action_prediction', reliable());
    const observation = await observe();
    seen = observation.cameras![0]!.color!.data as Uint8Array;
    const publisher = node.createPublisher(
      'cosmos_humanoid/msg/FusedObservation',
      'camera_fusion/observation',
      sensorData(1),
    );
    await graph.until(
      'the services are there',
      () => world.available && counterfactual.available && outcomes.available,
    );
    expect(await generate()).to.include({
      success: false,
      message: 'no observation yet; is camera_fusion active?',
    });
    timer = setInterval(() => publisher.publish(observation), 100);
    await graph.until('an observation has arrived', async () => (await generate()).success);
  });

  after(async () => {
    clearInterval(timer);
    await graph?.stop();
  });

  it('foresees frames from what it sees, the objects and the prospects', async () => {
    const { success, message, frames, certainties, state, actions, arm, confidence, feasibility } = await generate();
    expect([success, message]).to.deep.equal([true, '']);
    expect(frames.map(({ header }) => header.stamp.sec + header.stamp.nanosec * 1e-9)).to.deep.equal([
      100.08, 100.4, 100.8,
    ]);
    for (const { data, width, height, encoding, header } of frames) {
      expect([width, height, encoding]).to.deep.equal([64, 48, 'rgb8']);
      expect(header.frame_id).to.equal('head_camera_optical_frame');
      const error = Array.from(data).reduce((sum, value, i) => sum + Math.abs(value - seen[i]!), 0) / data.length;
      expect(error).to.be.below(12);
    }
    for (const certainty of certainties) expect(certainty).to.be.within(0.3, 1);
    expect(state.objects.map(({ name }) => name)).to.include.members(['target', 'red cup', 'bin']);
    expect(state.quantities[0]).to.be.closeTo(9.81, 0.05);
    expect(actions).to.have.length(70);
    expect(arm).to.match(/^(left|right)$/);
    expect(confidence).to.be.within(0, 1);
    expect(feasibility).to.be.within(0, 1);
  });

  it('gives the same answer to the same question, and only the frames asked for', async () => {
    const [first, again, late] = [
      await generate(),
      await generate(),
      await generate({ num_frames: 2, frame_period: 0.4 }),
    ];
    expect(again.frames).to.deep.equal(first.frames);
    expect(again.actions).to.deep.equal(first.actions);
    expect(late.frames).to.deep.equal(first.frames.slice(1));
  });

  const refused: readonly (readonly [string, Partial<WorldRequest>, RegExp])[] = [
    ['too few action values', { actions: along(0.1).slice(1), arm: 'right' }, /69 action values; expected 10 × 7/],
    ['two courses', { actions: along(0.1, 0.2), arm: 'right' }, /holds 2 courses/],
    ['actions that are not finite', { actions: along(Number.NaN), arm: 'right' }, /action value 0 is NaN/],
    ['an arm without actions', { arm: 'left' }, /no actions/],
    ['a third arm', { actions: along(0.1), arm: 'middle' }, /'middle'; it must be left or right/],
    ['words that the model never saw', { instruction: 'peel the banana' }, /never seen "peel", "banana"/],
    ['no instruction at all', { instruction: '' }, /no instruction is in force/],
    ['another camera', { camera: 'left_wrist_camera' }, /through head_camera only/],
    ['a longer look than the model has', { num_frames: 3, frame_period: 0.4 }, /1\.2 s .* only 0\.08, 0\.4, 0\.8 s/],
    ['times between', { num_frames: 10, frame_period: 0.08 }, /frame 2 would show 0\.16 s/],
    ['a period that is none', { num_frames: 1, frame_period: Number.NaN }, /NaN s; it must be above 0/],
  ];
  for (const [what, request, reason] of refused) {
    it(`refuses ${what}`, async () => {
      const { success, message, frames } = await generate(request);
      expect(message).to.match(reason);
      expect(success).to.equal(false);
      expect(frames).to.have.length(0);
    });
  }

  it('tells what would be otherwise', async () => {
    const same = await compare({});
    expect(same.message).to.equal('');
    expect([...same.differences]).to.deep.equal([0, 0, 0]);
    expect(same.divergence_frame).to.equal(3);
    expect([...same.gripper_distances]).to.deep.equal([0, 0, 0]);
    const other = await compare({
      actual_actions: along(0),
      actual_arm: 'right',
      counterfactual_actions: along(0.2),
      counterfactual_arm: 'right',
    });
    expect(other.gripper_distances[2]).to.be.closeTo(0.2, 1e-9);
    expect(other.differences[2]).to.be.above(0.01);
    expect(other.divergence_frame).to.be.within(0, 2);
    expect(other.counterfactual_frames[2]!.data).to.not.deep.equal(other.actual_frames[2]!.data);
    expect((await compare({ counterfactual_instruction: 'fly to the moon' })).message).to.match(/unknown instruction/);
  });

  it('ranks courses of action by what would come of them', async () => {
    const proposed = await judge();
    expect(proposed.message).to.equal('');
    expect(proposed.actions).to.have.length(3 * 70);
    const given = await judge({ actions: along(3, 0), arm: 'right', horizon: 0.4 });
    expect(given.message).to.equal('');
    // Three metres within a second are beyond all demonstrations: last, though named first.
    expect(given.actions[0]).to.equal(0);
    expect(given.feasibilities[1]).to.be.below(given.feasibilities[0]!);
    for (const { probabilities, collisions, feasibilities } of [proposed, given]) {
      const ranks = [...probabilities].map((p, k) => p * (1 - collisions[k]!) * feasibilities[k]!);
      expect(ranks).to.deep.equal([...ranks].sort((a, b) => b - a));
      for (const value of [...probabilities, ...collisions, ...feasibilities]) expect(value).to.be.within(0, 1);
    }
    expect(given.frames.map(({ header }) => header.stamp.nanosec)).to.deep.equal([400_000_000, 400_000_000]);
    expect((await judge({ num_outcomes: 1000 })).message).to.match(/1 to 64/);
    expect((await judge({ horizon: 5 })).message).to.match(/only 0\.08, 0\.4, 0\.8 s/);
  });

  it('goes on inferring while it is asked', async () => {
    const instruction = graph.node.createPublisher('std_msgs/msg/String', 'instruction', latched());
    instruction.publish({ data: INSTRUCTION });
    await graph.until('the first prediction', () => predictions.count > 0);
    const before = predictions.count;
    const answers = await Promise.all([generate(), judge({ num_outcomes: 16 }), compare({}), generate({ seed: 2n })]);
    for (const { success, message } of answers) expect(message, String(success)).to.equal('');
    expect(predictions.count).to.be.above(before);
    expect(graph.log.filter((line) => /ask one at a time/.test(line))).to.deep.equal([]);
    instruction.publish({ data: '' });
  });

  it('says so when the policy has no world model', async () => {
    const load = graph.node.createClient('cosmos_humanoid/srv/LoadModel', 'cosmos/load_model');
    expect(await load.call({ path: packagePath('test/fixtures/cosmos3_tiny') }, PATIENCE)).to.include({
      success: true,
    });
    expect((await generate({ instruction: INSTRUCTION })).message).to.match(/has no world model/);
  });
});
