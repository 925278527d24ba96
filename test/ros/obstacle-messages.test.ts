import { expect } from 'chai';
import { ObstacleClass } from '../../src/planning/separation-monitor.js';
import type { Message } from '../../src/ros/messages.js';
import { readObstacles } from '../../src/ros/obstacle-messages.js';

type People = Message<'cosmos_humanoid/msg/TrackedObstacles'>;

const message: People = {
  header: { stamp: { sec: 1, nanosec: 0 }, frame_id: 'base_link' },
  positions: [{ x: 1, y: 2, z: 3 }],
  velocities: [{ x: -1, y: 0, z: 0 }],
  radii: Float64Array.of(0.3),
  classes: Uint8Array.of(ObstacleClass.person),
};
/** A quarter turn to the left, 1 m ahead and 1 m up. */
const base = { position: { x: 1, y: 0, z: 1 }, orientation: { x: 0, y: 0, z: Math.SQRT1_2, w: Math.SQRT1_2 } };

describe('readObstacles', () => {
  it('reads obstacles in base_link; what is left out is at rest and unknown', () => {
    const person = { position: [1, 2, 3], velocity: [-1, 0, 0], radius: 0.3, kind: ObstacleClass.person };
    expect(readObstacles(message, undefined)).to.deep.equal([person]);
    expect(readObstacles({ ...message, velocities: [], classes: new Uint8Array(0) }, undefined)).to.deep.equal([
      { ...person, velocity: [0, 0, 0], kind: ObstacleClass.unknown },
    ]);
  });

  it('turns obstacles in odom into base_link', () => {
    const [{ position, velocity }] = readObstacles(
      { ...message, header: { ...message.header, frame_id: 'odom' } },
      base,
    );
    for (const [i, expected] of [2, 0, 2].entries()) expect(position[i]).to.be.closeTo(expected, 1e-12);
    for (const [i, expected] of [0, 1, 0].entries()) expect(velocity[i]).to.be.closeTo(expected, 1e-12);
  });

  const odom = { ...message.header, frame_id: 'odom' };
  for (const [what, bad, pattern] of [
    ['too few radii', { ...message, radii: new Float64Array(0) }, /0 radii for 1 positions/],
    ['too many classes', { ...message, classes: new Uint8Array(2) }, /2 classes for 1 positions/],
    ['numbers that are none', { ...message, radii: Float64Array.of(Number.NaN) }, /radius 0 is not finite/],
    ['a radius below 0', { ...message, radii: Float64Array.of(-1) }, /radius 0 is -1 m; it must not be negative/],
    ['a strange frame', { ...message, header: { ...odom, frame_id: 'camera' } }, /in frame "camera", needs/],
    ['odom without odometry', { ...message, header: odom }, /no message came on the topic odom/],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => readObstacles(bad, undefined)).to.throw(pattern);
    });
  }
});
