import type { JointLimits } from '../../src/safety/joint-rules.js';

/** Two joints, ±1 rad, 2 rad/s, 10 N·m. */
export const limits: JointLimits = {
  names: ['left_elbow_joint', 'right_elbow_joint'],
  lower: Float64Array.of(-1, -1),
  upper: Float64Array.of(1, 1),
  velocityLimit: Float64Array.of(2, 2),
  effortLimit: Float64Array.of(10, 10),
};
