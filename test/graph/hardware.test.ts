import { expect } from 'chai';
import { LowCommand } from '../../src/control/unitree-h2/low-command.js';
import { Robot } from '../../src/robot/robot.js';
import { latched, reliable, sensorData } from '../../src/ros/qos.js';
import { SafetyLevel } from '../../src/safety/findings.js';
import { type Latest, TestGraph } from './test-graph.js';

describe('graph: joint_controller drives a robot over its own messages', function () {
  this.timeout(240_000);

  let graph: TestGraph;
  let controller: Latest<'cosmos_humanoid/msg/ControllerState'>;
  let safety: Latest<'cosmos_humanoid/msg/SafetyState'>;
  let joints: Latest<'sensor_msgs/msg/JointState'>;
  const sent = new LowCommand();

  before(async () => {
    graph = await TestGraph.start('test/graph/hardware.launch.xml');
    controller = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData());
    safety = graph.listen('cosmos_humanoid/msg/SafetyState', 'safety/state', latched());
    joints = graph.listen('sensor_msgs/msg/JointState', 'joint_states', sensorData());
    graph.node.createRawSubscription('unitree_hg/msg/LowCmd', '/lowcmd', sensorData(1), (bytes) => {
      sent.bytes.set(bytes);
    });
  });

  after(() => graph.stop());

  /** Publishes trajectories, as motion_planner does, that keep the posture. */
  function keepPosture(): void {
    const { lower, upper } = Robot.load('config/robot.yaml');
    const { node } = graph;
    const publisher = node.createPublisher(
      'trajectory_msgs/msg/JointTrajectory',
      'motion_planner/joint_trajectory',
      reliable(1),
    );
    node.createTimer(0.01, () => {
      const { name: joint_names } = joints.message ?? { name: [] };
      const reference = controller.message?.reference_position;
      if (reference === undefined || joint_names.length === 0) return;
      const positions = reference.map((q, j) => Math.min(upper[j]!, Math.max(lower[j]!, q)));
      const points = [0, 100_000_000].map((nanosec) => ({ positions, time_from_start: { sec: 0, nanosec } }));
      publisher.publish({ header: { stamp: node.stamp() }, joint_names, points });
    });
  }

  const said = (text: string) => graph.log.some((line) => line.includes(text));
  const set = (name: string, value: object) =>
    graph.node.createClient('rcl_interfaces/srv/SetParameters', 'robot_emulator/set_parameters').call({
      parameters: [{ name, value }],
    } as never);

  it('does not start before the operator has confirmed', async () => {
    await graph.until('the gate says so', () => said('the operator has not confirmed'));
    await graph.until('all that is missing was for the operator', () =>
      graph.log.slice(-10).every((line) => !line.includes('no LowState')),
    );
    expect(sent.computeCrc()).to.equal(new LowCommand().computeCrc());
  });

  /** What people do when the robot has stopped and sunk: put it back into its posture and start it again. */
  async function pickUp(): Promise<void> {
    const change = graph.node.createClient('lifecycle_msgs/srv/ChangeState', 'joint_controller/change_state');
    await change.call({ transition: { id: 4, label: '' } }, 10);
    await graph.call('robot_emulator/restore');
    await graph.call('joint_controller/confirm');
    await runs();
  }

  /** Waits until the robot is driven, or has stopped (the machine may be too busy for it). */
  async function runs(): Promise<void> {
    await graph.until('all nodes are active', async () => (await graph.call('lifecycle_manager/is_active')).success);
    await graph.until('the loop runs', async () => {
      await graph.call('safety/reset');
      await pause(100);
      // As stiff as they become: a machine that stands still for 20 ms on the way there stops the robot, which sinks.
      return controller.message?.mode === 0 && sent.kp(0) === 400;
    });
  }

  it('starts after that, and moves nothing', async () => {
    expect((await graph.call('joint_controller/confirm')).success).to.equal(true);
    await graph.until('all nodes are active', async () => (await graph.call('lifecycle_manager/is_active')).success);
    expect(sent.kp(0), 'nobody has asked for anything').to.equal(0);
    keepPosture();
    await runs().catch(pickUp);
    await graph.until('the motors are stiff', () => sent.intact && sent.kp(0) === 400);
    const { position, reference_position } = controller.message ?? { position: [], reference_position: [] };
    expect(controller.message?.hardware).to.equal('unitree_h2');
    for (let j = 0; j < 75; j++) expect(position[j]).to.be.closeTo(reference_position[j], 0.1);
    expect(sent.modeMachine).to.equal(5);
  });

  it('damps when a motor fails, and stays so when it is well again', async () => {
    await set('broken_motor', { type: 4, string_value: 'left_elbow_joint' });
    await graph.until('damping on the wire', () => sent.kp(0) === 0 && sent.kp(30) === 0);
    await graph.until('the monitor knows', () => (safety.message?.level ?? 0) >= SafetyLevel.emergencyStop);
    await set('broken_motor', { type: 4, string_value: '' });
    const { count } = joints;
    await graph.until('time passes', () => joints.count > count + 30);
    expect(sent.kp(0)).to.equal(0);
  });

  it('starts again when people have put it back into its posture', async () => {
    await pickUp().catch(pickUp);
    await graph.until('the motors are stiff', () => sent.kp(0) === 400);
  });

  it('damps when the supply breaks down, and says so', async () => {
    let report = '';
    graph.node.createSubscription('diagnostic_msgs/msg/DiagnosticArray', '/diagnostics', reliable(), ({ status }) => {
      report = status.find(({ name }) => name === 'joint_controller: robot')?.message ?? report;
    });
    await set('supply', { type: 3, double_value: 50 });
    await graph.until('damping on the wire', () => sent.kp(0) === 0 && sent.kp(30) === 0);
    await graph.until('the diagnostics name it', () => report.includes('the supply of a motor is too low'));
    await set('supply', { type: 3, double_value: 64.8 });
    await pickUp().catch(pickUp);
    await graph.until('the motors are stiff', () => sent.kp(0) === 400);
  });

  it('never drives beside somebody else', async () => {
    graph.node.createPublisher('unitree_hg/msg/LowCmd', '/lowcmd', reliable(1));
    await graph.until('damping on the wire', () => sent.kp(0) === 0);
  });
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
