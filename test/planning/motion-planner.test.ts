import { expect } from 'chai';
import type { ActionChunk } from '../../src/action/action-chunk.js';
import { Random } from '../../src/math/random.js';
import { Clearance, defaultClearance } from '../../src/planning/clearance.js';
import { MotionPlanner, planningHorizon, planningStep } from '../../src/planning/motion-planner.js';
import { accelerationRow, accelerationTime, rowCount, velocityRow } from '../../src/planning/mpc/joint-chain.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { robot } from '../robot/robot-fixture.js';

const work = robot.posture('table_work');
const joints = robot.names.length;
/** Of the table in base_link, m. */
const surface = { height: -0.05, edge: 0.24 };

describe('MotionPlanner', () => {
  let kinematics: Kinematics;
  let planner: MotionPlanner;
  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics.delete());
  beforeEach(() => {
    const clearance = new Clearance(robot, kinematics, { ...defaultClearance, surface });
    planner = new MotionPlanner(robot, kinematics, work, clearance);
  });

  const gripperPose = (posture: Float64Array) => {
    const pose = new Float64Array(7);
    kinematics.setPositions(posture);
    kinematics.pose(kinematics.frame('r_gripper'), pose);
    return pose;
  };

  /** A chunk of the right arm that goes straight to an offset (m) from the work posture in its first second. */
  const chunkTo = (offset: readonly number[], options: Partial<ActionChunk> = {}): ActionChunk => {
    const anchor = gripperPose(work);
    const poses = new Float64Array(70);
    for (let k = 0; k < 10; k++) {
      poses.set(anchor, 7 * k);
      for (let i = 0; i < 3; i++) poses[7 * k + i] += (offset[i] * (k + 1)) / 10;
    }
    return { stamp: 0, dt: 0.1, arm: 'right', anchor, poses, gripper: new Float64Array(10), ...options };
  };

  const row = (k: number) => planner.trajectory.position.slice(k * joints, (k + 1) * joints);

  it('holds without a chunk', () => {
    const plan = planner.plan(0);
    const gravity = new Float64Array(joints);
    kinematics.setPositions(work);
    kinematics.gravity(gravity);
    expect(plan.count).to.equal(20);
    expect(planningHorizon * planningStep).to.be.closeTo(0.2, 1e-12);
    for (let k = 0; k < planningHorizon; k++) {
      expect(plan.time[k]).to.be.closeTo(k * planningStep, 1e-12);
      expect(row(k)).to.deep.equal(work);
      expect(plan.velocity.slice(k * joints, (k + 1) * joints).every((v) => v === 0)).to.equal(true);
      for (let j = 0; j < joints; j++) expect(plan.effort[k * joints + j]).to.be.closeTo(gravity[j], 1e-9);
    }
    expect(planner.held).to.equal(false);
  });

  it('follows a chunk', () => {
    planner.follow(chunkTo([0, 0.05, 0.1]));
    for (let time = 0; time < 1.5; time += planningStep) planner.plan(time);
    const pose = new Float64Array(7);
    planner.commanded('right', pose);
    const target = chunkTo([0, 0.05, 0.1]).poses.slice(63);
    for (let i = 0; i < 3; i++) expect(pose[i]).to.be.closeTo(target[i], 2e-3);
    for (const joint of robot.group('left_arm')) expect(row(0)[joint]).to.equal(work[joint]);
  });

  it('keeps velocity limits, arms and fingers, when the chunk jumps', () => {
    const far = chunkTo([0, 0.25, 0.3], { gripper: new Float64Array(10).fill(1) });
    for (let k = 0; k < 9; k++) far.poses.copyWithin(7 * k, 63);
    planner.follow(far);
    let largest = 0;
    for (let cycle = 0; cycle < 100; cycle++) {
      const { velocity } = planner.plan(cycle * planningStep);
      const excess = velocity.findIndex((v, i) => !(Math.abs(v) <= robot.velocityLimit[i % joints] + 1e-9));
      expect(excess, robot.names[excess % joints]).to.equal(-1);
      for (const joint of robot.group('right_arm')) largest = Math.max(largest, Math.abs(velocity[joint]));
    }
    expect(largest).to.be.above(2);
    expect(planner.commanded('right', new Float64Array(7))).to.equal(1);
  });

  it('continues each plan from its point 1, and goes on to the next chunk without a jump', () => {
    planner.follow(chunkTo([0, 0.05, 0.1]));
    planner.plan(0);
    const state = (k: number) => [row(k), planner.trajectory.velocity.slice(k * joints, (k + 1) * joints)];
    for (let cycle = 1; cycle < 30; cycle++) {
      const next = state(1);
      planner.plan(cycle * planningStep);
      expect(state(0)).to.deep.equal(next);
    }
    let before = row(0);
    planner.follow(chunkTo([0, -0.1, 0.2], { stamp: 0.3 }));
    planner.plan(0.3);
    for (let k = 0; k < planningHorizon; k++) {
      for (const joint of robot.group('right_arm')) {
        const largest = robot.velocityLimit[joint] * planningStep + 1e-12;
        expect(Math.abs(row(k)[joint] - before[joint]), robot.names[joint]).to.be.at.most(largest);
      }
      before = row(k);
    }
  });

  it('goes on from the published plan where cycles are skipped', () => {
    planner.follow(chunkTo([0, 0.05, 0.1]));
    for (let cycle = 0; cycle <= 10; cycle++) planner.plan(cycle * planningStep);
    const expected = row(4);
    planner.plan(0.14);
    for (let j = 0; j < joints; j++) expect(row(0)[j]).to.be.closeTo(expected[j], 1e-12);
    // After a longer silence it stands where the plan ended.
    const end = row(planningHorizon - 1);
    planner.plan(1);
    for (let j = 0; j < joints; j++) expect(row(0)[j]).to.be.closeTo(end[j], 1e-3);
    expect(planner.trajectory.velocity.slice(0, joints).every((v) => Math.abs(v) < 1e-9)).to.equal(true);
    // A clock that steps back does not take the plan back.
    const now = row(0);
    planner.plan(0.2);
    expect(row(0)).to.deep.equal(now);
    expect(planner.trajectory.time[0]).to.be.closeTo(1, 1e-9);
  });

  it('stays at the end of a chunk, and comes to rest when told to hold', () => {
    planner.follow(chunkTo([0, 0, 0.1]));
    for (let cycle = 0; cycle < 200; cycle++) planner.plan(cycle * planningStep);
    const end = gripperPose(row(0));
    planner.plan(2);
    const now = gripperPose(row(0));
    for (let i = 0; i < 3; i++) expect(now[i]).to.be.closeTo(end[i], 1e-3);
    planner.follow(chunkTo([0, 0.1, 0.2], { stamp: 2 }));
    for (let cycle = 201; cycle < 220; cycle++) planner.plan(cycle * planningStep);
    planner.hold();
    const rest = planner.plan(2.2).position.slice(-joints);
    for (let cycle = 221; cycle < 245; cycle++) planner.plan(cycle * planningStep);
    for (let k = 0; k < planningHorizon; k++) {
      for (let j = 0; j < joints; j++) expect(row(k)[j]).to.be.closeTo(rest[j], 1e-3);
    }
    expect(planner.trajectory.velocity.every((v) => v === 0)).to.equal(true);
  });

  it('refuses a chunk from another time, and goes on with the one that it follows', () => {
    const [running, other] = [chunkTo([0, 0.05, 0.1]), chunkTo([0, -0.2, 0.2])];
    const fresh = () => {
      planner.reset(work, 0);
      planner.follow(running);
      for (let cycle = 0; cycle <= 50; cycle++) planner.plan(cycle * planningStep);
    };
    fresh();
    planner.plan(0.51);
    const expected = row(planningHorizon - 1);
    for (const [stamp, reason] of [
      [10.5, 'begins 10.00 s ahead'],
      [-9.5, 'ended 9.00 s ago'],
      [-0.2, '0.20 s older than the one that is followed'],
    ] as const) {
      fresh();
      expect(() => planner.follow({ ...other, stamp })).to.throw(reason);
      planner.plan(0.51);
      expect(row(planningHorizon - 1), reason).to.deep.equal(expected);
    }
    planner.follow({ ...other, stamp: 0.52 });
  });

  it('keeps limits on acceleration and jerk, and ends every plan at rest', () => {
    const random = new Random(3);
    for (let cycle = 0; cycle < 100; cycle++) {
      if (cycle % 20 === 0) {
        const offset = [random.uniform(-0.3, 0.5), random.uniform(-0.5, 0.5), random.uniform(-0.1, 0.5)];
        planner.follow(
          chunkTo(offset, { stamp: cycle * planningStep, gripper: new Float64Array(10).fill(cycle % 40) }),
        );
      }
      planner.plan(cycle * planningStep);
      // Shares of the limits.
      const most = { position: 0, acceleration: 0, rest: 0, violation: 0 };
      const { position, velocity } = planner.trajectory;
      const { problem } = planner.optimisation;
      for (let j = 0; j < joints; j++) {
        for (let k = 1; k < planningHorizon; k++) {
          const at = k * joints + j;
          const acceleration = (velocity[at] - velocity[at - joints]) / planningStep;
          const share = (Math.abs(acceleration) * accelerationTime) / robot.velocityLimit[j];
          most.acceleration = Math.max(most.acceleration, share);
          most.position = Math.max(most.position, position[at] - robot.upper[j], robot.lower[j] - position[at]);
        }
        const row = rowCount * j + 19;
        const end = Math.max(Math.abs(problem.rows[row + velocityRow]), Math.abs(problem.rows[row + accelerationRow]));
        most.rest = Math.max(most.rest, end);
        most.violation = Math.max(most.violation, problem.violation(j, problem.rows));
      }
      expect(most.acceleration).to.be.at.most(1 + 1e-6);
      for (const value of [most.position, most.rest, most.violation]) expect(value).to.be.below(1e-9);
    }
  });

  it('refuses numbers that are not finite, and plans on', () => {
    planner.follow(chunkTo([0, 0.05, 0.1]));
    planner.plan(0);
    const bad = chunkTo([0, Number.NaN, 0]);
    expect(() => planner.follow(bad)).to.throw('not finite');
    expect(() => planner.follow(chunkTo([Number.POSITIVE_INFINITY, 0, 0]))).to.throw('not finite');
    const posture = work.slice();
    posture[3] = Number.NaN;
    expect(() => planner.reset(posture, 0)).to.throw(robot.names[3]);
    planner.plan(0.01);
    expect(planner.trajectory.position.every(Number.isFinite)).to.equal(true);
    for (let cycle = 2; cycle < 150; cycle++) planner.plan(cycle * planningStep);
    expect(gripperPose(row(0))[2]).to.be.closeTo(gripperPose(work)[2] + 0.1, 2e-3);
  });

  it('plans the same from the same', () => {
    const run = () => {
      planner.reset(work, 0);
      planner.follow(chunkTo([0.1, 0.2, 0.1], { gripper: new Float64Array(10).fill(1) }));
      for (let cycle = 0; cycle < 40; cycle++) planner.plan(cycle * planningStep);
      return planner.trajectory.position.slice();
    };
    expect(run()).to.deep.equal(run());
  });

  it('holds an arm rather than let it touch the table, and lets it go up again', () => {
    const shapes = kinematics.geoms(
      robot.urdf.shapes.filter((name) => /^right_(palm|thumb|index|middle|ring|pinky)/.test(name)),
    );
    planner.follow(chunkTo([0.05, 0, -0.2]));
    let held = 0;
    let lowest = Number.POSITIVE_INFINITY;
    for (let cycle = 0; cycle < 150; cycle++) {
      planner.plan(cycle * planningStep);
      if (planner.held) held++;
      kinematics.setPositions(row(planningHorizon - 1));
      lowest = Math.min(lowest, kinematics.lowestPoint(shapes, surface.edge));
    }
    expect(held).to.be.above(20);
    expect(lowest).to.be.within(surface.height + defaultClearance.surfaceDistance - 1e-6, surface.height + 0.03);
    const low = gripperPose(row(0))[2];
    planner.follow(chunkTo([0.05, 0, 0.1], { stamp: 1.5 }));
    for (let cycle = 150; cycle < 300; cycle++) planner.plan(cycle * planningStep);
    expect(planner.held).to.equal(false);
    expect(gripperPose(row(0))[2]).to.be.above(low + 0.05);
  });

  it('moves the hand with the gripper scalar: fingers first, thumb later', () => {
    planner.follow(chunkTo([0, 0, 0], { gripper: Float64Array.from({ length: 10 }, (_, k) => (k + 1) / 10) }));
    const [finger, thumb] = [robot.index('right_index_PIP'), robot.index('right_thumb_MCP_FE')];
    let fingerMoves = -1;
    let thumbMoves = -1;
    for (let cycle = 0; cycle < 120; cycle++) {
      planner.plan(cycle * planningStep);
      if (fingerMoves < 0 && row(0)[finger] > work[finger] + 1e-3) fingerMoves = cycle;
      if (thumbMoves < 0 && row(0)[thumb] > work[thumb] + 1e-3) thumbMoves = cycle;
    }
    expect(fingerMoves).to.be.within(1, 10);
    expect(thumbMoves).to.be.within(fingerMoves + 25, 50);
    expect(planner.commanded('right', new Float64Array(7))).to.equal(1);
    const closed = new Float64Array(joints);
    robot.handPositions('right', 1, closed);
    for (const joint of robot.group('right_hand')) expect(row(0)[joint]).to.be.closeTo(closed[joint], 1e-6);
    for (const joint of robot.group('left_hand')) expect(row(0)[joint]).to.equal(work[joint]);
  });

  it('starts anew from a posture, inside the limits and with the hand as it is', () => {
    const posture = work.slice();
    robot.handPositions('right', 0.6, posture);
    const elbow = robot.index('left_elbow_joint');
    posture[elbow] = robot.upper[elbow] + 1;
    planner.reset(posture, 7);
    const plan = planner.plan(7);
    expect(plan.time[0]).to.equal(7);
    expect(row(0)[elbow]).to.equal(robot.upper[elbow]);
    expect(planner.commanded('right', new Float64Array(7))).to.be.closeTo(0.6, 1e-9);
    for (const joint of robot.group('right_hand')) expect(row(19)[joint]).to.be.closeTo(posture[joint], 1e-9);
  });

  it('tells the commanded pose', () => {
    const pose = new Float64Array(7);
    expect(planner.commanded('right', pose)).to.equal(0);
    const expected = gripperPose(work);
    for (let i = 0; i < 7; i++) expect(pose[i]).to.be.closeTo(expected[i], 1e-12);
  });
});
