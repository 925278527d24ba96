import { expect } from 'chai';
import { Random } from '../../src/math/random.js';
import { InverseKinematics } from '../../src/planning/inverse-kinematics.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { randomPosture, robot } from '../robot/robot-fixture.js';

const preferred = robot.posture('table_work');

describe('InverseKinematics', () => {
  let kinematics: Kinematics;
  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics.delete());

  const solverOf = (arm: 'left' | 'right') =>
    new InverseKinematics(robot, kinematics, robot.gripperFrames[arm], robot.group(`${arm}_arm`), preferred);

  const gripperPose = (arm: 'left' | 'right', posture: Float64Array) => {
    const pose = new Float64Array(7);
    kinematics.setPositions(posture);
    kinematics.pose(kinematics.frame(robot.gripperFrames[arm]), pose);
    return pose;
  };

  for (const arm of ['left', 'right'] as const) {
    it(`reaches poses that the ${arm} arm can reach, and moves nothing else`, () => {
      const random = new Random(1);
      const solver = solverOf(arm);
      for (let trial = 0; trial < 20; trial++) {
        const goal = preferred.slice();
        for (const joint of solver.joints) {
          goal[joint] = robot.clamp(joint, goal[joint] + random.uniform(-0.5, 0.5));
        }
        const target = gripperPose(arm, goal);
        const q = preferred.slice();
        for (let i = 0; i < 300; i++) solver.step(q, target);
        const reached = gripperPose(arm, q);
        for (let i = 0; i < 3; i++) expect(reached[i]).to.be.closeTo(target[i], 1e-3);
        expect(solver.positionError).to.be.below(1e-3);
        expect(solver.rotationError).to.be.below(1e-3);
        q.forEach((position, joint) => {
          if (!solver.joints.includes(joint)) expect(position).to.equal(preferred[joint]);
        });
      }
    });
  }

  it('reads the target at an offset', () => {
    const solver = solverOf('right');
    const target = gripperPose('right', randomPosture(new Random(2), preferred, 0.1));
    const [a, b] = [preferred.slice(), preferred.slice()];
    solver.step(a, target);
    solver.step(b, Float64Array.of(9, 9, ...target), 2);
    expect(b).to.deep.equal(a);
  });

  it('measures the error before the step, whatever stops at a limit', () => {
    const solver = solverOf('right');
    const target = gripperPose('right', preferred);
    target[0] += 3;
    target[1] += 4;
    solver.step(preferred.slice(), target);
    expect(solver.positionError).to.be.closeTo(5, 1e-9);
    expect(solver.rotationError).to.be.closeTo(0, 1e-7);
  });

  it('keeps the limits and stays finite, whatever the target', () => {
    const random = new Random(3);
    const solver = solverOf('right');
    const target = new Float64Array(7);
    for (let trial = 0; trial < 40; trial++) {
      const q = randomPosture(random);
      for (let i = 0; i < 3; i++) target[i] = random.uniform(-3, 3);
      for (let i = 3; i < 7; i++) target[i] = random.normal();
      const length = Math.hypot(...target.slice(3));
      for (let i = 3; i < 7; i++) target[i] /= length;
      for (let i = 0; i < 20; i++) {
        solver.step(q, target);
        for (const joint of solver.joints) expect(q[joint]).to.be.within(robot.lower[joint], robot.upper[joint]);
      }
    }
  });

  it('comes back from beyond a limit', () => {
    const solver = solverOf('right');
    const q = preferred.slice();
    const elbow = robot.index('right_elbow_joint');
    q[elbow] = robot.upper[elbow] + 0.1;
    solver.step(q, gripperPose('right', preferred));
    expect(q[elbow]).to.be.within(robot.lower[elbow], robot.upper[elbow]);
  });

  it('stays finite and inside the limits at a singularity', () => {
    const solver = solverOf('right');
    // A target beyond the reach, towards which the arm stretches out.
    const q = new Float64Array(75);
    q[robot.index('right_shoulder_pitch_joint')] = -1.5;
    let least = Number.POSITIVE_INFINITY;
    const target = gripperPose('right', q);
    target[0] += 0.3;
    for (let i = 0; i < 200; i++) {
      solver.step(q, target);
      least = Math.min(least, solver.manipulability);
      for (const joint of solver.joints) expect(q[joint]).to.be.within(robot.lower[joint], robot.upper[joint]);
    }
    expect(least).to.be.within(0, 0.01);
    expect(solver.positionError).to.be.below(0.3);
  });

  it('returns a redundant arm to the preferred posture', () => {
    const solver = solverOf('right');
    const target = gripperPose('right', preferred);
    const q = preferred.slice();
    // Elbow and shoulder moved, the hand back in place.
    for (const name of ['right_shoulder_roll_joint', 'right_shoulder_yaw_joint']) q[robot.index(name)] -= 0.3;
    for (let i = 0; i < 20; i++) solver.step(q, target);
    const distance = () => Math.hypot(...[...solver.joints].map((joint) => q[joint] - preferred[joint]));
    const early = distance();
    for (let i = 0; i < 400; i++) solver.step(q, target);
    expect(distance()).to.be.below(0.2 * early);
    expect(solver.positionError).to.be.below(1e-3);
  });
});
