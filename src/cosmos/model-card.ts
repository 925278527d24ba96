import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ACTION_DIMENSION } from '../action/action-space.js';
import { parseConfig } from '../config/config.js';
import { PROPRIOCEPTION_DIMENSION, PROPRIOCEPTION_LAYOUT } from './proprioception.js';

/** The files that a model consists of, beside its card. */
export const MODEL_FILES = ['encoder.onnx', 'decoder.onnx', 'tokenizer.json'] as const;
export type ModelFile = (typeof MODEL_FILES)[number];

const file = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits, lower case') });

const schema = z
  .object({
    id: z.string().min(1),
    version: z.string().min(1),
    files: z.object({ 'encoder.onnx': file, 'decoder.onnx': file, 'tokenizer.json': file }),
    /** Frames in an observation, the newest included. */
    history: z.int().min(1),
    /** Time between those frames, s; by default the time between waypoints. */
    history_spacing: z.number().positive().optional(),
    image: z.object({ height: z.literal(48), width: z.literal(64), channels: z.literal(6) }),
    proprioception: z.object({
      dim: z.literal(PROPRIOCEPTION_DIMENSION),
      layout: z
        .array(z.object({ name: z.string(), size: z.int() }))
        .refine(
          (layout) => JSON.stringify(layout) === JSON.stringify(PROPRIOCEPTION_LAYOUT),
          `expected ${PROPRIOCEPTION_LAYOUT.map((part) => `${part.name} (${part.size})`).join(', ')}`,
        ),
    }),
    tokens: z.object({ length: z.int().min(1) }),
    /** Waypoints of a chunk. */
    horizon: z.int().min(1),
    /** Time between waypoints, s. */
    dt: z.number().positive(),
    action: z.object({
      dim: z.literal(ACTION_DIMENSION),
      mean: z.array(z.array(z.number()).length(ACTION_DIMENSION)),
      std: z.array(z.array(z.number().positive()).length(ACTION_DIMENSION)),
      representation: z.literal('anchor_relative'),
      arm: z.enum(['left', 'right']),
      frame: z.literal('base_link'),
      end_effector: z.enum(['l_gripper', 'r_gripper']),
    }),
    /** What the rows of the encoder's `objects` stand for. */
    slots: z.array(z.string()).min(1),
    training: z.record(z.string(), z.unknown()).default({}),
    evaluation: z.record(z.string(), z.unknown()).default({}),
  })
  .check((context) => {
    const { horizon, action } = context.value;
    const complain = (path: string[], input: unknown, message: string) =>
      context.issues.push({ code: 'custom', path, input, message });
    for (const key of ['mean', 'std'] as const) {
      const rows = action[key].length;
      if (rows !== horizon)
        complain(['action', key], rows, `has ${rows} rows; expected one for each of ${horizon} waypoints`);
    }
    const gripper = `${action.arm[0]}_gripper`;
    if (action.end_effector !== gripper) {
      complain(['action', 'end_effector'], action.end_effector, `expected ${gripper} for the ${action.arm} arm`);
    }
  });

/**
 * Description of a trained policy (`card.json`): its files, the shape of what goes in and comes out, the action space,
 * and how it was trained and evaluated. Only an action space that the ROS side can execute is accepted.
 */
export type ModelCard = z.output<typeof schema>;

/**
 * Reads and checks `card.json` in `directory`.
 * @throws Error naming the file, the line, the key and what is allowed
 */
export function readCard(directory: string): ModelCard {
  const path = join(directory, 'card.json');
  if (!existsSync(path))
    throw new Error(`${path}: no such file; a model directory holds card.json and ${MODEL_FILES.join(', ')}`);
  // JSON is a subset of YAML, and the YAML reader knows the line of every value.
  return parseConfig(readFileSync(path, 'utf8'), path, schema);
}

/**
 * Reads the model's files and checks that they are those of the card.
 * @returns the verified bytes of each file
 * @throws Error naming a file that is missing or differs
 */
export function readModelFiles(directory: string, card: ModelCard): Record<ModelFile, Buffer> {
  const read = (name: ModelFile): [ModelFile, Buffer] => {
    const path = join(directory, name);
    if (!existsSync(path)) throw new Error(`${path}: no such file; export the model again, or fetch it with git`);
    const bytes = readFileSync(path);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== card.files[name].sha256) {
      throw new Error(
        `${path}: its SHA-256 is ${sha256}, the card says ${card.files[name].sha256}; the file (${bytes.length} bytes) ` +
          'is damaged, incomplete or of another version: export the model again, or fetch it with git',
      );
    }
    return [name, bytes];
  };
  return Object.fromEntries(MODEL_FILES.map(read)) as Record<ModelFile, Buffer>;
}
