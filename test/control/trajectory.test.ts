import { expect } from 'chai';
import { createJointSample, createJointTrajectory, sampleTrajectory } from '../../src/control/trajectory.js';

/** Two joints, 20 points of 10 ms from `start`, on q(t) = t³ + joint, whose cubic Hermite is exact. */
function cubic(start: number) {
  const trajectory = createJointTrajectory(2, 20);
  trajectory.count = 20;
  for (let k = 0; k < 20; k++) {
    const t = k * 0.01;
    trajectory.time[k] = start + t;
    for (let j = 0; j < 2; j++) {
      trajectory.position[2 * k + j] = t ** 3 + j;
      trajectory.velocity[2 * k + j] = 3 * t ** 2;
      trajectory.effort[2 * k + j] = 100 * t + j;
    }
  }
  return trajectory;
}

describe('sampleTrajectory', () => {
  const out = createJointSample(2);

  it('is exact on a cubic, in position and velocity, and linear in effort', () => {
    const trajectory = cubic(5);
    for (let t = 0; t < 0.19; t += 0.0007) {
      sampleTrajectory(trajectory, 5 + t, out);
      expect(out.position[0]).to.be.closeTo(t ** 3, 1e-12);
      expect(out.position[1]).to.be.closeTo(1 + t ** 3, 1e-12);
      expect(out.velocity[1]).to.be.closeTo(3 * t ** 2, 1e-9);
      expect(out.effort[1]).to.be.closeTo(100 * t + 1, 1e-9);
    }
  });

  it('gives the waypoints at their times', () => {
    const trajectory = cubic(0);
    for (let k = 0; k < 19; k++) {
      sampleTrajectory(trajectory, trajectory.time[k], out);
      expect(out.position[0]).to.equal(trajectory.position[2 * k]);
      expect(out.velocity[0]).to.be.closeTo(trajectory.velocity[2 * k], 1e-12);
    }
  });

  it('rests before the first and after the last point', () => {
    const trajectory = cubic(1);
    sampleTrajectory(trajectory, 0.5, out);
    expect([out.position[1], out.velocity[1]]).to.deep.equal([1, 0]);
    sampleTrajectory(trajectory, 9, out);
    expect([out.position[0], out.velocity[0]]).to.deep.equal([trajectory.position[38], 0]);
  });

  it('takes a single point', () => {
    const trajectory = createJointTrajectory(2, 1);
    trajectory.count = 1;
    trajectory.position.set([3, 4]);
    sampleTrajectory(trajectory, 0, out);
    expect([...out.position]).to.deep.equal([3, 4]);
  });
});
