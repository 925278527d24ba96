import { expect } from 'chai';
import { TrajectoryCode, TrajectoryRefusal } from '../../src/planning/trajectory-goal.js';
import { type FollowGoalMessage, readTrajectoryGoal } from '../../src/ros/trajectory-goal-messages.js';

const none = { sec: 0, nanosec: 0 };
const point = {
  positions: [0.1],
  velocities: [],
  accelerations: [],
  effort: [],
  time_from_start: { sec: 1, nanosec: 500_000_000 },
};
const message: FollowGoalMessage = {
  trajectory: { header: { stamp: none }, joint_names: ['right_elbow_joint'], points: [point] },
  multi_dof_trajectory: { joint_names: [] },
  path_tolerance: [{ name: 'right_elbow_joint', position: 0.1, velocity: -1 }],
  goal_tolerance: [],
  goal_time_tolerance: { sec: 0, nanosec: 250_000_000 },
};

describe('readTrajectoryGoal', () => {
  it('reads joints, points, tolerances and times; a stamp of zero is now', () => {
    const { velocities, accelerations, positions } = point;
    expect(readTrajectoryGoal(message, 100)).to.deep.equal({
      start: undefined,
      joints: ['right_elbow_joint'],
      points: [{ positions, velocities, accelerations, timeFromStart: 1.5 }],
      pathTolerance: message.path_tolerance,
      goalTolerance: [],
      goalTime: 0.25,
    });
  });

  it('reads the start on the planner’s clock', () => {
    const header = { stamp: { sec: 103, nanosec: 250_000_000 } };
    const goal = readTrajectoryGoal({ ...message, trajectory: { ...message.trajectory, header } }, 100);
    expect(goal.start).to.be.closeTo(3.25, 1e-9);
  });

  const pushing = { ...message.trajectory, points: [point, { ...point, effort: [1] }] };
  for (const [what, bad, code, pattern] of [
    [
      'joints with several degrees of freedom',
      { ...message, multi_dof_trajectory: { joint_names: ['base'] } },
      TrajectoryCode.invalidJoints,
      /no multi-DOF joint "base"/,
    ],
    ['efforts', { ...message, trajectory: pushing }, TrajectoryCode.invalidGoal, /point 1 has efforts/],
  ] as const) {
    it(`refuses ${what}`, () => {
      try {
        readTrajectoryGoal(bad, 0);
      } catch (error) {
        expect(error).to.be.instanceOf(TrajectoryRefusal);
        expect((error as TrajectoryRefusal).code).to.equal(code);
        expect((error as Error).message).to.match(pattern);
        return;
      }
      throw new Error('it was taken');
    });
  }
});
