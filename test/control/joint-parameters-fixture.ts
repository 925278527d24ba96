import type { JointParameters } from '../../src/control/joint-parameters.js';

/** Parameters of `joints` equal joints: ±2 rad, 3 rad/s, 60 N·m, kp 400, ki 40, kd 30; `overrides` set all joints. */
export function makeParameters(
  joints: number,
  overrides: Partial<Record<Exclude<keyof JointParameters, 'names'>, number>> = {},
): JointParameters {
  const values = { lower: -2, upper: 2, velocityLimit: 3, effortLimit: 60, kp: 400, ki: 40, kd: 30, ...overrides };
  const vector = (value: number) => new Float64Array(joints).fill(value);
  return {
    names: Array.from({ length: joints }, (_, j) => `joint_${j}`),
    lower: vector(values.lower),
    upper: vector(values.upper),
    velocityLimit: vector(values.velocityLimit),
    effortLimit: vector(values.effortLimit),
    kp: vector(values.kp),
    ki: vector(values.ki),
    kd: vector(values.kd),
  };
}
