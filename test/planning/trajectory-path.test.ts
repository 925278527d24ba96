import { expect } from 'chai';
import { TrajectoryCode, type TrajectoryGoal, TrajectoryRefusal } from '../../src/planning/trajectory-goal.js';
import { planPath } from '../../src/planning/trajectory-path.js';
import { robot } from '../robot/robot-fixture.js';
import { goal, point } from './trajectory-goal-fixture.js';

const [elbow, shoulder] = ['right_elbow_joint', 'right_shoulder_pitch_joint'];
const joints = [elbow, shoulder];
const now = 10;
const posture = robot.posture('table_work');
const from = { time: now, position: posture, velocity: new Float64Array(posture.length) };
/** Where the two joints are. */
const [e, s] = joints.map((name) => posture[robot.index(name)]);

describe('planPath', () => {
  const refusal = (given: TrajectoryGoal): [TrajectoryCode, string] => {
    try {
      planPath(given, robot, now, from);
    } catch (error) {
      if (error instanceof TrajectoryRefusal) return [error.code, error.message];
      throw error;
    }
    return [TrajectoryCode.successful, ''];
  };

  it('starts from the command and goes through the points', () => {
    const { joints: indices, path } = planPath(
      goal(joints, [point(1, [e + 0.2, s]), point(2, [e + 0.2, s - 0.3])]),
      robot,
      now,
      from,
    );
    expect(Array.from(indices)).to.deep.equal(joints.map((name) => robot.index(name)));
    expect(Array.from(path.times)).to.deep.equal([10, 11, 12]);
    const out = posture.slice();
    path.positions(10.5, indices, out);
    expect(out[indices[0]]).to.be.closeTo(e + 0.1, 1e-12);
    path.positions(11.5, indices, out);
    expect(out[indices[1]]).to.be.closeTo(s - 0.15, 1e-12);
  });

  it('leaves out points in the past, and goes straight to the next from where it is', () => {
    const points = [point(0, [9, 9]), point(1, [e - 0.5, s]), point(2, [e + 0.1, s]), point(3, [e + 0.2, s])];
    const { path } = planPath(goal(joints, points, { start: now - 1.5 }), robot, now, from);
    expect(Array.from(path.times)).to.deep.equal([10, 10.5, 11.5]);
  });

  it('may start in the future', () => {
    const { path } = planPath(goal(joints, [point(0.5, [e + 0.1, s])], { start: now + 2 }), robot, now, from);
    expect(Array.from(path.times)).to.deep.equal([10, 12.5]);
  });

  it('refuses a trajectory that has ended', () => {
    const [code, message] = refusal(goal(joints, [point(1, [e, s])], { start: now - 1.25 }));
    expect(code).to.equal(TrajectoryCode.oldHeaderTimestamp);
    expect(message).to.match(/ended 0\.250 s ago/);
  });

  const none = { ...goal(joints, [point(1, [e, s])]), joints: [] };
  for (const [what, given, pattern] of [
    ['no joints', none, /names no joints/],
    ['a joint twice', goal([elbow, elbow], [point(1, [e, e])]), /"right_elbow_joint" is named twice/],
    ['an unknown joint', goal(['elbow'], [point(1, [e])]), /no joint "elbow"/],
  ] as const) {
    it(`refuses ${what}`, () => {
      const [code, message] = refusal(given);
      expect(code).to.equal(TrajectoryCode.invalidJoints);
      expect(message).to.match(pattern);
    });
  }

  const zero = [0, 0];
  for (const [what, given, pattern] of [
    ['no points', goal(joints, []), /no points/],
    ['too few positions', goal(joints, [point(1, [e])]), /point 0 has 1 positions for 2 joints/],
    ['too many velocities', goal(joints, [point(1, [e, s], [0, 0, 0])]), /point 0 has 3 velocities for 2 joints/],
    ['a position that is no number', goal(joints, [point(1, [e, Number.NaN])]), /positions of .*pitch_joint is NaN/],
    ['times that do not rise', goal(joints, [point(1, [e, s]), point(1, [e, s])]), /point 1: time_from_start is 1 s/],
    ['a negative time', goal(joints, [point(-1, [e, s])]), /point 0: time_from_start is -1 s, needs at least 0/],
    ['an end in motion', goal(joints, [point(1, [e, s], [0.1, 0])]), /the last: velocity of right_elbow_joint is 0.1/],
    [
      'a position beyond its limit',
      goal(joints, [point(1, [e, s]), point(9, [9, s])]),
      /point 0 to the next: position of right_elbow_joint is 2\.\d+ rad, the limit is 2\.610 rad/,
    ],
    [
      'too fast a way',
      goal(joints, [point(1, [e, s]), point(1.1, [e + 0.4, s])]),
      /point 0 to the next: velocity of right_elbow_joint is 4\.000 rad\/s, the limit is 3\.000 rad\/s/,
    ],
    [
      'a first point that is too far',
      goal(joints, [point(0.1, [e, s + 0.5])]),
      /on the way to point 0: velocity of right_shoulder_pitch_joint is 5\.000/,
    ],
    [
      'a velocity that jumps too far',
      goal(joints, [point(0.2, [e + 0.5, s]), point(0.4, [e, s])]),
      /at point 0: jump of velocity of right_elbow_joint is -5\.000 rad\/s, the limit is 3/,
    ],
    [
      'an acceleration beyond its limit',
      goal(joints, [point(1, [e, s], zero, zero), point(1.05, [e + 0.05, s], zero, zero)]),
      /acceleration of right_elbow_joint is -?\d+\.\d+ rad\/s², the limit is 60\.000/,
    ],
    ['a step at once', goal(joints, [point(0, [e + 0.1, s])]), /on the way to point 0: velocity of right_elbow/],
  ] as const) {
    it(`refuses ${what}`, () => {
      const [code, message] = refusal(given);
      expect(message).to.match(pattern);
      expect(code).to.equal(TrajectoryCode.invalidGoal);
    });
  }

  it('sees limits that are exceeded between the points only', () => {
    const upper = robot.upper[robot.index(elbow)];
    const near = { ...from, position: posture.slice() };
    near.position[robot.index(elbow)] = upper - 0.02;
    const given = goal([elbow], [point(1, [upper - 0.02], [1]), point(2, [upper - 0.02], [0])]);
    expect(() => planPath(given, robot, now, near)).to.throw(/point 0 to the next: position of right_elbow_joint/);
  });
});
