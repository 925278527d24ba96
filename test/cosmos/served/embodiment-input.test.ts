import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import type { PolicySenses } from '../../../src/cosmos/policy-backend.js';
import { loadEmbodiment } from '../../../src/cosmos/served/embodiment.js';
import { EmbodimentInput } from '../../../src/cosmos/served/embodiment-input.js';
import { toFloat64 } from '../../../src/cosmos/served/numeric-array.js';
import { createPolicyFrame } from '../../../src/perception/policy-image.js';
import { robot } from '../../robot/robot-fixture.js';

const hand = {
  commandedPose: Float64Array.of(0.3, -0.2, 0.1, 0, 0, 0, 1),
  commandedGripper: 0.25,
  measuredPose: Float64Array.of(0.3, -0.2, 0.1, 0, 0, Math.SQRT1_2, Math.SQRT1_2),
};
const senses = (stamp: number, brightness = 0): PolicySenses => ({
  stamp,
  frame: createPolicyFrame(),
  pictures: new Map([['head_camera', { width: 4, height: 4, color: new Uint8Array(48).fill(brightness) }]]),
  hands: { left: hand, right: hand },
  positions: robot.posture('table_work'),
});
const base = loadEmbodiment('config/policies/openpi_droid.yaml');

describe('EmbodimentInput', () => {
  it('accepts the maps that come with the package', () => {
    for (const file of readdirSync('config/policies')) {
      const embodiment = loadEmbodiment(`config/policies/${file}`);
      expect(() => new EmbodimentInput(embodiment, robot), file).to.not.throw();
    }
  });

  it('looks back at the picture that is nearest in time', () => {
    const image = { camera: 'head_camera', width: 4, height: 4, ages: [1, 0.2, 0] };
    const input = new EmbodimentInput({ ...base, images: { view: image } }, robot);
    const see = (time: number) => {
      const { bytes } = input.request(senses(time, Math.round(10 * time)), 'go').images.get('view')!;
      return [bytes[0], bytes[48], bytes[96]];
    };
    // Before there is a past, the oldest picture stands in.
    expect(see(1)).to.deep.equal([10, 10, 10]);
    for (let k = 1; k < 20; k++) see(1 + 0.1 * k);
    expect(see(3)).to.deep.equal([20, 28, 30]);
    input.reset();
    expect(see(3.1)).to.deep.equal([31, 31, 31]);
  });

  it('writes joints, grippers and poses in the server’s form', () => {
    const tool = { xyz: [0.1, 0, 0] as [number, number, number], rpy: [0, 0, 0] as [number, number, number] };
    const states = {
      arm: [{ joints: ['right_elbow_joint', 'right_shoulder_pitch_joint'] }],
      grip: [{ gripper: 'right' as const, open: 0.08, closed: 0 }],
      eef: [{ pose: 'right' as const, rotation: 'rotation_vector' as const, tool }],
    };
    const { states: sent } = new EmbodimentInput({ ...base, images: {}, states }, robot).request(senses(1), 'go');
    const numbers = (key: string) => [...toFloat64(sent.get(key)!)];
    const posture = robot.posture('table_work');
    expect(numbers('arm')[0]).to.be.closeTo(posture[robot.index('right_elbow_joint')], 1e-7);
    expect(numbers('arm')[1]).to.be.closeTo(posture[robot.index('right_shoulder_pitch_joint')], 1e-7);
    expect(numbers('grip')[0]).to.be.closeTo(0.06, 1e-7);
    // A quarter turn about z: the tool's x is the base's y.
    for (const [i, value] of [0.3, -0.1, 0.1, 0, 0, Math.PI / 2].entries()) {
      expect(numbers('eef')[i]).to.be.closeTo(value, 1e-6);
    }
  });

  it('names a joint that the robot lacks', () => {
    const states = { arm: [{ joints: ['tail_joint'] }] };
    expect(() => new EmbodimentInput({ ...base, states }, robot)).to.throw(/no joint 'tail_joint'/);
  });
});
