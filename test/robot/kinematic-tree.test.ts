import { expect } from 'chai';
import { Random } from '../../src/math/random.js';
import { KinematicTree } from '../../src/robot/kinematic-tree.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { randomPosture, robot } from './robot-fixture.js';

describe('KinematicTree', () => {
  let kinematics: Kinematics;
  let tree: KinematicTree;
  before(async () => {
    kinematics = await Kinematics.create(robot);
    tree = new KinematicTree(kinematics.describe());
  });
  after(() => kinematics.delete());

  const links = ['r_gripper', 'l_gripper', 'left_ankle_pitch_link', 'head_camera_optical_frame', 'right_index_DP'];

  it('computes the poses and torques that MuJoCo does', () => {
    const random = new Random(1);
    const [pose, rotation] = [new Float64Array(7), new Float64Array(9)];
    const [torques, expected] = [new Float64Array(75), new Float64Array(75)];
    for (let trial = 0; trial < 20; trial++) {
      const posture = randomPosture(random);
      kinematics.setPositions(posture);
      tree.update(posture);
      for (const link of links.filter((name) => robot.urdf.links.has(name))) {
        const body = kinematics.frame(link);
        kinematics.pose(body, pose);
        kinematics.rotation(body, rotation);
        for (let k = 0; k < 3; k++) expect(tree.position[3 * body + k]).to.be.closeTo(pose[k], 1e-12);
        for (let k = 0; k < 9; k++) expect(tree.rotation[9 * body + k]).to.be.closeTo(rotation[k], 1e-12);
      }
      kinematics.gravity(expected);
      tree.weigh(torques);
      for (let j = 0; j < 75; j++) expect(torques[j], robot.names[j]).to.be.closeTo(expected[j], 1e-10);
    }
    expect(tree.mass).to.be.closeTo(77.238, 1e-3);
  });

  it('computes the Jacobian of a point that MuJoCo does, and which joints carry it', () => {
    const arm = robot.group('right_arm');
    const jacobian = new Float64Array(42);
    const posture = randomPosture(new Random(2));
    const body = kinematics.frame('r_gripper');
    kinematics.setPositions(posture);
    kinematics.jacobian(body, arm, jacobian);
    tree.update(posture);
    const [x, y, z] = tree.position.slice(3 * body, 3 * body + 3);
    arm.forEach((joint, i) => {
      expect(tree.carries(joint, body)).to.equal(true);
      expect(tree.pointGradient(joint, x, y, z, 1, 0, 0)).to.be.closeTo(jacobian[i], 1e-12);
      expect(tree.pointGradient(joint, x, y, z, 0, 0, 1)).to.be.closeTo(jacobian[14 + i], 1e-12);
    });
    expect(tree.carries(robot.index('left_elbow_joint'), body)).to.equal(false);
    expect(tree.carries(robot.index('waist_yaw_joint'), body)).to.equal(true);
  });

  it('tells how the centre of mass moves', () => {
    const posture = randomPosture(new Random(3));
    const torques = new Float64Array(75);
    for (const joint of [0, 12, 17, 46, 50]) {
      tree.update(posture);
      tree.weigh(torques);
      const [x, y] = tree.center;
      const gradient = tree.centerGradient(joint, 0.6, -0.8);
      const turned = posture.slice();
      turned[joint] += 1e-6;
      tree.update(turned);
      tree.weigh(torques);
      const moved = 0.6 * (tree.center[0] - x) - 0.8 * (tree.center[1] - y);
      expect(moved / 1e-6, robot.names[joint]).to.be.closeTo(gradient, 1e-6);
    }
  });

  it('moves only the links it is told to', () => {
    const [before, after] = [randomPosture(new Random(4)), randomPosture(new Random(5))];
    const path = tree.path(kinematics.frame('r_gripper'));
    tree.update(before);
    const left = tree.position.slice(3 * kinematics.frame('l_gripper'), 3 * kinematics.frame('l_gripper') + 3);
    tree.updateBodies(path, path.length, after);
    const right = tree.position.slice(3 * kinematics.frame('r_gripper'), 3 * kinematics.frame('r_gripper') + 3);
    expect(tree.position.slice(3 * kinematics.frame('l_gripper'), 3 * kinematics.frame('l_gripper') + 3)).to.deep.equal(
      left,
    );
    tree.update(after);
    expect(tree.position.slice(3 * kinematics.frame('r_gripper'), 3 * kinematics.frame('r_gripper') + 3)).to.deep.equal(
      right,
    );
  });
});
