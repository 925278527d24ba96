import { expect } from 'chai';
import { PolicyEye } from '../../src/evaluation/policy-eye.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { Simulation } from '../../src/sim/simulation.js';
import { robot } from '../robot/robot-fixture.js';
import { task } from '../sim/scene-fixture.js';

describe('PolicyEye', () => {
  it('sees the scene, placed by the measured joints', async () => {
    const simulation = await Simulation.create(robot, task.scene);
    const kinematics = await Kinematics.create(robot);
    const eye = await PolicyEye.create(robot, simulation);
    const posture = robot.posture('table_work');
    eye.look(kinematics, posture);
    const { color, depth, camera } = structuredClone(eye.frame);
    expect(depth.filter((steps) => steps > 0).length).to.be.above(0.9 * depth.length);
    expect(new Set(color).size).to.be.above(50);
    const place = new Float64Array(7);
    simulation.linkPoseInBase(simulation.link('head_camera_optical_frame'), place);
    [place[0], place[1], place[2]].forEach((value, i) => {
      expect(camera[4 + 4 * i + 3]).to.be.closeTo(value, 1e-5);
    });

    // The image is the simulation's, the place the encoders'.
    posture[robot.index('head_yaw_joint')] += 0.2;
    eye.look(kinematics, posture);
    expect(eye.frame.color).to.deep.equal(color);
    expect(eye.frame.camera).to.not.deep.equal(camera);
    simulation.delete();
    kinematics.delete();
  });

  it('says that the camera is missing', async () => {
    const simulation = await Simulation.create(robot, task.scene);
    const blind = Object.create(robot, { cameras: { value: [] } });
    const message = await PolicyEye.create(blind, simulation).catch((error: Error) => error.message);
    expect(message).to.equal('the robot has no camera head_camera; add it to its configuration');
    simulation.delete();
  });
});
