import { expect } from 'chai';
import { StopTrajectory } from '../../src/control/stop-trajectory.js';
import { makeParameters } from './joint-parameters-fixture.js';

describe('StopTrajectory', () => {
  const parameters = makeParameters(3);
  const position = new Float64Array(3);
  const velocity = new Float64Array(3);

  it('moves all joints together, at rest at both ends, within the limits', () => {
    const posture = Float64Array.of(1, -0.5, Number.NaN);
    const move = new StopTrajectory(parameters, { posture, speed: 0.5, settle: 0.2 });
    move.start(10, Float64Array.of(0, 0, 0.7));
    // 1 rad at 1.5 rad/s at most: T = 15/8 / 1.5.
    expect(move.duration).to.be.closeTo(1.25, 1e-12);
    let last = 0;
    for (let t = 0; t < 1.25; t += 0.001) {
      expect(move.sample(10 + t, position, velocity)).to.equal(false);
      expect(position[1]).to.be.closeTo(-0.5 * position[0], 1e-12);
      expect(position[0]).to.be.at.least(last);
      expect(velocity[0]).to.be.within(0, 1.5 + 1e-9);
      expect([position[2], velocity[2]]).to.deep.equal([0.7, 0]);
      last = position[0];
    }
    expect(move.sample(11.26, position, velocity)).to.equal(false);
    expect([...position]).to.deep.equal([1, -0.5, 0.7]);
    expect(velocity.every((v) => v === 0)).to.equal(true);
    expect(move.sample(11.46, position, velocity)).to.equal(true);
  });

  it('takes short ways no faster than the acceleration limits allow', () => {
    const posture = Float64Array.of(0.01, 0, 0);
    const move = new StopTrajectory(parameters, { posture, speed: 1, settle: 0 });
    move.start(0, new Float64Array(3));
    expect(move.duration).to.be.closeTo(Math.sqrt((0.01 * 10) / Math.sqrt(3) / 60), 1e-12);
  });

  it('refuses a posture of another robot, or beyond the limits', () => {
    const make = (...posture: number[]) =>
      new StopTrajectory(parameters, { posture: Float64Array.from(posture), speed: 1, settle: 0 });
    expect(() => make(0, 0)).to.throw('the crouch has 2 joints, the robot has 3');
    expect(() => make(0, 2.5, 0)).to.throw('joint_1 at 2.5 rad, beyond its position limits');
  });
});
