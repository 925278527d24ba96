import { expect } from 'chai';
import { createJointTrajectory } from '../../src/control/trajectory.js';
import { Codec } from '../../src/ros/codec.js';
import { readJointTrajectory } from '../../src/ros/joint-trajectory.js';
import type { MessageInput } from '../../src/ros/messages.js';

type Input = MessageInput<'trajectory_msgs/msg/JointTrajectory'>;

describe('readJointTrajectory', () => {
  const names = ['a', 'b', 'c'];
  const codec = new Codec('trajectory_msgs/msg/JointTrajectory');
  const good = {
    header: { stamp: { sec: 100, nanosec: 0 } },
    joint_names: names,
    points: [
      { positions: [1, 2, 3], velocities: [4, 5, 6], effort: [7, 8, 9], time_from_start: { sec: 0, nanosec: 0 } },
      { positions: [2, 3, 4], time_from_start: { sec: 0, nanosec: 10_000_000 } },
    ],
  } satisfies Input;

  function read(message: Input, now = 0) {
    const out = createJointTrajectory(names.length, 4);
    out.velocity.fill(99);
    readJointTrajectory(codec.decode(codec.encode(message)), names, now, out);
    return out;
  }

  it('fills positions, velocities and efforts, zero where they are left out', () => {
    const out = read(good);
    expect([out.count, out.stamp, out.time[0], out.time[1]]).to.deep.equal([2, 100, 100, 100.01]);
    expect([...out.position.subarray(0, 6)]).to.deep.equal([1, 2, 3, 2, 3, 4]);
    expect([...out.velocity.subarray(0, 6)]).to.deep.equal([4, 5, 6, 0, 0, 0]);
    expect([...out.effort.subarray(0, 6)]).to.deep.equal([7, 8, 9, 0, 0, 0]);
  });

  it('takes a stamp of zero for now, and no names for all joints', () => {
    const out = read({ points: good.points }, 50);
    expect([out.stamp, out.time[1]]).to.deep.equal([50, 50.01]);
  });

  const [point] = good.points;
  const bad: readonly (readonly [string, Input, RegExp])[] = [
    ['too few joints named', { ...good, joint_names: ['a', 'b'] }, /names 2 joints, the robot has 3/],
    [
      'joints in another order',
      { ...good, joint_names: ['a', 'c', 'b'] },
      /joint 1 of the trajectory is "c", needs "b"/,
    ],
    ['no points', { ...good, points: [] }, /0 points, needs 1 to 4/],
    ['too many points', { ...good, points: Array(5).fill(point) }, /5 points, needs 1 to 4/],
    [
      'too few positions',
      { ...good, points: [{ ...point, positions: [1] }] },
      /point 0 .* has 1 positions, the robot has 3/,
    ],
    ['too many velocities', { ...good, points: [{ ...point, velocities: [1, 2, 3, 4] }] }, /4 velocities/],
    ['too few efforts', { ...good, points: [{ ...point, effort: [1, 2] }] }, /2 effort/],
  ];
  for (const [what, message, error] of bad) it(`refuses ${what}`, () => expect(() => read(message)).to.throw(error));
});
