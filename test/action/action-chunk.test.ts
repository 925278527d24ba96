import { expect } from 'chai';
import { type ActionChunk, checkChunk, chunkEnd, sampleChunk } from '../../src/action/action-chunk.js';
import { quaternionFromRotationVector } from '../../src/math/pose.js';

/** A pose at x (m), turned about z (rad). */
function poseAt(x: number, yaw: number): Float64Array {
  const pose = Float64Array.of(x, 0, 0, 0, 0, 0, 1);
  quaternionFromRotationVector(Float64Array.of(0, 0, yaw), 0, pose, 3);
  return pose;
}

/** From x = 0 at 10 s over 0.1, 0.3 and 0.6 m, turning as many radians. */
const chunk: ActionChunk = {
  stamp: 10,
  dt: 0.5,
  arm: 'right',
  anchor: poseAt(0, 0),
  poses: Float64Array.of(...poseAt(0.1, 0.1), ...poseAt(0.3, 0.3), ...poseAt(0.6, 0.6)),
  gripper: Float64Array.of(0, 0.5, 1),
};

describe('action chunks', () => {
  const at = (time: number) => {
    const pose = new Float64Array(7);
    const gripper = sampleChunk(chunk, time, pose);
    return { x: pose[0], yaw: 2 * Math.atan2(pose[5], pose[6]), gripper };
  };

  it('reach waypoint k at stamp + (k + 1)·dt, and interpolate between', () => {
    const expected: [number, number, number][] = [
      [10, 0, 0],
      [10.25, 0.05, 0],
      [10.5, 0.1, 0],
      [10.75, 0.2, 0.25],
      [11, 0.3, 0.5],
      [11.25, 0.45, 0.75],
      [11.5, 0.6, 1],
    ];
    for (const [time, place, gripper] of expected) {
      const sample = at(time);
      expect(sample.x, String(time)).to.be.closeTo(place, 1e-12);
      expect(sample.yaw, String(time)).to.be.closeTo(place, 1e-12);
      expect(sample.gripper, String(time)).to.be.closeTo(gripper, 1e-12);
    }
  });

  it('hold before their start and after their end', () => {
    expect(at(3)).to.deep.equal(at(10));
    expect(at(99)).to.deep.equal(at(chunkEnd(chunk)));
    expect(chunkEnd(chunk)).to.equal(11.5);
  });

  it('may have a single waypoint', () => {
    const single = { ...chunk, poses: poseAt(0.1, 0), gripper: Float64Array.of(1) };
    const pose = new Float64Array(7);
    expect(sampleChunk(single, 10.25, pose)).to.equal(1);
    expect(pose[0]).to.be.closeTo(0.05, 1e-12);
  });

  it('are checked: lengths, times, numbers', () => {
    expect(() => checkChunk(chunk)).to.not.throw();
    expect(() => checkChunk({ ...chunk, dt: 1 })).to.not.throw();
    const cases: [Partial<ActionChunk>, string][] = [
      [{ gripper: Float64Array.of(1) }, '1 waypoints; at least 2 are needed'],
      [{ poses: new Float64Array(20) }, '20 pose numbers for 3 waypoints; expected 21'],
      [{ anchor: new Float64Array(6) }, 'expected 21'],
      [{ dt: 0 }, 'dt is 0 s, needs 0.001 to 1 s'],
      [{ dt: Number.NaN }, 'dt is NaN s'],
      [{ dt: 1.001 }, 'dt is 1.001 s, needs 0.001 to 1 s'],
      [{ dt: Number.POSITIVE_INFINITY }, 'dt is Infinity s'],
      [{ stamp: Number.POSITIVE_INFINITY }, 'stamp is Infinity; it must be finite'],
      [{ anchor: chunk.anchor.with(2, Number.NaN) }, 'number 2 of anchor, poses, gripper is not finite'],
      [{ poses: chunk.poses.with(20, Number.NEGATIVE_INFINITY) }, 'number 27 of'],
      [{ gripper: Float64Array.of(0, 0, Number.NaN) }, 'number 30 of'],
    ];
    for (const [damage, message] of cases) expect(() => checkChunk({ ...chunk, ...damage })).to.throw(message);
  });
});
