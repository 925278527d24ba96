import { expect } from 'chai';
import rclnodejs from 'rclnodejs';
import { StopMode } from '../../src/control/stop-state.js';
import { latched, sensorData } from '../../src/ros/qos.js';
import { SafetyLevel } from '../../src/safety/findings.js';
import { TestGraph } from './test-graph.js';

/** Base, 75 joints and four free bodies. */
const POSITIONS = 7 + 75 + 4 * 7;

describe('graph: joint_controller on the simulated robot', function () {
  this.timeout(240_000);

  let graph: TestGraph;
  before(async () => {
    graph = await TestGraph.start('test/graph/robot.launch.xml', { hardware: 'mujoco' });
  });
  after(() => graph.stop());

  it('publishes the ground truth, and places the objects anew', async () => {
    const simulation = graph.listen('cosmos_humanoid/msg/SimState', 'sim/state', sensorData());
    const safety = graph.listen('cosmos_humanoid/msg/SafetyState', 'safety/state', latched());
    await graph.until('the state of the simulation', () => simulation.message !== undefined);
    const before = simulation.message;
    expect(before).to.deep.include({ scene: 'pick_and_place', seed: 3n, episode: 1 });
    expect(before?.qpos).to.have.length(POSITIONS);
    expect(before?.physics_time).to.be.greaterThan(0);
    await graph.until('both nodes are up', async () => (await graph.call('lifecycle_manager/is_active')).success);

    const client = graph.node.createClient('rcl_interfaces/srv/SetParameters', 'joint_controller/set_parameters');
    const seed = new rclnodejs.Parameter('seed', rclnodejs.ParameterType.PARAMETER_INTEGER, 4n).toParameterMessage();
    const { results } = await client.call({ parameters: [seed] });
    expect(results.map(({ successful }) => successful)).to.deep.equal([true]);
    expect(await graph.call('sim/reset')).to.deep.equal({ success: true, message: 'objects placed with seed 4' });
    await graph.until('the next episode', () => simulation.message?.episode === 2);
    expect(simulation.message?.seed).to.equal(4n);
    expect(simulation.message?.qpos.slice(82, 85)).not.to.deep.equal(before?.qpos.slice(82, 85));
    await graph.until('reset', async () => (await graph.call('safety/reset')).success);
    await graph.until('no stop', () => (safety.message?.level ?? 0) < SafetyLevel.protectiveStop);
  });

  it('holds a robot that was placed anew after an emergency stop until it is let go', async () => {
    const controller = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData());
    await graph.call('safety/emergency_stop');
    await graph.until('the loop damps', () => controller.message?.mode === StopMode.damping);
    expect((await graph.call('sim/reset')).success).to.equal(true);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(controller.message?.mode).to.equal(StopMode.damping);
    await graph.until('reset', async () => (await graph.call('safety/reset')).success);
    await graph.until('the loop runs', () => controller.message?.mode === StopMode.running);
    const { position, reference_position: reference } = controller.message!;
    for (let j = 0; j < 75; j++) expect(position[j]).to.be.closeTo(reference[j]!, 0.15);
  });
});
