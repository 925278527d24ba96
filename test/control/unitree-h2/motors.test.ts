import { expect } from 'chai';
import { HAND_JOINTS, handDriverNames, MOTORS, mapJoints } from '../../../src/control/unitree-h2/motors.js';
import { Robot } from '../../../src/robot/robot.js';

describe('motors of the H2 Plus', () => {
  const { names } = Robot.load('config/robot.yaml');

  it('are in the order of the wire', () => {
    expect(MOTORS).to.have.length(31);
    const at = (name: string) => MOTORS.indexOf(name);
    expect(
      [
        'left_hip_pitch_joint',
        'left_ankle_roll_joint',
        'left_ankle_pitch_joint',
        'right_hip_pitch_joint',
        'right_ankle_roll_joint',
        'waist_yaw_joint',
        'waist_pitch_joint',
        'left_shoulder_pitch_joint',
        'left_wrist_yaw_joint',
        'right_shoulder_pitch_joint',
        'right_wrist_roll_joint',
        'head_pitch_joint',
        'head_yaw_joint',
      ].map(at),
    ).to.deep.equal([0, 4, 5, 6, 10, 12, 14, 15, 21, 22, 26, 29, 30]);
  });

  it('and hands drive every joint of the robot once', () => {
    const { body, hands } = mapJoints(names);
    const all = [...body, ...hands.left, ...hands.right].sort((a, b) => a - b);
    expect(all).to.deep.equal(names.map((_, j) => j));
    expect(names[body[29]]).to.equal('head_pitch_joint');
    expect(names[hands.left[4]]).to.equal('left_thumb_IP');
    expect(hands.right).to.have.length(HAND_JOINTS);
  });

  it('hands name their joints as their driver does', () => {
    const right = handDriverNames('right');
    expect(right).to.have.length(HAND_JOINTS);
    expect(right[4]).to.equal('right_thumb_DIP');
    expect(right.slice(5, 9)).to.deep.equal([
      'right_index_MCP_FE',
      'right_index_MCP_AA',
      'right_index_PIP',
      'right_index_DIP',
    ]);
    expect(right[17]).to.equal('right_pinky_CMC');
  });

  it('are refused for another robot', () => {
    expect(() => mapJoints(names.filter((name) => name !== 'waist_yaw_joint'))).to.throw('lacks waist_yaw_joint');
    expect(() => mapJoints([...names, 'tail_joint'])).to.throw('no motor drives tail_joint');
  });
});
