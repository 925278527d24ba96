import { expect } from 'chai';
import { createJointTrajectory } from '../../src/control/trajectory.js';
import { TrajectoryBuffer } from '../../src/control/trajectory-buffer.js';

function filled(joints: number, count: number, value: number) {
  const trajectory = createJointTrajectory(joints, count);
  trajectory.count = count;
  trajectory.stamp = value;
  trajectory.time.forEach((_, k) => {
    trajectory.time[k] = k;
  });
  trajectory.position.fill(value);
  trajectory.velocity.fill(value + 1);
  trajectory.effort.fill(value + 2);
  return trajectory;
}

describe('TrajectoryBuffer', () => {
  it('hands every trajectory over once, the latest first', () => {
    const buffer = TrajectoryBuffer.allocate(3, 8);
    const into = createJointTrajectory(3, 8);
    expect(buffer.read(into)).to.equal(false);
    buffer.write(filled(3, 5, 1));
    buffer.write(filled(3, 4, 7));
    expect(buffer.read(into)).to.equal(true);
    expect(into.count).to.equal(4);
    expect(into.stamp).to.equal(7);
    expect([into.time[3], into.position[11], into.velocity[11], into.effort[11]]).to.deep.equal([3, 7, 8, 9]);
    expect(buffer.read(into)).to.equal(false);
  });

  it('leaves room for rows in front', () => {
    const buffer = TrajectoryBuffer.allocate(2, 4);
    const into = createJointTrajectory(2, 5);
    buffer.write(filled(2, 4, 1));
    buffer.read(into, 1);
    expect(into.count).to.equal(5);
    expect(into.time[4]).to.equal(3);
    expect(into.position[1]).to.equal(0);
    expect(into.position[2]).to.equal(1);
  });

  it('refuses wrong shapes, says which, and keeps what it has', () => {
    const buffer = TrajectoryBuffer.allocate(3, 4);
    buffer.write(filled(3, 2, 1));
    expect(() => buffer.write(filled(2, 2, 5))).to.throw(RangeError, '2 joints, the robot has 3');
    expect(() => buffer.write(filled(3, 5, 5))).to.throw(RangeError, '5 points, needs 1 to 4');
    expect(() => buffer.write({ ...filled(3, 2, 5), count: 0 })).to.throw(RangeError, '0 points');
    const short = { ...filled(3, 2, 5), velocity: new Float64Array(5) };
    expect(() => buffer.write(short)).to.throw(RangeError, 'velocity has 5 values, needs 6');
    const into = createJointTrajectory(3, 4);
    expect(buffer.read(into)).to.equal(true);
    expect(into.position[0]).to.equal(1);
  });
});
