import { expect } from 'chai';
import { rotationBetween } from '../../src/math/pose.js';
import { planTransition } from '../../src/planning/posture-transition.js';
import { planPath } from '../../src/planning/trajectory-path.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { robot } from '../robot/robot-fixture.js';
import { goal } from './trajectory-goal-fixture.js';

describe('planTransition', () => {
  let kinematics: Kinematics;
  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics.delete());

  const soles = (posture: Float64Array) => {
    kinematics.setPositions(posture);
    return ['l_sole', 'r_sole'].map((frame) => {
      const pose = new Float64Array(7);
      kinematics.pose(kinematics.frame(frame), pose);
      return pose;
    });
  };

  /** Joint vectors along a transition, every 10 ms, as the planner follows it. */
  const follow = (from: Float64Array, transition: ReturnType<typeof planTransition>): Float64Array[] => {
    const { joints, points, duration } = transition;
    const rest = { time: 0, position: from, velocity: new Float64Array(from.length) };
    const { joints: columns, path } = planPath(goal(joints, points), robot, 0, rest);
    return Array.from({ length: Math.ceil(duration / 0.01) + 1 }, (_, i) => {
      const posture = from.slice();
      path.positions(i * 0.01, columns, posture);
      return posture;
    });
  };

  for (const [a, b] of [
    ['table_work', 'stand'],
    ['stand', 'upright'],
    ['upright', 'crouch'],
    ['crouch', 'table_work'],
  ] as const) {
    it(`${a} to ${b}: the soles keep their place and stay parallel`, () => {
      const [from, to] = [robot.posture(a), robot.posture(b)];
      const transition = planTransition(robot, kinematics, from, to);
      const way = follow(from, transition);
      const gap = ([left, right]: Float64Array[]) => left.slice(0, 3).map((value, i) => value - right[i]);
      const [start, end] = [gap(soles(from)), gap(soles(to))];
      const turn = new Float64Array(3);
      for (const [i, posture] of way.entries()) {
        const poses = soles(posture);
        const share = i / (way.length - 1);
        const now = gap(poses);
        // The postures themselves are rounded, by less than a millimetre.
        const drift = Math.hypot(...now.map((value, k) => value - (start[k] + share * (end[k] - start[k]))));
        expect(drift, `${i} of ${way.length}`).to.be.below(0.002);
        rotationBetween(poses[0], 3, poses[1], 3, turn, 0);
        expect(Math.hypot(...turn)).to.be.below(0.006);
      }
      for (const group of ['left_leg', 'right_arm', 'torso']) {
        for (const joint of robot.group(group)) expect(way.at(-1)![joint]).to.be.closeTo(to[joint], 1e-6);
      }
      for (const joint of robot.group('left_hand')) expect(way.at(-1)![joint]).to.equal(from[joint]);
    });
  }

  it('moves the pelvis evenly down, and keeps it level, where straight joints would drag the soles', () => {
    const [from, to] = [robot.posture('upright'), robot.posture('table_work')];
    const transition = planTransition(robot, kinematics, from, to);
    expect(transition.points.length).to.be.above(1);
    let before = Number.NEGATIVE_INFINITY;
    for (const posture of follow(from, transition)) {
      const [left] = soles(posture);
      expect(left[2]).to.be.above(before - 1e-6);
      before = left[2];
      expect(Math.hypot(left[3], left[4])).to.be.below(0.001);
    }
  });

  it('is one point where the legs do not move', () => {
    const from = robot.posture('table_work');
    const to = from.slice();
    to[robot.index('left_elbow_joint')] += 0.5;
    const { points, duration } = planTransition(robot, kinematics, from, to);
    expect(points).to.have.length(1);
    // 0.5 rad at a peak of 1.875/T and 0.3 of 3 rad/s
    expect(duration).to.be.closeTo((1.875 * 0.5) / 0.9, 0.01);
  });

  it('takes the time it is given, unless a limit forbids', () => {
    const [from, to] = [robot.posture('stand'), robot.posture('crouch')];
    expect(planTransition(robot, kinematics, from, to, 5).duration).to.equal(5);
    expect(() => planTransition(robot, kinematics, from, to, 0.2)).to.throw(
      /0.2 s are too short: within its limits \w+ needs 0\.\d+ s/,
    );
  });
});
