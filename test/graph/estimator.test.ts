import { expect } from 'chai';
import { describeEstimatorFaults, EstimatorFault } from '../../src/estimation/base-estimate.js';
import { latched, reliable, sensorData } from '../../src/ros/qos.js';
import { TestGraph } from './test-graph.js';

describe('graph: state_estimator on the simulated robot', function () {
  this.timeout(240_000);

  let graph: TestGraph;
  before(async () => {
    graph = await TestGraph.start('test/graph/estimator.launch.xml');
  });
  after(() => graph.stop());

  it('publishes odometry, frames and the body’s state, and starts anew with the robot', async () => {
    const odometry = graph.listen('nav_msgs/msg/Odometry', 'odom', sensorData());
    const state = graph.listen('cosmos_humanoid/msg/BodyState', 'state_estimator/state', sensorData());
    const parents = new Map<string, Set<string>>();
    for (const [topic, qos] of [
      ['/tf', reliable(100)],
      ['/tf_static', latched()],
    ] as const) {
      graph.node.createSubscription('tf2_msgs/msg/TFMessage', topic, qos, ({ transforms }) => {
        for (const { header, child_frame_id: child } of transforms) {
          parents.set(child, (parents.get(child) ?? new Set()).add(header.frame_id));
        }
      });
    }
    await graph.until('a second of odometry', () => odometry.count >= 100 && state.count >= 100);
    await graph.until('all frames', () =>
      ['base_link', 'base_footprint', 'pelvis', 'l_gripper'].every((f) => parents.has(f)),
    );

    // The gantry holds the pelvis over the floor, the soles just above it.
    const { pose, twist, header, child_frame_id } = odometry.message!;
    expect([header.frame_id, child_frame_id]).to.deep.equal(['odom', 'base_link']);
    expect(pose.pose.position.z).to.be.closeTo(0.85, 0.03);
    expect(Math.hypot(pose.pose.orientation.x, pose.pose.orientation.y)).to.be.below(0.03);
    expect(Math.hypot(twist.twist.linear.x, twist.twist.linear.y, twist.twist.linear.z)).to.be.below(0.1);
    for (let k = 0; k < 6; k++) {
      expect(pose.covariance[7 * k]).to.be.within(0, 0.1);
      expect(twist.covariance[7 * k]).to.be.within(1e-9, 0.1);
    }
    expect(parents.get('base_link')).to.deep.equal(new Set(['odom']));
    expect(parents.get('base_footprint')).to.deep.equal(new Set(['base_link']));
    for (const [child, of] of parents) expect(of.size, child).to.equal(1);

    // Whether the soles touch the floor depends on what the controller does without a planner.
    const body = state.message!;
    expect(body.faults & ~(EstimatorFault.gap | EstimatorFault.noContact | EstimatorFault.slip)).to.equal(0);
    expect(body.fault_descriptions).to.deep.equal(describeEstimatorFaults(body.faults));
    expect([...body.contact_probability].every((value) => value >= 0 && value <= 1)).to.equal(true);
    expect(body.center_of_mass.z).to.be.within(0.6, 1.2);
    expect(body.cycles > 100n).to.equal(true);
    expect(body.lost_cycles < body.cycles / 10n).to.equal(true);

    expect((await graph.call('sim/reset')).success).to.equal(true);
    const before = odometry.count;
    await graph.until('odometry goes on', () => odometry.count > before + 20);
    expect(odometry.message!.pose.pose.position.z).to.be.closeTo(0.85, 0.03);
  });

  it('does not start anew for cycles that come late or twice', async () => {
    const topic = 'joint_controller/cycles';
    let old: Buffer | undefined;
    graph.node.createRawSubscription('cosmos_humanoid/msg/ControllerCycles', topic, sensorData(10), (bytes) => {
      old ??= Buffer.from(bytes);
    });
    const cycles = graph.node.createPublisher('cosmos_humanoid/msg/ControllerCycles', topic, sensorData(10));
    await graph.until('cycles, and who listens', () => old !== undefined && cycles.subscriptionCount > 1);
    await graph.until('they are refused', () => {
      cycles.publishRaw(old!);
      return graph.log.some((line) => line.includes('late, or sent twice'));
    });
  });
});
