import { expect } from 'chai';
import { mat4, quat, vec3 } from 'gl-matrix';
import { jointTransforms } from '../../src/robot/joint-transforms.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { Robot } from '../../src/robot/robot.js';
import { packagePath } from '../../src/ros/package-path.js';
import { transformAt } from '../../src/ros/transforms.js';

describe('transforms', () => {
  it('compose to the kinematics of the robot', async () => {
    const robot = Robot.load(packagePath('config/robot.yaml'));
    const kinematics = await Kinematics.create(robot);
    const positions = robot.lower.map((lower, j) => lower + (robot.upper[j] - lower) * (0.3 + 0.4 * Math.sin(j) ** 2));
    kinematics.setPositions(positions);

    const joints = new Map(jointTransforms(robot.urdf.text).map((joint) => [joint.child, joint]));
    const expected = new Float64Array(7);
    for (const link of ['l_gripper', 'r_gripper', 'head_camera_optical_frame', 'r_sole']) {
      const pose = mat4.create();
      for (let at = joints.get(link); at !== undefined; at = joints.get(at.parent)) {
        const position = at.fixed ? 0 : positions[robot.index(at.name)];
        const { translation: t, rotation: r } = transformAt(at, position, {}).transform as Required<
          NonNullable<ReturnType<typeof transformAt>['transform']>
        >;
        const turn = quat.fromValues(r.x as number, r.y as number, r.z as number, r.w as number);
        const shift = vec3.fromValues(t.x as number, t.y as number, t.z as number);
        mat4.multiply(pose, mat4.fromRotationTranslation(mat4.create(), turn, shift), pose);
      }
      kinematics.pose(kinematics.frame(link), expected);
      const place = mat4.getTranslation(vec3.create(), pose);
      for (let k = 0; k < 3; k++) expect(place[k], `${link} ${k}`).to.be.closeTo(expected[k], 1e-5);
      const turn = mat4.getRotation(quat.create(), pose);
      const cosine = turn[0] * expected[3] + turn[1] * expected[4] + turn[2] * expected[5] + turn[3] * expected[6];
      expect(Math.abs(cosine), link).to.be.closeTo(1, 1e-5);
    }
  });
});
