import { expect } from 'chai';
import { Random } from '../../src/math/random.js';
import { Clearance } from '../../src/planning/clearance.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { randomPosture, robot } from '../robot/robot-fixture.js';

describe('Clearance', () => {
  let kinematics: Kinematics;
  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics.delete());

  const work = robot.posture('table_work');
  /** The work posture with the right shoulder pitched. */
  const pitched = (angle: number) => {
    const posture = work.slice();
    posture[robot.index('right_shoulder_pitch_joint')] += angle;
    return posture;
  };

  const keepsOff = (height: number) =>
    new Clearance(robot, kinematics, {
      surface: { height, edge: 0.1 },
      surfaceDistance: 0.002,
      bodyDistance: 0.01,
    });

  /** Height of the arm's lowest point in a posture. */
  const lowest = (posture: Float64Array) => {
    kinematics.setPositions(posture);
    const shapes = robot.urdf.shapes.filter((name) =>
      /^right_(elbow|wrist|palm|thumb|index|middle|ring|pinky)/.test(name),
    );
    return kinematics.lowestPoint(kinematics.geoms(shapes), 0.1);
  };

  it('keeps an arm off the surface by the distance', () => {
    const height = lowest(work) - 0.0021;
    expect(keepsOff(height).allows('right', work, work)).to.equal(true);
    const lower = pitched(0.05);
    expect(lowest(lower)).to.be.below(lowest(work));
    expect(keepsOff(height).allows('right', work, lower)).to.equal(false);
    expect(keepsOff(height).allows('right', work, pitched(-0.05))).to.equal(true);
    expect(keepsOff(height).allows('left', work, lower)).to.equal(true);
  });

  it('lets an arm that is too close leave, but come no closer', () => {
    const clearance = keepsOff(lowest(work) + 0.05);
    expect(clearance.allows('right', work, pitched(-0.05))).to.equal(true);
    expect(clearance.allows('right', work, work)).to.equal(true);
    expect(clearance.allows('right', work, pitched(0.05))).to.equal(false);
  });

  it('leaves its tree at the next posture', () => {
    const gripper = 3 * kinematics.frame('r_gripper');
    const pose = new Float64Array(7);
    for (const next of [pitched(-0.1), pitched(0.1)]) {
      const clearance = keepsOff(lowest(work));
      clearance.allows('right', work, next);
      kinematics.setPositions(next);
      kinematics.pose(gripper / 3, pose);
      for (let k = 0; k < 3; k++) expect(clearance.tree.position[gripper + k]).to.be.closeTo(pose[k], 1e-12);
    }
  });

  it('keeps the arms off the own body', () => {
    const clearance = new Clearance(robot, kinematics);
    const random = new Random(1);
    const trunk = kinematics.geoms(['pelvis_box', 'torso_box', 'torso_chest_box']);
    const arm = kinematics.geoms(robot.urdf.shapes.filter((name) => /^left_(elbow|wrist|palm)/.test(name)));
    let inside = 0;
    for (let trial = 0; trial < 100; trial++) {
      const posture = randomPosture(random);
      kinematics.setPositions(posture);
      if (kinematics.distance(arm, trunk, 1) < 0) {
        inside++;
        expect(clearance.allows('left', work, posture)).to.equal(false);
      }
    }
    expect(inside).to.be.above(5);
    expect(clearance.allows('left', work, work)).to.equal(true);
    expect(clearance.allows('right', work, work)).to.equal(true);
  });

  it('finds where an arm is nearest, and the direction in which it gets away', () => {
    const clearance = keepsOff(lowest(work) - 0.03);
    const { tree } = clearance;
    clearance.setObstacles(Float64Array.of(0.4, -0.25, 0.3, 0.1), 1);
    tree.update(work);
    expect(clearance.margin('right')).to.be.closeTo(0.028, 1e-9);
    const arm = robot.group('right_arm');
    expect(clearance.count).to.be.above(2);
    for (const { margin, x, y, z, nx, ny, nz, body } of clearance.witnesses.slice(0, clearance.count)) {
      expect(Math.hypot(nx, ny, nz)).to.be.closeTo(1, 1e-9);
      // A small turn of each joint changes the margin as the gradient says.
      for (const joint of arm) {
        const gradient = tree.carries(joint, body) ? tree.pointGradient(joint, x, y, z, nx, ny, nz) : 0;
        const turned = work.slice();
        turned[joint] += 1e-6;
        tree.update(turned);
        clearance.margin('right');
        const changed = clearance.witnesses
          .slice(0, clearance.count)
          .map((witness) => (witness.margin - margin) / 1e-6)
          .reduce((best, change) => (Math.abs(change - gradient) < Math.abs(best - gradient) ? change : best));
        expect(changed, robot.names[joint]).to.be.closeTo(gradient, 1e-3);
        tree.update(work);
        clearance.margin('right');
      }
    }
  });

  it('keeps the arms off each other and off obstacles', () => {
    const clearance = new Clearance(robot, kinematics);
    const { tree } = clearance;
    tree.update(work);
    const free = clearance.margin('right');
    const palm = 3 * kinematics.frame('r_gripper');
    const sphere = [...tree.position.slice(palm, palm + 3), 0.05];
    clearance.setObstacles(Float64Array.from(sphere), 1);
    expect(clearance.margin('right')).to.be.below(0).and.below(free);
    expect(clearance.margin('left')).to.be.above(0);
    clearance.setObstacles(Float64Array.from(sphere), 0);
    expect(clearance.margin('right')).to.equal(free);
    const crossed = work.slice();
    crossed[robot.index('left_shoulder_yaw_joint')] = -1.2;
    crossed[robot.index('right_shoulder_yaw_joint')] = 1.2;
    for (const side of ['left', 'right']) crossed[robot.index(`${side}_elbow_joint`)] = 0;
    expect(clearance.allows('left', work, crossed)).to.equal(false);
  });
});
