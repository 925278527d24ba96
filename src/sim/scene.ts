import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../config/config.js';
import { quantity } from '../config/quantity.js';
import { type ExpertName, experts } from './expert/experts.js';
import { bodyMotion, type Scene, sceneSchema } from './scene-bodies.js';
import { criterionSchema } from './success-criteria.js';
import { expandInstructions, instructionSchema, type TaskInstruction } from './task-instructions.js';

export type { Scene, SceneBody, ScenePart } from './scene-bodies.js';
export type { TaskInstruction } from './task-instructions.js';

const range = (unit: 'm' | 'rad' | 's') => z.tuple([quantity(unit), quantity(unit)]);
const noTurn: [number, number] = [0, 0];
const region = z.strictObject({ x: range('m'), y: range('m'), yaw: range('rad').default(noTurn) });
const taskSchema = z.strictObject({
  task: z.string(),
  scene: z.string(),
  /** The scripted expert that demonstrates it. */
  expert: z.enum(Object.keys(experts) as [ExpertName, ...ExpertName[]]),
  /** How instructions name a body, where that is not its name with spaces. */
  names: z.record(z.string(), z.string()).default({}),
  instructions: z.array(instructionSchema).min(1),
  layout: z.strictObject({
    clearance: quantity('m', { min: 0 }),
    /** Where the instruction's target is put instead of in its region. */
    target: z.strictObject({ x: range('m'), y: range('m') }).optional(),
    /** Half of the layouts are the mirror image about the robot's middle plane. */
    mirrored: z.boolean().default(false),
    /** Where the centre of a body is drawn from; of several regions one is drawn first. */
    regions: z.record(z.string(), z.union([region, z.array(region).min(1)])).default({}),
    /** Of these bodies as many are there as a number in `count`; the instruction's are there in any case. */
    draw: z
      .array(z.strictObject({ from: z.array(z.string()).min(1), count: z.tuple([z.int().min(0), z.int().min(0)]) }))
      .default([]),
    /** Paths of kinematic bodies: waypoints, between which they move smoothly; the first is where they start. */
    paths: z
      .record(
        z.string(),
        z
          .array(
            z.strictObject({
              time: range('s'),
              x: range('m'),
              y: range('m'),
              z: range('m'),
              yaw: range('rad').default(noTurn),
            }),
          )
          .min(1),
      )
      .default({}),
  }),
  /** By the name that instructions use as their goal. */
  success: z.record(z.string(), criterionSchema),
  time_limit: quantity('s', { above: 0 }),
});

/** A task: its scene, instructions, what a seed randomises and how success is judged on ground truth. */
export type Task = Omit<z.output<typeof taskSchema>, 'scene' | 'instructions' | 'names'> & {
  readonly scene: Scene;
  readonly instructions: readonly TaskInstruction[];
};

/**
 * Loads a task and the scene that it names.
 * @param file `config/scenes/<task>.yaml`
 * @throws Error that names file, key and remedy, also where the task names a body that the scene lacks
 */
export function loadTask(file: string): Task {
  const { names, instructions, ...task } = loadConfig(file, taskSchema);
  const sceneFile = resolve(dirname(file), task.scene);
  if (!existsSync(sceneFile))
    throw new Error(`${file}: scene: ${sceneFile} does not exist; name a scene beside this file`);
  const scene = loadConfig(sceneFile, sceneSchema);
  const expanded = expandInstructions(instructions, names);
  const bodies = [
    ...Object.keys(task.layout.regions).map((name) => ['layout.regions', name]),
    ...Object.keys(task.layout.paths).map((name) => ['layout.paths', name]),
    ...task.layout.draw.flatMap(({ from }) => from.map((name) => ['layout.draw', name])),
    ...expanded.flatMap(({ target, receptacle, start }) => [
      ['instructions.target', target],
      ['instructions.receptacle', receptacle],
      ...Object.keys(start).map((name) => ['instructions.start', name]),
    ]),
    ...Object.entries(task.success).flatMap(([goal, criterion]) =>
      criterion.test === 'reached' ? criterion.untouched.map((name) => [`success.${goal}.untouched`, name]) : [],
    ),
  ] as const;
  const refuse = (key: string, message: string): never => {
    throw new Error(`${file}: ${key}: ${message}`);
  };
  for (const [key, name] of bodies) {
    if (scene.bodies[name!] === undefined) {
      refuse(key!, `'${name}' is no body of ${task.scene}; there are ${Object.keys(scene.bodies).join(', ')}`);
    }
  }
  const motionOf = (name: string) => bodyMotion(scene.bodies[name]!);
  for (const name of Object.keys(task.layout.paths)) {
    if (motionOf(name) !== 'kinematic') refuse('layout.paths', `'${name}' is not kinematic`);
  }
  for (const { start, goal } of expanded) {
    for (const name of Object.keys(start)) {
      if (motionOf(name) !== 'joint') refuse('instructions.start', `'${name}' has no joint`);
    }
    if (task.success[goal] === undefined) {
      refuse('instructions.goal', `'${goal}' is none of ${Object.keys(task.success).join(', ')}, the keys of success`);
    }
  }
  return { ...task, scene, instructions: expanded };
}
