import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../config/config.js';
import { quantity } from '../config/quantity.js';

const position = z.tuple([quantity('m'), quantity('m'), quantity('m')]);
const part = z.strictObject({
  shape: z.enum(['box', 'cylinder', 'sphere']),
  /** Extent along x, y, z for a box; radius, radius, length for a cylinder; radius for a sphere. */
  size: z.tuple([quantity('m', { above: 0 }), quantity('m', { above: 0 }), quantity('m', { above: 0 })]),
  position: position.default([0, 0, 0]),
  color: z.tuple([z.number(), z.number(), z.number()]),
  solid: z.boolean().default(true),
  finish: z.enum(['plain', 'wood']).default('plain'),
});
const body = z.strictObject({
  fixed: z.boolean().default(false),
  position,
  mass: quantity('kg', { above: 0 }).optional(),
  parts: z.array(part).min(1),
});
const sceneSchema = z.strictObject({
  robot: z.strictObject({ posture: z.string(), pelvis_height: quantity('m', { above: 0 }) }),
  bodies: z.record(z.string(), body),
});
const range = (unit: 'm' | 'rad') => z.tuple([quantity(unit), quantity(unit)]);
const taskSchema = z.strictObject({
  task: z.string(),
  scene: z.string(),
  instructions: z
    .array(z.strictObject({ target: z.string(), receptacle: z.string(), texts: z.array(z.string()).min(1) }))
    .min(1),
  layout: z.strictObject({
    clearance: quantity('m', { min: 0 }),
    target: z.strictObject({ x: range('m'), y: range('m') }),
    regions: z.record(z.string(), z.strictObject({ x: range('m'), y: range('m'), yaw: range('rad').default([0, 0]) })),
  }),
  success: z.strictObject({
    inside: z.strictObject({ x: quantity('m'), y: quantity('m'), below: quantity('m') }),
    released: quantity('m', { min: 0 }),
    hold: quantity('s', { min: 0 }),
  }),
  time_limit: quantity('s', { above: 0 }),
});

/** A primitive of a body, in the body's frame; metres, rgb 0…1. */
export type ScenePart = z.output<typeof part>;
/** A rigid body of a scene. */
export type SceneBody = z.output<typeof body>;
/** What surrounds the robot: `config/scenes/*.yaml`. World frame: z up, origin on the floor below the pelvis. */
export type Scene = z.output<typeof sceneSchema>;
/** One thing a task asks for, and the sentences that ask for it. */
export type TaskInstruction = z.output<typeof taskSchema>['instructions'][number];
/** A task: its scene, instructions, what a seed randomises and how success is judged on ground truth. */
export type Task = Omit<z.output<typeof taskSchema>, 'scene'> & { readonly scene: Scene };

/**
 * Loads a task and the scene that it names.
 * @param file `config/scenes/<task>.yaml`
 * @throws Error that names file, key and remedy, also where the task names a body that the scene lacks
 */
export function loadTask(file: string): Task {
  const task = loadConfig(file, taskSchema);
  const sceneFile = resolve(dirname(file), task.scene);
  if (!existsSync(sceneFile))
    throw new Error(`${file}: scene: ${sceneFile} does not exist; name a scene beside this file`);
  const scene = loadConfig(sceneFile, sceneSchema);
  const named = [
    ...Object.keys(task.layout.regions).map((name) => ['layout.regions', name]),
    ...task.instructions.flatMap(({ target, receptacle }) => [
      ['instructions.target', target],
      ['instructions.receptacle', receptacle],
    ]),
  ] as const;
  for (const [key, name] of named) {
    if (scene.bodies[name!] === undefined) {
      throw new Error(
        `${file}: ${key}: '${name}' is no body of ${task.scene}; there are ${Object.keys(scene.bodies).join(', ')}`,
      );
    }
  }
  return { ...task, scene };
}
