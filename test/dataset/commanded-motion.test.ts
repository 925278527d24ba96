import { expect } from 'chai';
import { decodeActions } from '../../src/action/action-space.js';
import { CommandedMotion } from '../../src/dataset/commanded-motion.js';

const TURN = 0.4;

/** Moves along x with 0.1 m/s and turns about z with 0.4 rad/s, while the hand closes within two seconds. */
const pose = (time: number) =>
  Float64Array.of(0.1 * time, 0.2, 0.3, 0, 0, Math.sin((TURN * time) / 2), Math.cos((TURN * time) / 2));

function record(times: readonly number[]): CommandedMotion {
  const motion = new CommandedMotion('right');
  for (const time of times) motion.push(time, pose(time), time / 2);
  return motion;
}

describe('CommandedMotion', () => {
  it('gives the actions that lead along the motion, whatever the rate of the commands', () => {
    const uneven = Array.from({ length: 40 }, (_, i) => 0.05 * i + 0.02 * Math.sin(i));
    const motion = record(uneven);
    const anchor = pose(0.53);
    const actions = motion.actions(0.53, anchor);
    const { poses, gripper } = decodeActions(actions, { stamp: 0.53, dt: 0.1, arm: 'right', anchor });
    for (let k = 0; k < 10; k++) {
      const time = 0.53 + 0.1 * (k + 1);
      for (const [i, value] of pose(time).entries()) expect(poses[7 * k + i]).to.be.closeTo(value, 1e-9);
      expect(gripper[k]).to.be.closeTo(time / 2, 1e-9);
    }
  });

  it('stays where the motion ends, and at its begin before', () => {
    const motion = record([1, 1.05]);
    const at = (stamp: number) => {
      const anchor = pose(1);
      return decodeActions(motion.actions(stamp, anchor), { stamp, dt: 0.1, arm: 'right', anchor }).poses.slice(63);
    };
    for (const [i, value] of pose(1.05).entries()) expect(at(3)[i]).to.be.closeTo(value, 1e-12);
    for (const [i, value] of pose(1).entries()) expect(at(-1)[i]).to.be.closeTo(value, 1e-12);
  });

  it('leaves out commands that come twice or too late', () => {
    const motion = record([1, 2, 2, 1.5]);
    expect(motion.length).to.equal(2);
    expect(() => new CommandedMotion('left').actions(0, pose(0))).to.throw(/no command/);
  });
});
