import { expect } from 'chai';
import type { ActionChunk } from '../../src/action/action-chunk.js';
import { Clearance } from '../../src/planning/clearance.js';
import { MotionPlanner, planningStep } from '../../src/planning/motion-planner.js';
import { TrajectoryFollower } from '../../src/planning/trajectory-follower.js';
import { TrajectoryCode, type TrajectoryGoal, type TrajectoryOutcome } from '../../src/planning/trajectory-goal.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { robot } from '../robot/robot-fixture.js';
import { goal, point } from './trajectory-goal-fixture.js';

const work = robot.posture('table_work');
const size = robot.names.length;
const [elbow, wrist, finger] = ['left_elbow_joint', 'left_wrist_roll_joint', 'left_index_PIP'].map((name) =>
  robot.index(name),
);
/** The planner is an optimisation: to this much it is where it is to be, rad. */
const at = 1e-4;
const names = ['left_wrist_roll_joint', 'left_elbow_joint'];
/** From rest to rest: the wrist 0.4 rad in 1 s. */
const turn = point(1, [work[wrist] + 0.4, work[elbow]], [0, 0]);

describe('TrajectoryFollower', () => {
  let kinematics: Kinematics;
  let planner: MotionPlanner;
  let follower: TrajectoryFollower;
  let outcomes: TrajectoryOutcome[];
  let time: number;
  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics.delete());
  beforeEach(() => {
    planner = new MotionPlanner(robot, kinematics, work, new Clearance(robot, kinematics));
    follower = new TrajectoryFollower(robot, planner);
    outcomes = [];
    time = 0;
    planner.plan(0);
  });

  const command = (joint: number) => planner.trajectory.position[joint];
  const start = (given: TrajectoryGoal) => follower.start(given, (outcome) => outcomes.push(outcome));
  /** Plans on; what is measured is what is commanded, but for `disturb`. */
  const run = (seconds: number, disturb: (measured: Float64Array) => void = () => {}) => {
    for (const end = time + seconds - planningStep / 2; time < end; ) {
      time += planningStep;
      follower.update();
      const { position, velocity } = planner.plan(time);
      const measured = position.slice(0, size);
      disturb(measured);
      follower.observe(time, measured, velocity.subarray(0, size));
    }
  };

  it('follows a trajectory of some joints, and reports its end', () => {
    start(goal(names, [turn]));
    run(0.51);
    expect(command(wrist)).to.be.closeTo(work[wrist] + 0.2, 2e-3);
    expect(command(elbow)).to.be.closeTo(work[elbow], at);
    expect(outcomes).to.deep.equal([]);
    expect(planner.trajectory.velocity[wrist]).to.be.closeTo(0.6, 2e-3);
    run(0.6);
    expect(command(wrist)).to.be.closeTo(work[wrist] + 0.4, at);
    expect(outcomes.map(({ code }) => code)).to.deep.equal([TrajectoryCode.successful]);
    expect(follower.execution).to.equal(undefined);
    run(0.3);
    expect(command(wrist)).to.be.closeTo(work[wrist] + 0.4, at);
    for (const joint of robot.group('right_arm')) expect(command(joint)).to.equal(work[joint]);
  });

  it('starts in the future, by the planner’s clock', () => {
    run(0.2);
    start(goal(names, [point(0, [work[wrist], work[elbow]], [0, 0]), turn], { start: 0.7 }));
    run(0.5);
    expect(command(wrist)).to.be.closeTo(work[wrist], at);
    run(0.5);
    expect(command(wrist)).to.be.closeTo(work[wrist] + 0.2, 2e-3);
  });

  it('goes on at the speed scale without leaving the path', () => {
    start(goal(names, [turn, point(2, [work[wrist] + 0.4, work[elbow] + 0.3], [0, 0])]));
    run(0.4);
    planner.setSpeedScale(0);
    run(2);
    const stood = command(wrist);
    expect(stood).to.be.within(work[wrist] + 0.15, work[wrist] + 0.3);
    expect(outcomes).to.deep.equal([]);
    planner.setSpeedScale(0.5);
    run(1);
    expect(command(wrist)).to.be.above(stood);
    run(3);
    expect(outcomes.map(({ code }) => code)).to.deep.equal([TrajectoryCode.successful]);
    expect(command(elbow)).to.be.closeTo(work[elbow] + 0.3, at);
  });

  it('comes to rest on the path when it is cancelled, without a jump', () => {
    const execution = start(goal(names, [turn]));
    run(0.5);
    const before = command(wrist);
    follower.cancel(execution);
    let last = before;
    let speed = Number.POSITIVE_INFINITY;
    for (let cycle = 0; cycle < 40; cycle++) {
      run(planningStep);
      const now = (command(wrist) - last) / planningStep;
      expect(now).to.be.within(-0.01, speed + 0.01);
      if (cycle > 1) speed = now;
      last = command(wrist);
    }
    // 0.6 rad/s comes to rest within 0.25 s
    expect(last).to.be.closeTo(before + 0.6 * (0.01 + 0.125), 5e-3);
    expect(speed).to.be.closeTo(0, 1e-3);
    expect(outcomes).to.deep.equal([]);
    expect(follower.execution).to.equal(undefined);
  });

  it('is replaced by another, which departs from the motion', () => {
    start(goal(names, [turn]));
    run(0.5);
    const before = command(wrist);
    start(goal(names, [point(1, [work[wrist], work[elbow]], [0, 0])]));
    expect(outcomes).to.deep.equal([{ code: TrajectoryCode.invalidGoal, message: 'replaced by another trajectory' }]);
    run(0.03);
    expect(command(wrist)).to.be.closeTo(before + 0.018, 2e-3);
    run(1.2);
    expect(command(wrist)).to.be.closeTo(work[wrist], at);
    expect(outcomes).to.have.length(2);
  });

  it('keeps on when the next one is refused', () => {
    start(goal(names, [turn]));
    expect(() => start(goal(['elbow'], [point(1, [0])]))).to.throw(/no joint "elbow"/);
    run(1.2);
    expect(outcomes.map(({ code }) => code)).to.deep.equal([TrajectoryCode.successful]);
  });

  it('is aborted when a joint stays behind, and holds where the joint is', () => {
    start(goal(names, [turn]));
    const stuck = work[wrist] + 0.1;
    run(1.5, (measured) => {
      measured[wrist] = Math.min(measured[wrist], stuck);
    });
    expect(outcomes).to.have.length(1);
    const [{ code, message }] = outcomes;
    expect(code).to.equal(TrajectoryCode.pathToleranceViolated);
    expect(message).to.match(/left_wrist_roll_joint is 0\.20\d+ rad off, tolerance 0\.2 rad, 0\.6\d s after the start/);
    expect(command(wrist)).to.be.closeTo(stuck, at);
  });

  it('leads a joint no farther than one can lag, whatever is measured', () => {
    start(goal(names, [turn]));
    run(1.5, (measured) => {
      measured[wrist] = work[wrist] - 1;
    });
    expect(outcomes[0].code).to.equal(TrajectoryCode.pathToleranceViolated);
    expect(command(wrist)).to.be.within(work[wrist] - 0.31, work[wrist] - 0.2);
  });

  it('is aborted by its own tolerance; a negative one lifts the limit', () => {
    const tolerance = (position: number) => [{ name: names[0], position, velocity: 0 }];
    const stay = (measured: Float64Array) => {
      measured[wrist] = work[wrist];
    };
    start(goal(names, [turn], { pathTolerance: tolerance(0.05) }));
    run(0.3, stay);
    expect(outcomes[0]?.message).to.match(/tolerance 0\.05 rad/);
    run(1);
    start(goal(names, [turn], { pathTolerance: tolerance(-1), goalTime: 0.3 }));
    run(1.2, stay);
    expect(outcomes).to.have.length(1);
    run(0.3, stay);
    expect(outcomes[1]?.code).to.equal(TrajectoryCode.goalToleranceViolated);
    expect(outcomes[1]?.message).to.match(
      /wrist_roll_joint is 0\.4000 rad off, tolerance 0\.05 rad, 0\.3 s after the end/,
    );
  });

  it('waits for joints that settle late', () => {
    start(goal(names, [turn], { goalTime: 0.5 }));
    let late = 0.1;
    run(1.5, (measured) => {
      if (time > 1.2) late = 0;
      measured[wrist] -= late;
    });
    expect(outcomes.map(({ code }) => code)).to.deep.equal([TrajectoryCode.successful]);
  });

  for (const [list, pattern] of [
    [[{ name: 'right_elbow_joint', position: 1, velocity: 0 }], /"right_elbow_joint" is no joint of the trajectory/],
    [[{ name: names[1], position: Number.NaN, velocity: 0 }], /"left_elbow_joint" has a position tolerance of NaN/],
  ] as const) {
    it(`refuses tolerances: ${pattern.source}`, () => {
      expect(() => start(goal(names, [turn], { goalTolerance: list }))).to.throw(pattern);
    });
  }

  it('takes an arm from its chunk, and gives it to chunks again at its end', () => {
    const anchor = new Float64Array(7);
    planner.commanded('left', anchor);
    const poses = new Float64Array(70);
    for (let k = 0; k < 10; k++) poses.set(anchor, 7 * k);
    for (let k = 0; k < 10; k++) poses[7 * k + 2] += 0.01 * (k + 1);
    const chunk: ActionChunk = { stamp: 0, dt: 0.1, arm: 'left', anchor, poses, gripper: new Float64Array(10) };
    planner.follow(chunk);
    run(0.1);
    start(goal([...names, 'left_index_PIP'], [point(1, [0.4, work[elbow], 0.8], [0, 0, 0])]));
    run(0.05);
    expect(() => planner.follow(chunk)).to.throw('the left arm follows a joint trajectory');
    planner.follow({ ...chunk, arm: 'right', stamp: time });
    run(1.2);
    expect(outcomes.map(({ code }) => code)).to.deep.equal([TrajectoryCode.successful]);
    expect(command(wrist)).to.be.closeTo(0.4, at);
    expect(command(finger)).to.be.closeTo(0.8, at);
    run(0.5);
    expect(command(finger), 'fingers hold').to.be.closeTo(0.8, at);
    planner.follow({ ...chunk, stamp: time });
    run(0.5);
    expect(command(finger), 'fingers follow the chunk').to.be.below(0.2);
  });

  it('holds rather than let an arm touch the body', () => {
    const roll = robot.index('left_shoulder_roll_joint');
    start(goal(['left_shoulder_roll_joint'], [point(2, [robot.lower[roll]])]));
    run(2.5);
    expect(command(roll)).to.be.above(robot.lower[roll] + 0.05);
    expect(outcomes.map(({ code }) => code)).to.deep.equal([TrajectoryCode.pathToleranceViolated]);
  });

  it('ends with the planner’s new start', () => {
    start(goal(names, [turn]));
    run(0.3);
    follower.abort('the robot was stopped');
    planner.reset(work, time);
    run(0.3);
    expect(outcomes).to.deep.equal([{ code: TrajectoryCode.pathToleranceViolated, message: 'the robot was stopped' }]);
    expect(command(wrist)).to.be.closeTo(work[wrist], at);
  });
});
