import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { rotationBetween } from '../../src/math/pose.js';
import { Random } from '../../src/math/random.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { mujoco } from '../../src/robot/mujoco.js';
import { randomPosture, robot } from './robot-fixture.js';

const PYTHON = resolve('.ros/test-venv/bin/python3');
const GRAVITY = 9.81;

/** Forward kinematics and gravity torques by Pinocchio, see the peer. */
function pinocchio(links: readonly string[], postures: readonly Float64Array[]) {
  const request = {
    urdf: resolve('urdf/h2_plus.urdf'),
    joints: robot.names,
    links,
    postures: postures.map((posture) => [...posture]),
  };
  const { error, status, stdout, stderr } = spawnSync(
    PYTHON,
    ['-I', resolve('test/robot/peers/forward_kinematics.py')],
    { input: JSON.stringify(request), env: {}, maxBuffer: 2 ** 28 },
  );
  if (error !== undefined) throw new Error(`${error.message}: run npm test once, it installs Pinocchio`);
  expect(status, stderr.toString()).to.equal(0);
  const numbers = new Float64Array(stdout.buffer, stdout.byteOffset, stdout.byteLength / 8);
  const size = postures.length * links.length * 12;
  return { transforms: numbers.subarray(0, size), torques: numbers.subarray(size) };
}

/** Numbers of an attribute of a piece of XML. */
const numbers = (xml: string, pattern: RegExp) => (pattern.exec(xml)?.[1] ?? '').trim().split(/\s+/).map(Number);

describe('Kinematics', () => {
  let kinematics: Kinematics;
  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics.delete());

  /** A point of a link in base_link. */
  const point = (link: string, local: readonly number[]) => {
    const [pose, rotation] = [new Float64Array(7), new Float64Array(9)];
    kinematics.pose(kinematics.frame(link), pose);
    kinematics.rotation(kinematics.frame(link), rotation);
    return [0, 1, 2].map((i) => pose[i] + [0, 1, 2].reduce((sum, k) => sum + rotation[3 * i + k] * local[k], 0));
  };

  it('agrees with Pinocchio within 1e-9 m at 200 postures, for every link', function () {
    this.timeout(20_000);
    const random = new Random(1);
    const postures = Array.from({ length: 200 }, () => randomPosture(random));
    const links = [...robot.urdf.links];
    const { transforms, torques } = pinocchio(links, postures);
    const [pose, rotation, torque] = [new Float64Array(7), new Float64Array(9), new Float64Array(75)];
    let distance = 0;
    let turn = 0;
    let effort = 0;
    postures.forEach((posture, p) => {
      kinematics.setPositions(posture);
      links.forEach((link, l) => {
        const at = 12 * (p * links.length + l);
        kinematics.pose(kinematics.frame(link), pose);
        kinematics.rotation(kinematics.frame(link), rotation);
        for (let row = 0; row < 3; row++) {
          distance = Math.max(distance, Math.abs(pose[row] - transforms[at + 4 * row + 3]));
          for (let k = 0; k < 3; k++) {
            turn = Math.max(turn, Math.abs(rotation[3 * row + k] - transforms[at + 4 * row + k]));
          }
        }
      });
      kinematics.gravity(torque);
      for (let i = 0; i < 75; i++) effort = Math.max(effort, Math.abs(torque[i] - torques[75 * p + i]));
    });
    expect(distance).to.be.below(1e-9);
    expect(turn).to.be.below(1e-9);
    expect(effort).to.be.below(1e-9 * 1000);
  });

  it('gives a quaternion that is the rotation matrix', () => {
    kinematics.setPositions(randomPosture(new Random(2)));
    const frame = kinematics.frame('l_gripper');
    const [pose, rotation] = [new Float64Array(10).fill(7), new Float64Array(9)];
    kinematics.pose(frame, pose, 3);
    kinematics.rotation(frame, rotation);
    const [x, y, z, w] = pose.slice(6);
    expect(pose[0]).to.equal(7);
    expect(Math.hypot(x, y, z, w)).to.be.closeTo(1, 1e-12);
    expect(1 - 2 * (y * y + z * z)).to.be.closeTo(rotation[0], 1e-12);
    expect(2 * (x * y - z * w)).to.be.closeTo(rotation[1], 1e-12);
    expect(2 * (x * z - y * w)).to.be.closeTo(rotation[6], 1e-12);
  });

  it('has optical frames with z forward and y down, and grippers that mirror each other', () => {
    kinematics.setPositions(new Float64Array(75));
    const [mount, optical] = [new Float64Array(9), new Float64Array(9)];
    for (const camera of ['head_camera', 'l_wrist_camera', 'r_wrist_camera']) {
      kinematics.rotation(kinematics.frame(camera), mount);
      kinematics.rotation(kinematics.frame(`${camera}_optical_frame`), optical);
      for (let row = 0; row < 3; row++) {
        const [x, y, z] = mount.slice(3 * row, 3 * row + 3);
        [-y, -z, x].forEach((value, k) => {
          expect(optical[3 * row + k]).to.be.closeTo(value, 1e-9);
        });
      }
    }
    const [left, right] = [point('l_gripper', [0.1, 0.02, 0.03]), point('r_gripper', [0.1, -0.02, 0.03])];
    // The vendor's hands are mounted half a millimetre apart.
    expect(left[0]).to.be.closeTo(right[0], 1e-3);
    expect(left[1]).to.be.closeTo(-right[1], 1e-3);
    expect(left[2]).to.be.closeTo(right[2], 1e-3);
  });

  it('has the Jacobian of the finite differences', () => {
    const random = new Random(3);
    const step = 1e-5;
    for (const [link, group] of [
      ['r_gripper', 'right_arm'],
      ['l_wrist_camera', 'left_arm'],
      ['head_camera', 'torso'],
    ] as const) {
      const frame = kinematics.frame(link);
      const joints = robot.group(group);
      const n = joints.length;
      const jacobian = new Float64Array(6 * n);
      const [low, high, turn] = [new Float64Array(7), new Float64Array(7), new Float64Array(3)];
      const posture = randomPosture(random);
      kinematics.setPositions(posture);
      kinematics.jacobian(frame, joints, jacobian);
      joints.forEach((joint, k) => {
        const moved = posture.slice();
        moved[joint] -= step;
        kinematics.setPositions(moved);
        kinematics.pose(frame, low);
        moved[joint] += 2 * step;
        kinematics.setPositions(moved);
        kinematics.pose(frame, high);
        rotationBetween(low, 3, high, 3, turn, 0);
        for (let row = 0; row < 3; row++) {
          expect(jacobian[row * n + k]).to.be.closeTo((high[row] - low[row]) / (2 * step), 1e-8);
          expect(jacobian[(row + 3) * n + k]).to.be.closeTo(turn[row] / (2 * step), 1e-8);
        }
      });
    }
  });

  it('has the gravity torques of the potential energy', () => {
    const bodies = robot.urdf.text.split('<link ').flatMap((xml) => {
      const mass = numbers(xml, /<mass value="([^"]+)"/)[0];
      const centre = numbers(xml, /<inertial>\s*<origin xyz="([^"]+)"/);
      const name = /^name="([^"]+)"/.exec(xml)?.[1];
      return name !== undefined && mass > 0 ? [{ name, mass, centre }] : [];
    });
    expect(bodies.length).to.be.above(75);
    const energy = (posture: Float64Array) => {
      kinematics.setPositions(posture);
      return bodies.reduce((sum, { name, mass, centre }) => sum + mass * GRAVITY * point(name, centre)[2], 0);
    };
    const posture = randomPosture(new Random(4));
    const torque = new Float64Array(75);
    kinematics.setPositions(posture);
    kinematics.gravity(torque);
    const step = 1e-4;
    for (const joint of [0, 3, 12, 14, robot.index('right_shoulder_roll_joint'), robot.index('left_index_PIP')]) {
      const moved = posture.slice();
      moved[joint] += step;
      const high = energy(moved);
      moved[joint] -= 2 * step;
      const slope = (high - energy(moved)) / (2 * step);
      expect(torque[joint], robot.names[joint]).to.be.closeTo(slope, 1e-5);
    }
  });

  it('finds the lowest point of boxes and capsules', () => {
    const random = new Random(5);
    const xml = robot.urdf.text;
    const solids = ['right_palm_box', 'right_elbow_link_capsule', 'torso_box', 'left_index_PP_capsule'].filter(
      (shape) => robot.urdf.shapes.includes(shape),
    );
    expect(solids.length).to.be.above(2);
    for (let trial = 0; trial < 5; trial++) {
      kinematics.setPositions(randomPosture(random));
      for (const shape of solids) {
        const at = xml.indexOf(`<collision name="${shape}">`);
        const link = /name="([^"]+)"/.exec(xml.slice(xml.lastIndexOf('<link ', at)))![1];
        let lowest = Number.POSITIVE_INFINITY;
        if (shape.endsWith('_box')) {
          const line = xml.slice(at, xml.indexOf('</collision>', at));
          const [centre, size] = [numbers(line, /xyz="([^"]+)"/), numbers(line, /size="([^"]+)"/)];
          expect(numbers(line, /rpy="([^"]+)"/)).to.deep.equal([0, 0, 0]);
          for (let corner = 0; corner < 8; corner++) {
            const local = centre.map((c, i) => c + (corner & (1 << i) ? size[i] / 2 : -size[i] / 2));
            lowest = Math.min(lowest, point(link, local)[2]);
          }
        } else {
          for (const cap of [0, 1]) {
            const line = xml.slice(xml.indexOf(`<visual name="${shape}_cap_${cap}">`));
            const [radius] = numbers(line, /radius="([^"]+)"/);
            lowest = Math.min(lowest, point(link, numbers(line, /xyz="([^"]+)"/))[2] - radius);
          }
        }
        expect(kinematics.lowestPoint(kinematics.geoms([shape]), -10), shape).to.be.closeTo(lowest, 1e-6);
        expect(kinematics.lowestPoint(kinematics.geoms([shape]), 10), shape).to.equal(Number.POSITIVE_INFINITY);
      }
    }
  });

  it('measures distances up to a limit, negative where shapes overlap', () => {
    const [thigh, other, foot] = ['left_hip_yaw_link_capsule', 'right_hip_yaw_link_capsule', 'left_foot_box'].map(
      (name) => kinematics.geoms([name]),
    );
    const apart = new Float64Array(75);
    kinematics.setPositions(apart);
    const distance = kinematics.distance(thigh, other, 1);
    expect(distance).to.be.within(0.001, 0.3);
    expect(kinematics.distance(other, thigh, 1)).to.be.closeTo(distance, 1e-9);
    expect(kinematics.distance(thigh, other, distance / 2)).to.equal(distance / 2);
    expect(kinematics.distance(Int32Array.of(foot[0], thigh[0]), other, 1)).to.be.closeTo(distance, 1e-9);
    const crossed = new Float64Array(75);
    crossed[robot.index('left_hip_roll_joint')] = -0.4;
    crossed[robot.index('right_hip_roll_joint')] = 0.4;
    kinematics.setPositions(crossed);
    expect(kinematics.distance(thigh, other, 1)).to.be.below(0);
  });

  it('says what is not there, and how many positions it takes', () => {
    expect(() => kinematics.frame('tail')).to.throw("no link 'tail' in the URDF");
    expect(() => kinematics.geoms(['torso_box', 'tail_box'])).to.throw("no collision shape 'tail_box' in the URDF");
    expect(() => kinematics.setPositions(new Float64Array(74))).to.throw('74 joint positions; the robot has 75 joints');
    expect(() => kinematics.setPositions(new Float64Array(76))).to.throw('76 joint positions');
  });

  it('goes on after the engine’s memory has grown', async () => {
    const mj = await mujoco();
    const posture = randomPosture(new Random(6));
    const gripper = kinematics.frame('r_gripper');
    const [before, after] = [new Float64Array(7), new Float64Array(7)];
    kinematics.setPositions(posture);
    kinematics.pose(gripper, before);
    const watched = new mj.DoubleBuffer(1);
    const view = watched.GetView() as Float64Array;
    const held = [];
    while (view.length > 0) held.push(new mj.DoubleBuffer(2 ** 21));
    kinematics.setPositions(posture);
    kinematics.pose(gripper, after);
    expect(after).to.deep.equal(before);
    for (const buffer of [watched, ...held]) buffer.delete();
  });
});
