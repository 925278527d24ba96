import { expect } from 'chai';
import { createJointTrajectory } from '../../src/control/trajectory.js';
import { Codec } from '../../src/ros/codec.js';
import { JointTrajectoryWriter } from '../../src/ros/joint-trajectory-writer.js';

const PERIOD = 0.01;

describe('JointTrajectoryWriter', () => {
  const codec = new Codec('trajectory_msgs/msg/JointTrajectory');

  for (const [joints, points] of [
    [1, 1],
    [2, 5],
    [3, 120],
    [75, 20],
  ] as const) {
    it(`writes the same bytes as the codec for ${points} points of ${joints} joints`, () => {
      const names = Array.from({ length: joints }, (_, j) => `joint_${j}`);
      const writer = new JointTrajectoryWriter(codec, names, points, PERIOD);
      const trajectory = createJointTrajectory(joints, points);
      trajectory.count = points;
      for (const scale of [1, -2]) {
        for (const key of ['position', 'velocity', 'effort'] as const) {
          trajectory[key].forEach((_, i) => {
            trajectory[key][i] = scale * i + key.length / 3;
          });
        }
        const stamp = { sec: 7, nanosec: 4_000_000_000 + scale };
        const row = (values: Float64Array, k: number) => values.slice(k * joints, (k + 1) * joints);
        const expected = codec.encode({
          header: { stamp },
          joint_names: names,
          points: Array.from({ length: points }, (_, k) => ({
            positions: row(trajectory.position, k),
            velocities: row(trajectory.velocity, k),
            effort: row(trajectory.effort, k),
            time_from_start: { sec: Math.floor(k / 100), nanosec: (k % 100) * 10_000_000 },
          })),
        });
        expect(writer.write(stamp, trajectory).equals(expected)).to.equal(true);
      }
    });
  }
});
