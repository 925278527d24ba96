import { expect } from 'chai';
import { openNode } from '../../src/ros/open-node.js';
import { latched, reliable, sensorData } from '../../src/ros/qos.js';
import { SafetyLevel } from '../../src/safety/findings.js';
import { type Latest, TestGraph } from './test-graph.js';

const JOINTS = 75;
const STEP = 0.01;
const POINTS = 20;
/** Movement of the test, rad, its velocity, rad/s, and the time at rest before it, s: the loop may have been reset. */
const DISTANCE = 0.2;
const VELOCITY = 0.4;
const REST = 0.3;

/** What rival_peer.py saw. */
interface RivalReport {
  readonly causes: readonly string[];
  readonly refused: boolean;
  readonly reason: string;
}

describe('graph: joint_controller, safety_monitor, lifecycle_manager, robot_description', function () {
  this.timeout(240_000);

  let graph: TestGraph;
  let joints: Latest<'sensor_msgs/msg/JointState'>;
  let controller: Latest<'cosmos_humanoid/msg/ControllerState'>;
  let safety: Latest<'cosmos_humanoid/msg/SafetyState'>;

  before(async () => {
    graph = await TestGraph.start('test/graph/robot.launch.xml');
    joints = graph.listen('sensor_msgs/msg/JointState', 'joint_states', sensorData());
    controller = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData());
    safety = graph.listen('cosmos_humanoid/msg/SafetyState', 'safety/state', latched());
    await active();
  });

  after(() => graph.stop());

  async function active(): Promise<void> {
    await graph.until('all nodes are active', async () => (await graph.call('lifecycle_manager/is_active')).success);
  }

  const level = () => safety.message?.level ?? SafetyLevel.ok;
  const stopped = () => graph.until('protective stop', () => level() === SafetyLevel.protectiveStop);
  const held = () => graph.until('the loop holds', () => controller.message?.mode === 1);

  async function reset(): Promise<void> {
    await graph.until('reset', async () => (await graph.call('safety/reset')).success);
    await graph.until('the loop runs', () => controller.message?.mode === 0 && level() < SafetyLevel.protectiveStop);
  }

  function position(joint: number): number {
    return joints.message?.position[joint] ?? Number.NaN;
  }

  /** Publishes a trajectory a hundred times a second that moves one joint away at constant velocity and holds it there. */
  function move(joint: number, distance: number): { stop(): void } {
    const names = [...(joints.message?.name ?? [])];
    const from = Float64Array.from(controller.message?.reference_position ?? []);
    const publisher = graph.node.createPublisher(
      'trajectory_msgs/msg/JointTrajectory',
      'motion_planner/joint_trajectory',
      reliable(1),
    );
    const begin = graph.node.now();
    return graph.node.createTimer(STEP, () => {
      const start = graph.node.now();
      const points = Array.from({ length: POINTS }, (_, k) => {
        const way = Math.max(0, start + k * STEP - begin - REST) * VELOCITY;
        const positions = from.slice();
        const velocities = new Float64Array(JOINTS);
        positions[joint] += Math.sign(distance) * Math.min(way, Math.abs(distance));
        if (way > 0 && way < Math.abs(distance)) velocities[joint] = Math.sign(distance) * VELOCITY;
        return { positions, velocities, time_from_start: { sec: 0, nanosec: Math.round(k * STEP * 1e9) } };
      });
      publisher.publish({ header: { stamp: graph.node.stamp() }, joint_names: names, points });
    });
  }

  it('serves a node written in Python', async () => {
    const result = await graph.runPeer('test/graph/peers/robot_peer.py');
    expect(result).to.deep.equal({
      joints: JOINTS,
      positions: JOINTS,
      gravity: 9.81,
      transforms: JOINTS,
      urdf: '<?xml',
      mode_before: 0,
      stopped: true,
      causes: ['emergency stop requested'],
      latched: true,
      reset: true,
    });
  });

  it('follows a trajectory, and stops when it stays away', async () => {
    const joint = joints.message?.name.indexOf('right_elbow_joint') ?? -1;
    expect(joint).to.be.at.least(0);
    const before = position(joint);
    const timer = move(joint, DISTANCE);
    await graph.until('the joint has moved', () => position(joint) > before + DISTANCE - 1e-3);
    expect(controller.message?.reference_stamp.sec).to.be.greaterThan(0);
    expect(controller.message?.mode).to.equal(0);
    timer.stop();
    await held();
    await stopped();
    expect(safety.message?.reasons.join()).to.match(/no joint trajectory arrived in time/);
    await reset();
    expect(position(joint)).to.be.closeTo(before + DISTANCE, 1e-2);
  });

  const [first, second] = [Float64Array.of(1, 2, 3), new Float64Array(JOINTS).fill(Number.NaN)];
  for (const [what, positions, reason] of [
    ['too few joints', first, /3 positions, the robot has 75 joints/],
    ['values that are no numbers', second, /is NaN rad/],
  ] as const) {
    it(`does not follow a trajectory of ${what}`, async () => {
      const before = joints.message?.position.slice();
      const publisher = graph.node.createPublisher(
        'trajectory_msgs/msg/JointTrajectory',
        'motion_planner/joint_trajectory',
        reliable(1),
      );
      await graph.until('both hear it', () => publisher.subscriptionCount === 2);
      publisher.publish({ points: [{ positions, time_from_start: { sec: 0, nanosec: 10_000_000 } }] });
      await stopped();
      await held();
      expect(safety.message?.reasons.join()).to.match(reason);
      for (let j = 0; j < JOINTS; j++) expect(position(j)).to.be.closeTo(before?.[j] ?? Number.NaN, 1e-6);
      await reset();
    });
  }

  it('stops while a node offers joint trajectories that is not meant to', async () => {
    const { causes, refused, reason } = (await graph.runPeer('test/graph/peers/rival_peer.py')) as RivalReport;
    // A busy machine may add a warning of missed cycles.
    expect(causes).to.include('foreign_commands');
    expect(refused).to.equal(true);
    expect(reason).to.match(/first clear: .*joint trajectories are published by \/rival/);
  });

  it('says who else publishes what it is judged by', async () => {
    const { node: stranger, close } = await openNode('stranger');
    stranger.createPublisher('sensor_msgs/msg/JointState', 'joint_states', sensorData());
    await graph.until('it says so', () =>
      safety.message!.reasons.some((reason) => /joint_states is published by \/stranger too/.test(reason)),
    );
    expect(safety.message!.causes).to.include('foreign_measurements');
    expect(safety.message!.level).to.be.below(SafetyLevel.protectiveStop);
    close();
    await graph.until('it is content again', () => !safety.message!.causes.includes('foreign_measurements'));
  });

  for (const name of ['joint_controller', 'safety_monitor']) {
    it(`stops when ${name} is killed, brings it up again, and goes on after a reset`, async () => {
      const pid = graph.launcher.pids.get(name);
      expect(pid).to.be.a('number');
      process.kill(pid as number, 'SIGKILL');
      // Without the monitor the loop stops by itself; the next monitor takes that over.
      await (name === 'joint_controller' ? stopped() : held());
      await graph.until('another process', () => ![undefined, pid].includes(graph.launcher.pids.get(name)));
      await graph.until('it was brought up', () =>
        graph.log.some((line) => line.includes(`/${name} was started anew`)),
      );
      await active();
      await stopped();
      await reset();
      const { count } = joints;
      await graph.until('joint states', () => joints.count > count + 10);
    });
  }

  it('drops joint states that are none, in every node', async () => {
    const speaker = graph.node.createPublisher('sensor_msgs/msg/JointState', 'joint_states', sensorData());
    const tf = graph.listen('tf2_msgs/msg/TFMessage', '/tf', reliable(100));
    await graph.until('transforms', () => tf.count > 0);
    const pid = graph.launcher.pids.get('robot_description');
    const bytes = Buffer.from(graph.node.codec('sensor_msgs/msg/JointState').encode(joints.message!));
    // Cut off within the positions, and names without positions.
    for (let k = 0; k < 50; k++) {
      speaker.publishRaw(bytes.subarray(0, bytes.length - 1500));
      speaker.publish({ name: joints.message!.name });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { count } = tf;
    await graph.until('transforms go on', () => tf.count > count + 5);
    expect(graph.launcher.pids.get('robot_description')).to.equal(pid);
    const last = tf.message!.transforms.at(-1)!.transform.rotation;
    expect(Object.values(last).every(Number.isFinite)).to.equal(true);
    await reset();
  });

  it('ends in order', async () => {
    await graph.launcher.stop();
    const codes = [...graph.exits].map(([name, exits]) => [name, exits.at(-1)]);
    expect(codes.sort()).to.deep.equal([
      ['joint_controller', 0],
      ['lifecycle_manager', 0],
      ['robot_description', 0],
      ['safety_monitor', 0],
    ]);
  });
});
