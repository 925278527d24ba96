import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { PROPRIOCEPTION_DIMENSION, Proprioception } from '../../src/cosmos/proprioception.js';

const names = [...readFileSync('urdf/h2_plus.urdf', 'utf8').matchAll(/<joint name="([^"]+)" type="revolute"/g)].map(
  (m) => m[1]!,
);

describe('Proprioception', () => {
  it('lays poses, gripper, fingers and joints out as documented', () => {
    expect(PROPRIOCEPTION_DIMENSION).to.equal(27);
    const positions = new Float64Array(names.length);
    const set = (name: string, value: number) => {
      expect(names, name).to.include(name);
      positions[names.indexOf(name)] = value;
    };
    for (const [i, joint] of [
      'shoulder_pitch',
      'shoulder_roll',
      'shoulder_yaw',
      'elbow',
      'wrist_roll',
      'wrist_pitch',
      'wrist_yaw',
    ].entries()) {
      set(`right_${joint}_joint`, (i + 1) / 8);
    }
    for (const finger of ['index', 'middle', 'ring', 'pinky']) {
      set(`right_${finger}_MCP_FE`, 0.5);
      set(`right_${finger}_PIP`, 0.25);
    }
    // A quarter turn about z: the columns of its matrix are (0, 1, 0), (−1, 0, 0).
    const commanded = [0.5, -0.25, 0.125, 0, 0, Math.SQRT1_2, Math.SQRT1_2];
    const out = new Proprioception(names, 'right').write(
      commanded,
      [1, 2, 3, 0, 0, 0, 1],
      0.75,
      positions,
      new Float32Array(27),
    );
    const expected = [
      ...[0.5, -0.25, 0.125, 0, 1, 0, -1, 0, 0],
      ...[1, 2, 3, 1, 0, 0, 0, 1, 0],
      ...[0.75, 0.75],
      ...[0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875],
    ];
    for (const [i, value] of expected.entries()) expect(out[i], `number ${i}`).to.be.closeTo(value, 1e-7);
  });

  it('feels the left arm with the left joints', () => {
    const positions = Float64Array.from(names, (name) => (name.startsWith('left_') ? 1 : 0));
    const pose = [0, 0, 0, 0, 0, 0, 1];
    const out = new Proprioception(names, 'left').write(pose, pose, 0, positions, new Float32Array(27));
    expect([...out.subarray(19)]).to.deep.equal([2, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('names a joint that the robot lacks', () => {
    expect(() => new Proprioception(['elbow'], 'right')).to.throw(/no joint right_shoulder_pitch_joint/);
  });
});
