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

  it('leaves the kinematics at the next posture', () => {
    const [pose, expected] = [new Float64Array(7), new Float64Array(7)];
    const gripper = kinematics.frame('r_gripper');
    for (const next of [pitched(-0.1), pitched(0.1)]) {
      keepsOff(lowest(work)).allows('right', work, next);
      kinematics.pose(gripper, pose);
      kinematics.setPositions(next);
      kinematics.pose(gripper, expected);
      expect(pose).to.deep.equal(expected);
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
});
