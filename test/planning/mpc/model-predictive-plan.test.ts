import { expect } from 'chai';
import type { ActionChunk } from '../../../src/action/action-chunk.js';
import { Clearance, defaultClearance } from '../../../src/planning/clearance.js';
import { MotionPlanner, planningStep } from '../../../src/planning/motion-planner.js';
import { Balance } from '../../../src/planning/mpc/balance.js';
import { Kinematics } from '../../../src/robot/kinematics.js';
import { robot } from '../../robot/robot-fixture.js';

const work = robot.posture('table_work');
const joints = robot.names.length;

describe('ModelPredictivePlan', () => {
  let kinematics: Kinematics;
  let clearance: Clearance;
  let planner: MotionPlanner;
  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics.delete());
  beforeEach(() => {
    clearance = new Clearance(robot, kinematics, { ...defaultClearance, surface: { height: -0.05, edge: 0.24 } });
    planner = new MotionPlanner(robot, kinematics, work, clearance);
  });

  const posture = () => planner.trajectory.position.slice(0, joints);

  /** A chunk that keeps the right hand where it is. */
  const stay = (stamp: number): ActionChunk => {
    const anchor = new Float64Array(7);
    planner.commanded('right', anchor);
    const poses = new Float64Array(70);
    for (let k = 0; k < 10; k++) poses.set(anchor, 7 * k);
    return { stamp, dt: 0.1, arm: 'right', anchor, poses, gripper: new Float64Array(10) };
  };

  it('keeps the centre of mass above the feet, whatever the joints are to do', () => {
    const balance = new Balance(kinematics, clearance.tree);
    const torques = new Float64Array(joints);
    const margin = (q: Float64Array) => {
      clearance.tree.update(q);
      clearance.tree.weigh(torques);
      return balance.measure();
    };
    expect(margin(work)).to.be.above(0.05);
    // The feet swing back, and the trunk leans out over the toes.
    const moved = ['left_hip_pitch_joint', 'right_hip_pitch_joint'].map((name) => robot.index(name));
    const lean = work.slice();
    for (const joint of moved) lean[joint] += 0.35;
    expect(margin(lean)).to.be.below(0);
    planner.followJoints({
      joints: Int32Array.from(moved),
      sample: (time, positions) => {
        for (const joint of moved) positions[joint] = work[joint] + 0.35 * Math.min(1, time);
      },
    });
    let held = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let cycle = 0; cycle < 150; cycle++) {
      planner.plan(cycle * planningStep);
      if (planner.held) held++;
      least = Math.min(least, margin(posture()));
    }
    expect(held).to.be.above(20);
    expect(least).to.be.within(0.0199, 0.04);
    expect(posture()[moved[0]]).to.be.above(work[moved[0]] + 0.05);
  });

  it('gets out of an obstacle that is there at the start, says that it is held, and returns when it is gone', () => {
    const chunk = stay(0);
    const palm = 3 * kinematics.frame('r_gripper');
    clearance.tree.update(work);
    const [x, y, z] = clearance.tree.position.slice(palm, palm + 3);
    clearance.setObstacles(Float64Array.of(x, y, z - 0.09, 0.075), 1);
    let margin = clearance.margin('right');
    expect(margin).to.be.below(0);
    planner.follow(chunk);
    for (let cycle = 0; cycle < 80; cycle++) {
      planner.plan(cycle * planningStep);
      clearance.tree.update(posture());
      const next = clearance.margin('right');
      expect(next).to.be.at.least(Math.min(margin, 0) - 1e-4);
      margin = next;
    }
    expect(planner.held).to.equal(true);
    expect(margin).to.be.above(-1e-4);
    clearance.setObstacles(new Float64Array(4), 0);
    for (let cycle = 80; cycle < 160; cycle++) planner.plan(cycle * planningStep);
    const pose = new Float64Array(7);
    planner.commanded('right', pose);
    for (let i = 0; i < 3; i++) expect(pose[i]).to.be.closeTo(chunk.poses[i], 1e-3);
    expect(planner.held).to.equal(false);
  });

  it('stands still at speed scale zero, even where the chunk is far away', () => {
    const chunk = stay(0);
    for (let k = 0; k < 10; k++) chunk.poses[7 * k + 2] += 0.2;
    planner.setSpeedScale(0);
    planner.reset(work, 0);
    planner.follow(chunk);
    for (let cycle = 0; cycle < 50; cycle++) planner.plan(cycle * planningStep);
    for (let j = 0; j < joints; j++) expect(posture()[j], robot.names[j]).to.be.closeTo(work[j], 1e-3);
    planner.setSpeedScale(1);
    for (let cycle = 50; cycle < 300; cycle++) planner.plan(cycle * planningStep);
    const pose = new Float64Array(7);
    planner.commanded('right', pose);
    expect(pose[2]).to.be.closeTo(chunk.poses[2], 2e-3);
  });
});
