import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { parseUrdf } from '../../src/robot/urdf.js';
import { robot } from './robot-fixture.js';

const FILE = resolve('urdf/h2_plus.urdf');

describe('urdf/h2_plus.urdf', () => {
  const { urdf } = robot;

  it('has 75 revolute joints and weighs 77.24 kg', () => {
    expect(urdf.joints).to.have.length(75);
    expect(new Set(urdf.joints.map(({ name }) => name)).size).to.equal(75);
    const masses = [...urdf.text.matchAll(/<mass value="([^"]+)"/g)].map(([, mass]) => Number(mass));
    expect(masses.reduce((sum, mass) => sum + mass, 0)).to.be.closeTo(77.24, 0.005);
  });

  it('has the frames of REP-120, the cameras and the grippers', () => {
    const sided = ['wrist', 'wrist_camera', 'wrist_camera_optical_frame', 'sole', 'gripper'];
    const frames = ['base_link', 'pelvis', 'torso', 'gaze', 'head_camera', 'head_camera_optical_frame', 'imu_link'];
    for (const side of ['l', 'r']) frames.push(...sided.map((name) => `${side}_${name}`));
    expect([...urdf.links]).to.include.members(frames);
  });

  it('holds some of the vendor’s limits', () => {
    const rows: Record<string, number[]> = {
      left_hip_roll_joint: [-0.467441, 2.1688605, 360, 20],
      right_hip_pitch_joint: [-2.4525975, 2.7754225, 360, 20],
      left_hip_yaw_joint: [-2.827, 2.827, 360, 20],
    };
    for (const [name, row] of Object.entries(rows)) {
      const { lower, upper, effort, velocity } = urdf.joints[robot.index(name)];
      expect([lower, upper, effort, velocity], name).to.deep.equal(row);
    }
  });

  it('names every shape once and gives it a colour', () => {
    expect(new Set(urdf.shapes).size).to.equal(urdf.shapes.length);
    for (const shape of urdf.shapes) {
      const color = urdf.colors.get(shape);
      expect(color, shape).to.have.length(4);
      for (const value of color!) expect(value, shape).to.be.within(0, 1);
    }
  });

  it('passes check_urdf', function () {
    const { error, status, stdout } = spawnSync('check_urdf', [FILE], { encoding: 'utf8' });
    if (error !== undefined) this.skip();
    expect(status, stdout).to.equal(0);
    expect(stdout).to.include('root Link: base_link');
  });
});

describe('parseUrdf', () => {
  const joint = (type: string, limit: string) =>
    `<robot name="r"><link name="a"/><link name="b"/>
      <joint name="j" type="${type}"><parent link="a"/><child link="b"/>${limit}</joint></robot>`;

  it('reads names and limits', () => {
    const limit = '<limit lower="-1" upper="2" effort="3" velocity="4"/>';
    const { name, joints, links } = parseUrdf(joint('revolute', limit));
    expect(name).to.equal('r');
    expect([...links]).to.deep.equal(['a', 'b']);
    expect(joints).to.deep.equal([{ name: 'j', parent: 'a', child: 'b', lower: -1, upper: 2, effort: 3, velocity: 4 }]);
  });

  it('says what is wrong with a text that is no such description', () => {
    expect(() => parseUrdf('hello', 'x.urdf')).to.throw('x.urdf: no <robot> element');
    expect(() => parseUrdf('<sdf version="1.6"/>', 'x.urdf')).to.throw('x.urdf: no <robot> element');
    expect(() => parseUrdf(joint('prismatic', ''), 'x.urdf')).to.throw(
      'x.urdf: joint j: type prismatic; expected revolute or fixed',
    );
    for (const limit of ['', '<limit lower="0" upper="1" effort="1"/>', '<limit lower="x" upper="1"/>']) {
      expect(() => parseUrdf(joint('revolute', limit)), limit).to.throw(
        'joint j: <limit> must give lower, upper, effort and velocity',
      );
    }
  });
});
