import { expect } from 'chai';
import { LegKinematics } from '../../src/estimation/leg-kinematics.js';
import { Random } from '../../src/math/random.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { randomPosture, robot } from '../robot/robot-fixture.js';

describe('LegKinematics', () => {
  it('is MuJoCo’s, in pose and in motion', async () => {
    const kinematics = await Kinematics.create(robot);
    const random = new Random(3);
    const all = Int32Array.from(robot.names, (_, i) => i);
    const [pose, rotation, jacobian] = [new Float64Array(7), new Float64Array(9), new Float64Array(6 * all.length)];
    for (const sole of ['l_sole', 'r_sole']) {
      const leg = new LegKinematics(robot, sole);
      const frame = kinematics.frame(sole);
      expect(leg.joints.filter((joint) => joint >= 0).length).to.equal(6);
      for (let trial = 0; trial < 20; trial++) {
        const positions = randomPosture(random);
        const velocities = positions.map(() => random.normal(0, 2));
        leg.update(positions, velocities);
        kinematics.setPositions(positions);
        kinematics.pose(frame, pose);
        kinematics.rotation(frame, rotation);
        kinematics.jacobian(frame, all, jacobian);
        for (let k = 0; k < 3; k++) expect(leg.position[k]).to.be.closeTo(pose[k], 1e-8);
        for (let k = 0; k < 9; k++) expect(leg.rotation[k]).to.be.closeTo(rotation[k], 1e-8);
        for (let row = 0; row < 6; row++) {
          let expected = 0;
          for (let j = 0; j < all.length; j++) expected += jacobian[row * all.length + j] * velocities[j];
          const actual = row < 3 ? leg.velocity[row] : leg.angularVelocity[row - 3];
          expect(actual).to.be.closeTo(expected, 1e-7);
        }
      }
    }
    kinematics.delete();
  });

  it('says when the robot has no such sole', () => {
    expect(() => new LegKinematics(robot, 'third_sole')).to.throw("from link 'base_link' to 'third_sole'");
  });
});
