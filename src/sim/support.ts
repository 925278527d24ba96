/**
 * What carries the robot: a gantry that welds the pelvis to the world; the ground below its soles, with a slack harness
 * that catches it when it falls and a hoist that lifts it; or the ground alone.
 */
export const SUPPORTS = ['gantry', 'harness', 'ground'] as const;
export type Support = (typeof SUPPORTS)[number];
