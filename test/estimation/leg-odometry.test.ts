import { expect } from 'chai';
import { LegKinematics } from '../../src/estimation/leg-kinematics.js';
import { LegOdometry } from '../../src/estimation/leg-odometry.js';
import { matrixFromQuaternion, multiplyMatrices, rotate } from '../../src/math/rotation.js';
import { robot } from '../robot/robot-fixture.js';

describe('LegOdometry', () => {
  const legs = [new LegKinematics(robot, 'l_sole'), new LegKinematics(robot, 'r_sole')] as const;
  const odometry = new LegOdometry(legs);
  const positions = robot.posture('table_work');
  const velocities = new Float64Array(positions.length);
  const update = () => {
    for (const leg of legs) leg.update(positions, velocities);
  };

  it('turns and moves the base about the sole that stands', () => {
    const level = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
    update();
    odometry.reset(Float64Array.of(0.2, 0, 0.85), level);
    odometry.update(true, false);
    const sole = new Float64Array(3);
    rotate(odometry.rotation, legs[0].position, sole);
    const anchor = sole.map((value, k) => value + odometry.position[k]);
    const before = new Float64Array(9);
    multiplyMatrices(odometry.rotation, legs[0].rotation, before);

    const [hip, ankle] = [robot.index('left_hip_roll_joint'), robot.index('left_ankle_pitch_joint')];
    const [from, turn] = [odometry.position.slice(), new Float64Array(9)];
    const start = odometry.rotation.slice();
    velocities[hip] = 0.3;
    velocities[ankle] = -0.2;
    for (let k = 0; k < 100; k++) {
      positions[hip] += velocities[hip] * 1e-3;
      positions[ankle] += velocities[ankle] * 1e-3;
      update();
      const last = odometry.position.slice();
      odometry.update(true, false);
      for (let i = 0; i < 3; i++) {
        expect((odometry.position[i] - last[i]) * 1e3).to.be.closeTo(odometry.velocity[i], 2e-3);
      }
    }
    expect(Math.hypot(...odometry.position.map((value, k) => value - from[k]))).to.be.above(0.01);
    const cosine = (start.reduce((sum, value, k) => sum + value * odometry.rotation[k], 0) - 1) / 2;
    expect(Math.acos(cosine)).to.be.closeTo(0.1 * Math.hypot(...odometry.angularVelocity), 1e-3);
    rotate(odometry.rotation, legs[0].position, sole);
    for (let k = 0; k < 3; k++) expect(sole[k] + odometry.position[k]).to.be.closeTo(anchor[k], 1e-9);
    multiplyMatrices(odometry.rotation, legs[0].rotation, turn);
    for (let k = 0; k < 9; k++) expect(turn[k]).to.be.closeTo(before[k], 1e-9);
  });

  it('stays where it is without a loaded foot, and takes a given orientation', () => {
    const position = odometry.position.slice();
    odometry.update(false, false);
    expect(odometry.position).to.deep.equal(position);
    expect([...odometry.velocity, ...odometry.angularVelocity].every((value) => value === 0)).to.equal(true);
    const given = new Float64Array(9);
    matrixFromQuaternion(Float64Array.of(0, 0, Math.SQRT1_2, Math.SQRT1_2), given);
    odometry.update(true, true, given, Float64Array.of(0, 0, 0.1));
    expect(odometry.rotation).to.deep.equal(given);
    expect(odometry.angularVelocity[2]).to.equal(0.1);
    expect(odometry.position).to.deep.equal(position);
  });
});
