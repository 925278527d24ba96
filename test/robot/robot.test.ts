import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Robot } from '../../src/robot/robot.js';
import { copyConfiguration, replaceText, robot } from './robot-fixture.js';

/** The article's limits, section 6.2, under its names. */
const ARTICLE: Record<string, [number, number]> = {
  head_pitch: [-0.5, 0.5],
  head_yaw: [-1.0, 1.0],
  torso_roll: [-0.3, 0.3],
  torso_pitch: [-0.5, 0.5],
  torso_yaw: [-1.5, 1.5],
  shoulder_pitch: [-2.35, 2.35],
  shoulder_roll: [-3.14, 3.14],
  shoulder_yaw: [-2.09, 2.09],
  elbow: [-2.61, 2.61],
  wrist_roll: [-3.14, 3.14],
  wrist_pitch: [-2.09, 2.09],
  wrist_yaw: [-3.14, 3.14],
  hip_yaw: [-1.22, 1.22],
  hip_roll: [-1.57, 1.57],
  hip_pitch: [-2.44, 2.44],
  knee: [-2.53, -0.05],
  ankle_pitch: [-0.52, 0.52],
  ankle_roll: [-0.52, 0.52],
  'finger_*': [-1.57, 1.57],
};
/** rad/s */
const ARTICLE_VELOCITY = { head: 2, torso: 1.5, arm: 3, leg: 2.5, hand: 5 };

/** The article's name of a joint. */
function articleName(joint: string): string {
  const plain = joint.replace(/^(left|right)_/, '').replace(/_joint$/, '');
  if (/^(thumb|index|middle|ring|pinky)_/.test(plain)) return 'finger_*';
  return plain.replace('waist', 'torso');
}

function articleVelocity(name: string): number {
  if (name === 'finger_*') return ARTICLE_VELOCITY.hand;
  if (name.startsWith('head')) return ARTICLE_VELOCITY.head;
  if (name.startsWith('torso')) return ARTICLE_VELOCITY.torso;
  return /^(shoulder|elbow|wrist)/.test(name) ? ARTICLE_VELOCITY.arm : ARTICLE_VELOCITY.leg;
}

describe('Robot', () => {
  it('has for every joint the tighter of the article’s and the vendor’s limits', () => {
    robot.names.forEach((joint, i) => {
      const name = articleName(joint);
      expect(ARTICLE, joint).to.have.property(name);
      // The article counts the knee's flexion with the other sign.
      const [lower, upper] = name === 'knee' ? [0.05, 2.53] : ARTICLE[name];
      const vendor = robot.urdf.joints[i];
      expect(robot.lower[i], joint).to.equal(Math.max(lower, vendor.lower));
      expect(robot.upper[i], joint).to.equal(Math.min(upper, vendor.upper));
      expect(robot.velocityLimit[i], joint).to.equal(Math.min(articleVelocity(name), vendor.velocity));
      expect(robot.effortLimit[i], joint).to.equal(vendor.effort);
    });
  });

  it('puts every joint into one group, as many as the article counts', () => {
    const counts = {
      head: 2,
      torso: 3,
      left_arm: 7,
      right_arm: 7,
      left_leg: 6,
      right_leg: 6,
      left_hand: 22,
      right_hand: 22,
    };
    const joints = Object.entries(counts).flatMap(([name, count]) => {
      const group = [...robot.group(name)];
      expect(group, name).to.have.length(count);
      return group;
    });
    expect(joints.sort((a, b) => a - b)).to.deep.equal(robot.names.map((_, i) => i));
  });

  it('finds joints, groups and postures by name, and says which there are', () => {
    expect(robot.names[robot.index('right_elbow_joint')]).to.equal('right_elbow_joint');
    expect(() => robot.index('tail_joint')).to.throw("no joint 'tail_joint' in h2_plus");
    expect(() => robot.group('tail')).to.throw(/no joint group 'tail'; there are head, torso, left_arm/);
    expect(() => robot.posture('yoga')).to.throw(/no posture 'yoga'; there are .*table_work/);
  });

  it('gives postures within the limits, as copies', () => {
    const posture = robot.posture('table_work');
    posture.forEach((position, i) => {
      expect(position, robot.names[i]).to.be.within(robot.lower[i], robot.upper[i]);
    });
    posture.fill(9);
    expect(robot.posture('table_work')[0]).to.not.equal(9);
  });

  it('closes index and middle finger, then the thumb, then the others, each joint within its limits', () => {
    const at = (gripper: number) => {
      const out = new Float64Array(75);
      robot.handPositions('right', gripper, out);
      return out;
    };
    const finger = robot.index('right_middle_PIP');
    const thumb = robot.index('right_thumb_IP');
    const little = robot.index('right_pinky_PIP');
    const [open, early, half, late, closed] = [at(0), at(0.25), at(0.55), at(0.9), at(1)];
    expect([open[finger], open[thumb], open[little]]).to.deep.equal([0.1, 0.15, 0.1]);
    expect(early[finger]).to.be.closeTo(0.1 + (0.25 / 0.7) * 0.9, 1e-12);
    expect([early[thumb], early[little]]).to.deep.equal([open[thumb], open[little]]);
    expect(half[thumb]).to.be.within(open[thumb] + 0.1, closed[thumb] - 0.1);
    expect([late[finger], late[thumb]]).to.deep.equal([closed[finger], closed[thumb]]);
    expect(late[little]).to.be.within(open[little] + 0.1, closed[little] - 0.1);
    expect(at(-1)).to.deep.equal(open);
    expect(at(2)).to.deep.equal(closed);
    for (const joint of robot.group('left_hand')) expect(closed[joint]).to.equal(0);
    for (const joint of robot.group('right_hand')) {
      for (const hand of [open, closed]) expect(hand[joint]).to.be.within(robot.lower[joint], robot.upper[joint]);
    }
  });

  it('finds the gripper scalar of a hand', () => {
    const out = new Float64Array(75);
    for (const gripper of [0, 0.2, 0.55, 1]) {
      robot.handPositions('left', gripper, out);
      expect(robot.gripperScalar('left', out)).to.be.closeTo(gripper, 0.01);
    }
  });

  describe('with a damaged configuration', () => {
    let folder: string;
    let file: string;
    beforeEach(() => {
      folder = copyConfiguration();
      file = join(folder, 'config/robot.yaml');
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const cases: [string, string, string, RegExp][] = [
      [
        'URDF that is missing',
        'h2_plus.urdf',
        'h3.urdf',
        /robot\.yaml: urdf: .*h3\.urdf does not exist; name the robot/,
      ],
      ['unknown key', 'frames:', 'colour: red\nframes:', /robot\.yaml:\d+: colour: unknown key; .*known keys are urdf/],
      ['unknown key of a drive', 'ki: 0, kd: 20', 'kj: 0, kd: 20', /robot\.yaml:\d+: .*kj: unknown key; did you mean/],
      [
        'posture of an unknown joint',
        '    left_elbow_joint:',
        '    tail_joint:',
        /postures\.table_work: 'tail_joint' matches no/,
      ],
      [
        'pattern that is no regular expression',
        'head: head_.*',
        'head: head_(',
        /groups\.head: 'head_\(' is no regular/,
      ],
      ['group of no joint', 'head: head_.*', 'head: heat_.*', /groups\.head: 'heat_\.\*' matches no joint of h2_plus/],
      ['limits without a range', '[-0.5, 0.5]', '[0.5, -0.5]', /position_limits: head_pitch_joint: .* leaves no range/],
      ['joint without a drive', '  head_.*: { kp', '  head_yaw.*: { kp', /drives: no gains for head_pitch_joint/],
      [
        'phase of no length',
        'phase: [0.4, 1]',
        'phase: [0.4, 0.4]',
        /phase: \[0\.4,0\.4\]: must be two rising numbers/,
      ],
      ['frame that is missing', 'right: r_gripper', 'right: claw', /frames: 'claw' is no link of h2_plus/],
      ['wrong unit', '80 deg', '80 mm', /robot\.yaml:\d+: cameras\.head_camera\.horizontal_fov: "80 mm": /],
    ];
    for (const [name, from, to, message] of cases) {
      it(`names the file, the key and the remedy: ${name}`, () => {
        replaceText(file, from, to);
        expect(() => Robot.load(file)).to.throw(message);
      });
    }

    it('names the configuration that is missing', () => {
      expect(() => Robot.load(join(folder, 'nowhere.yaml'))).to.throw(/nowhere\.yaml: cannot read the configuration/);
    });
  });
});
