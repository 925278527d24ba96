import { z } from 'zod';
import { loadConfig } from '../../config/config.js';
import { quantity } from '../../config/quantity.js';

const arm = z.enum(['left', 'right']);
const rotation = z.enum([
  'rot6d_columns',
  'rot6d_rows',
  'quaternion_xyzw',
  'quaternion_wxyz',
  'rotation_vector',
  'rpy',
]);
const joints = z.array(z.string()).min(1);
const vector = z.tuple([z.number(), z.number(), z.number()]);

/** Where the server's end-effector frame is in the gripper frame: m and roll, pitch, yaw in rad. */
const tool = z.strictObject({ xyz: vector.default([0, 0, 0]), rpy: vector.default([0, 0, 0]) }).prefault({});

/** A part of a state vector. */
const statePart = z.union([
  z.strictObject({ joints }),
  z.strictObject({ gripper: arm, open: z.number().default(0), closed: z.number().default(1) }),
  z.strictObject({ pose: arm, rotation, tool }),
]);

const from = { from: z.string(), columns: z.tuple([z.int().min(0), z.int().min(1)]).optional() };
/** What some columns of an array of actions mean. */
const actionPart = z.union([
  z.strictObject({
    ...from,
    joints,
    /** `absolute` rad, `relative` to the position observed, or the `step` from one waypoint to the next. */
    mode: z.enum(['absolute', 'relative', 'step']).default('absolute'),
  }),
  z.strictObject({ ...from, gripper: arm, open: z.number().default(0), closed: z.number().default(1) }),
  z.strictObject({ ...from, fingers: arm, joints }),
  z.strictObject({ ...from, pose: arm, rotation, tool, mode: z.enum(['absolute', 'relative']).default('absolute') }),
]);

const schema = z.strictObject({
  /** Name of the policy in messages. */
  policy: z.string(),
  protocol: z.enum(['openpi', 'cosmos3', 'gr00t', 'kserve']),
  url: z.url(),
  /** Name of the model on the server (kserve). */
  model: z.string().default('policy'),
  /** Version of the model (kserve); the server's choice where it is left out. */
  version: z.string().optional(),
  /** Longest wait for an answer; twice the time that its waypoints take where it is left out. */
  timeout: quantity('s', { above: 0 }).optional(),
  /** Environment variable that holds the server's secret, where it wants one. */
  token_variable: z.string().optional(),
  /** File that holds the server's secret, in place of the variable. */
  token_file: z.string().optional(),
  /** Time between two waypoints. */
  step: quantity('s', { above: 0, max: 1 }),
  /** Waypoints of an answer that are used, at most. */
  horizon: z.int().min(1).max(200),
  images: z.record(
    z.string(),
    z.strictObject({
      camera: z.string(),
      width: z.int().min(1).max(4096),
      height: z.int().min(1).max(4096),
      /** How long ago each frame was taken, oldest first. */
      ages: z
        .array(quantity('s', { min: 0, max: 60 }))
        .min(1)
        .default([0]),
    }),
  ),
  states: z.record(z.string(), z.array(statePart).min(1)),
  /** Key of the instruction. */
  instruction: z.string(),
  actions: z.array(actionPart).min(1),
});

/** How a robot's cameras, joints and hands are called by a policy server, and what its actions mean. */
export type Embodiment = z.output<typeof schema>;
export type StatePart = z.output<typeof statePart>;
export type ActionPart = z.output<typeof actionPart>;
export type RotationForm = z.output<typeof rotation>;

/**
 * Reads an embodiment map.
 * @throws Error naming the file, the line, the key and what is allowed
 */
export function loadEmbodiment(file: string): Embodiment {
  return loadConfig(file, schema);
}
