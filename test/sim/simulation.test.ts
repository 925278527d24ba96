import { expect } from 'chai';
import { createJointCommand, createRobotState } from '../../src/control/hardware.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { mujoco } from '../../src/robot/mujoco.js';
import { createLayout } from '../../src/sim/layout.js';
import type { Scene } from '../../src/sim/scene.js';
import { Simulation } from '../../src/sim/simulation.js';
import { rejection, robot } from '../robot/robot-fixture.js';
import { task } from './scene-fixture.js';

const joints = robot.names.length;
const work = robot.posture('table_work');

/** A command that holds the work posture. */
function holding() {
  const command = createJointCommand(joints);
  command.position.set(work);
  command.kp.set(robot.kp);
  command.kd.set(robot.kd);
  return command;
}

describe('Simulation', () => {
  let simulation: Simulation;
  const state = createRobotState(joints);
  before(async () => {
    simulation = await Simulation.create(robot, task.scene);
  });
  after(() => simulation.delete());
  beforeEach(() => simulation.reset());

  const coordinates = (of = simulation) => {
    const qpos = new Float64Array(of.stateSize);
    of.copyState(qpos);
    return qpos;
  };

  /** Coordinates and measurements after some steps that wave the right arm. */
  const run = (of: Simulation, steps: number, seed = 4) => {
    const command = holding();
    const trace: number[] = [];
    of.reset(createLayout(task, seed));
    for (let k = 0; k < steps; k++) {
      of.readState(state);
      trace.push(...state.effort, ...state.linearAcceleration);
      for (const joint of robot.group('right_arm')) command.position[joint] = work[joint] + 0.2 * Math.sin(0.01 * k);
      of.step(command);
    }
    return Float64Array.from([...trace, ...coordinates(of)]);
  };

  it('gives the same bits for the same commands, whatever was simulated before', async () => {
    const other = await Simulation.create(robot, task.scene);
    const first = run(other, 120);
    expect(run(simulation, 120)).to.deep.equal(first);
    run(simulation, 30, 9);
    expect(run(simulation, 120)).to.deep.equal(first);
    expect(run(simulation, 120, 9)).to.not.deep.equal(first);
    other.delete();
  });

  it('starts in the scene’s posture, the bodies where the layout says', () => {
    const layout = createLayout(task, 5);
    simulation.reset(layout);
    simulation.readState(state);
    expect(simulation.time).to.equal(0);
    expect(state.position).to.deep.equal(work);
    expect([...state.velocity, ...state.effort].every((value) => value === 0)).to.equal(true);
    const position = new Float64Array(3);
    for (const [name, { x, y }] of layout.placements) {
      simulation.bodyPosition(name, position);
      expect([...position], name).to.deep.equal([x, y, task.scene.bodies[name].position[2]]);
    }
    simulation.reset();
    simulation.bodyPosition('bin', position);
    expect([...position]).to.deep.equal(task.scene.bodies.bin.position);
  });

  it('hangs the pelvis in the gantry', () => {
    const command = holding();
    const start = coordinates();
    for (const joint of robot.group('right_arm')) command.position[joint] += 0.5;
    for (let k = 0; k < 500; k++) simulation.step(command);
    const end = coordinates();
    for (let i = 0; i < 3; i++) expect(end[i]).to.be.closeTo(start[i], 2e-3);
    for (let i = 3; i < 7; i++) expect(end[i]).to.be.closeTo(start[i], 2e-3);
    expect(simulation.time).to.be.closeTo(0.5, 1e-9);
    simulation.readState(state);
    expect(Math.hypot(...state.linearAcceleration)).to.be.closeTo(9.81, 0.3);
    expect(state.orientation[3]).to.be.closeTo(1, 1e-4);
  });

  it('stands on its soles without a gantry, hangs in it where it is caught, and is let go again', async () => {
    const ground = await Simulation.create(robot, task.scene, 'ground');
    const pelvis = ground.link('base_link');
    const place = new Float64Array(3);
    const sole = new Float64Array(3);
    const height = () => {
      ground.linkPosition(pelvis, place);
      return place[2]!;
    };
    const step = (steps: number) => {
      for (let k = 0; k < steps; k++) ground.step(createJointCommand(joints));
    };
    ground.linkPosition(ground.link('l_sole'), sole);
    expect(sole[2]).to.be.closeTo(0, 1e-4);
    expect(height()).to.be.closeTo(0.858, 1e-3);

    step(150);
    const falling = height();
    expect(falling).to.be.below(0.845);
    ground.setGantry(true);
    step(300);
    expect(height()).to.be.closeTo(falling, 0.03);
    const caught = height();
    step(300);
    expect(height()).to.be.closeTo(caught, 0.002);
    ground.setGantry(false);
    step(300);
    expect(height()).to.be.below(caught - 0.03);
    ground.reset(undefined, robot.posture('stand'));
    expect(height()).to.be.closeTo(0.92, 1e-3);
    ground.delete();
  });

  it('hangs in the harness when its drives go limp, which is slack as long as it stands', async () => {
    const standing = await Simulation.create(robot, task.scene, 'harness');
    const pelvis = standing.link('base_link');
    const pose = new Float64Array(7);
    const run = (seconds: number, stiffness: number) => {
      const command = createJointCommand(joints);
      command.position.set(robot.posture(task.scene.robot.posture));
      for (let j = 0; j < joints; j++) {
        command.kp[j] = stiffness * robot.kp[j];
        command.kd[j] = robot.kd[j];
      }
      let most = 0;
      for (let time = 0; time < seconds; time += Simulation.timeStep) {
        standing.step(command);
        most = Math.max(most, standing.harnessLoad);
      }
      standing.linkPose(pelvis, pose);
      return most;
    };
    expect(run(0.3, 4)).to.equal(0);
    expect(pose[2]).to.be.greaterThan(0.8);
    expect(run(3, 0)).to.be.within(200, 4000);
    expect(pose[2], 'height').to.be.greaterThan(0.5);
    expect(1 - 2 * (pose[3]! ** 2 + pose[4]! ** 2), 'cosine of the tilt').to.be.greaterThan(Math.cos(0.8));
    standing.delete();
  });

  it('is pushed at a link until told otherwise', () => {
    const torso = simulation.link('torso_link');
    const before = coordinates();
    simulation.setGantry(false);
    for (let k = 0; k < 20; k++) simulation.step(holding());
    simulation.setGantry(true);
    simulation.reset();
    expect(coordinates()).to.deep.equal(before);
    simulation.setGantry(false);
    simulation.push(torso, [200, 0, 0]);
    for (let k = 0; k < 50; k++) simulation.step(holding());
    const pushed = coordinates();
    expect(pushed[0]! - before[0]!).to.be.above(0.001);
    const com = new Float64Array(3);
    simulation.centerOfMass(simulation.link('base_link'), com);
    expect(com[2]).to.be.within(0.7, 1);
    simulation.reset();
    for (let k = 0; k < 50; k++) simulation.step(holding());
    expect(Math.abs(coordinates()[0]! - before[0]!)).to.be.below(0.001);
  });

  it('drives joints by τ = kp·(q_d − q) + kd·(q̇_d − q̇) + τ_ff, within the effort limit', () => {
    const command = holding();
    const elbow = robot.index('right_elbow_joint');
    const index = robot.index('right_index_DIP');
    for (let k = 0; k < 50; k++) {
      command.position[elbow] = work[elbow] + 0.001 * k;
      command.velocity[elbow] = 0.2;
      command.effort[elbow] = 1.5;
      simulation.step(command);
    }
    command.position[index] += 10;
    simulation.readState(state);
    const [q, v] = [state.position.slice(), state.velocity.slice()];
    simulation.step(command);
    simulation.readState(state);
    for (const joint of [elbow, index, 0, 14]) {
      const torque =
        command.kp[joint] * (command.position[joint] - q[joint]) +
        command.kd[joint] * (command.velocity[joint] - v[joint]) +
        command.effort[joint];
      const limit = robot.effortLimit[joint];
      expect(state.effort[joint], robot.names[joint]).to.be.closeTo(Math.max(-limit, Math.min(limit, torque)), 1e-9);
    }
    expect(state.effort[index]).to.equal(robot.effortLimit[index]);
  });

  it('stops joints at the ends of their ranges', () => {
    const command = holding();
    const joint = robot.index('head_yaw_joint');
    command.position[joint] = 3;
    for (let k = 0; k < 500; k++) simulation.step(command);
    simulation.readState(state);
    const end = robot.urdf.joints[joint].upper;
    expect(state.position[joint]).to.be.within(end - 1e-3, end + 0.01);
  });

  it('refuses a command that is not finite, and says when the physics diverged', () => {
    for (const key of ['position', 'velocity', 'kp', 'kd', 'effort'] as const) {
      const command = holding();
      command[key][20] = Number.NaN;
      expect(() => simulation.step(command), key).to.throw(`the command of ${robot.names[20]} is not finite`);
    }
    const command = holding();
    simulation.step(command);
    // The drives saturate, so it takes a push from outside.
    simulation.push(simulation.link('torso_link'), [1e30, 0, 0]);
    const diverge = () => {
      for (let k = 0; k < 200; k++) simulation.step(command);
    };
    expect(diverge).to.throw('the simulation diverged');
    simulation.reset();
    simulation.step(holding());
    simulation.readState(state);
    expect(state.position.every(Number.isFinite)).to.equal(true);
  });

  it('gives poses in base_link as the kinematics does', async () => {
    const kinematics = await Kinematics.create(robot);
    const [truth, expected] = [new Float64Array(7), new Float64Array(7)];
    const command = holding();
    for (let k = 0; k < 100; k++) simulation.step(command);
    simulation.setState(coordinates());
    simulation.readState(state);
    kinematics.setPositions(state.position);
    for (const link of ['r_gripper', 'l_gripper', 'head_camera_optical_frame', 'l_sole']) {
      simulation.linkPoseInBase(simulation.link(link), truth);
      kinematics.pose(kinematics.frame(link), expected);
      for (let i = 0; i < 7; i++) expect(truth[i], link).to.be.closeTo(expected[i], 1e-9);
    }
    const [world, inBase] = [new Float64Array(3), new Float64Array(3)];
    simulation.bodyPosition('red_cup', world);
    simulation.bodyPositionInBase('red_cup', inBase);
    expect(inBase[2]).to.be.closeTo(world[2] - 0.86, 5e-3);
    expect(inBase[0]).to.be.closeTo(world[0], 1e-2);
    kinematics.delete();
  });

  it('measures the ground’s wrench on the soles: weight up, nothing in the air', async () => {
    simulation.step(holding());
    simulation.readState(state);
    for (const wrench of [state.leftFootWrench, state.rightFootWrench]) {
      expect([...wrench].every((value) => value === 0)).to.equal(true);
    }
    const low: Scene = { ...task.scene, robot: { ...task.scene.robot, pelvis_height: 0.847 } };
    const standing = await Simulation.create(robot, low);
    const command = holding();
    for (let k = 0; k < 300; k++) standing.step(command);
    standing.readState(state);
    for (const wrench of [state.leftFootWrench, state.rightFootWrench]) {
      expect(wrench[2]).to.be.above(20);
      expect(Math.hypot(wrench[0], wrench[1])).to.be.below(0.95 * wrench[2]);
      // The centre of pressure lies in the sole.
      expect(-wrench[4] / wrench[2]).to.be.within(-0.1, 0.17);
      expect(wrench[3] / wrench[2]).to.be.within(-0.07, 0.07);
    }
    standing.delete();
  });

  it('copies and sets its state', () => {
    const command = holding();
    const out = new Float64Array(simulation.stateSize + 2);
    for (let k = 0; k < 20; k++) simulation.step(command);
    simulation.copyState(out, 1);
    expect(out.slice(1, -1)).to.deep.equal(coordinates());
    const velocity = new Float64Array(simulation.model.nv + 1);
    simulation.copyVelocity(velocity, 1);
    simulation.readState(state);
    expect(velocity.slice(7, 7 + joints)).to.deep.equal(state.velocity);
    const placed = coordinates();
    placed[7 + robot.index('head_yaw_joint')] = 0.3;
    simulation.setState(placed);
    expect(coordinates()).to.deep.equal(placed);
    expect(() => simulation.setState(new Float64Array(9))).to.throw(/9 generalised coordinates; the scene has \d+/);
  });

  it('goes on after the engine’s memory has grown', async () => {
    const mj = await mujoco();
    const expected = run(simulation, 20);
    const watched = new mj.DoubleBuffer(1);
    const view = watched.GetView() as Float64Array;
    const held = [];
    while (view.length > 0) held.push(new mj.DoubleBuffer(2 ** 21));
    expect(run(simulation, 20)).to.deep.equal(expected);
    for (const buffer of [watched, ...held]) buffer.delete();
  });

  it('says what is not there, and what MuJoCo does not compile', async () => {
    expect(() => simulation.bodyPosition('teapot', new Float64Array(3))).to.throw("no body 'teapot' in the scene");
    expect(() => simulation.link('tail')).to.throw("no link or body 'tail' in the simulation");
    const clash = { ...task.scene, bodies: { torso: task.scene.bodies.red_cup } };
    expect(await rejection(Simulation.create(robot, clash))).to.match(/MuJoCo cannot compile the model: .*torso/s);
    const posture = { ...task.scene, robot: { posture: 'yoga', pelvis_height: 1 } };
    expect(await rejection(Simulation.create(robot, posture))).to.include("no posture 'yoga'");
  });
});
