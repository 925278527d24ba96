import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Arm } from '../action/action-chunk.js';
import { ACTION_DIMENSION } from '../action/action-space.js';
import { parseConfig } from '../config/config.js';
import { PROPRIOCEPTION_DIMENSION, PROPRIOCEPTION_LAYOUT } from './proprioception.js';

/** The networks that a model may have: the first two every model, the rest where it was trained to have them. */
export const NETWORKS = [
  'encoder',
  'decoder',
  'autoregressive',
  'subgoal',
  'critic',
  'world',
  'video_encoder',
  'video_decoder',
] as const;
export type NetworkName = (typeof NETWORKS)[number];

const TOKENIZER = 'tokenizer.json';

const file = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits, lower case') });
const arm = z.enum(['right', 'left']);
const variant = z.object({ encoder: z.string(), decoder: z.string() }).catchall(z.string());

function layoutOf(arms: readonly Arm[]): { name: string; size: number }[] {
  return arms.flatMap((arm) => PROPRIOCEPTION_LAYOUT.map(({ name, size }) => ({ name: `${arm}_${name}`, size })));
}

const schema = z
  .object({
    id: z.string().min(1),
    version: z.string().min(1),
    files: z.object({ [TOKENIZER]: file }).catchall(file),
    /** For each precision the file of each network, by the network's name. */
    variants: z.record(z.string(), variant),
    /** The arms that the policy feels and may move; of two it chooses one for each chunk. */
    arms: z.array(arm).min(1).max(2),
    /** Frames in an observation, the newest included. */
    history: z.int().min(1),
    /** Time between those frames, s; by default the time between waypoints. */
    history_spacing: z.number().positive().optional(),
    image: z.object({ height: z.literal(48), width: z.literal(64), channels: z.literal(6) }),
    /** Those of each arm, in the order of `arms`. */
    proprioception: z.object({ dim: z.int(), layout: z.array(z.object({ name: z.string(), size: z.int() })) }),
    tokens: z.object({ length: z.int().min(1) }),
    /** Waypoints of a chunk. */
    horizon: z.int().min(1),
    /** Time between waypoints, s. */
    dt: z.number().positive(),
    action: z.object({
      dim: z.literal(ACTION_DIMENSION),
      mean: z.array(z.array(z.number()).length(ACTION_DIMENSION)),
      std: z.array(z.array(z.number().positive()).length(ACTION_DIMENSION)),
      /** Values of an action token, where the model has an autoregressive head. */
      bins: z.int().min(2).optional(),
      representation: z.literal('anchor_relative'),
      frame: z.literal('base_link'),
      end_effectors: z.partialRecord(arm, z.enum(['l_gripper', 'r_gripper'])),
    }),
    /** Objects that the world model knows, by name. */
    objects: z.array(z.string()).default([]),
    /** What the world model tells, in this order. */
    quantities: z.array(z.object({ name: z.string(), unit: z.string() })).default([]),
    /** Frames that the world model foresees: `patches` tokens each, and at which steps of a chunk. */
    video: z
      .object({
        levels: z.array(z.int().min(2)),
        patches: z.int().min(1),
        future_steps: z.array(z.int().min(1)).min(1),
      })
      .optional(),
    /** Makes confidence a probability, see `calibratedConfidence`; by default it is taken as it is. */
    confidence: z.object({ scale: z.number().positive(), offset: z.number() }).default({ scale: 1, offset: 0 }),
    /** What the rows of the encoder's `objects` stand for. */
    slots: z.array(z.string()).min(1),
    training: z.record(z.string(), z.unknown()).default({}),
    evaluation: z.record(z.string(), z.unknown()).default({}),
  })
  .check((context) => {
    const { horizon, action, arms, proprioception } = context.value;
    const complain = (path: string[], input: unknown, message: string) =>
      context.issues.push({ code: 'custom', path, input, message });
    for (const key of ['mean', 'std'] as const) {
      const rows = action[key].length;
      if (rows !== horizon)
        complain(['action', key], rows, `has ${rows} rows; expected one for each of ${horizon} waypoints`);
    }
    const layout = layoutOf(arms);
    if (JSON.stringify(proprioception.layout) !== JSON.stringify(layout)) {
      const expected = layout.map(({ name, size }) => `${name} (${size})`).join(', ');
      complain(['proprioception', 'layout'], proprioception.layout, `expected ${expected}`);
    }
    const dim = arms.length * PROPRIOCEPTION_DIMENSION;
    if (proprioception.dim !== dim)
      complain(['proprioception', 'dim'], proprioception.dim, `expected ${dim} for ${arms.join(' and ')}`);
    for (const side of arms) {
      const own = action.end_effectors[side];
      const gripper = `${side[0]}_gripper`;
      if (own !== gripper) complain(['action', 'end_effectors'], own, `expected ${gripper} for the ${side} arm`);
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
    throw new Error(`${path}: no such file; a model directory holds card.json, networks (*.onnx) and ${TOKENIZER}`);
  // JSON is a subset of YAML, and the YAML reader knows the line of every value.
  return parseConfig(readFileSync(path, 'utf8'), path, schema);
}

/** The networks of one of a model's variants: the name of each one's file. */
export type NetworkFiles = Readonly<Partial<Record<NetworkName, string>>>;

/**
 * The networks that a model has with some precision.
 * @throws Error naming a variant that there is not
 */
export function networkFiles(directory: string, card: ModelCard, variant?: string): NetworkFiles {
  const files = variant === undefined ? Object.values(card.variants)[0] : card.variants[variant];
  if (files !== undefined) return files;
  const there = Object.keys(card.variants).join(', ');
  throw new Error(`${directory} has no ${variant} variant, only ${there}: export it, or ask for another precision`);
}

/** The tokenizer of a model, checked as {@link readModelFile}. */
export function readTokenizer(directory: string, card: ModelCard): string {
  return readModelFile(directory, card, TOKENIZER).toString('utf8');
}

/**
 * Reads one of a model's files and checks that it is that of the card.
 * @throws Error naming a file that is missing or differs
 */
export function readModelFile(directory: string, card: ModelCard, name: string): Buffer {
  const path = join(directory, name);
  const expected = card.files[name];
  if (expected === undefined) throw new Error(`${directory}/card.json: files: lacks ${name}: export the model again`);
  if (!existsSync(path)) throw new Error(`${path}: no such file; export the model again, or fetch it with git`);
  const bytes = readFileSync(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== expected.sha256) {
    throw new Error(
      `${path}: its SHA-256 is ${sha256}, the card says ${expected.sha256}; the file (${bytes.length} bytes) ` +
        'is damaged, incomplete or of another version: export the model again, or fetch it with git',
    );
  }
  return bytes;
}
