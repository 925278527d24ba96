import { z } from 'zod';
import { loadConfig } from '../config/config.js';
import { quantity } from '../config/quantity.js';

export const TIERS = ['super', 'nano', 'edge', 'micro'] as const;
/** Size of the model and of what it runs on. */
export type Tier = (typeof TIERS)[number];

const BYTES: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, TB: 1e12 };
/** An amount of memory, such as `80 GB` or `80 GB HBM3`; in bytes. */
const memory = z.string().transform((text, context) => {
  const match = /^(\d+(?:\.\d+)?)\s*(MB|GB|TB)\b/.exec(text);
  if (match !== null) return Number(match[1]) * BYTES[match[2]!]!;
  context.addIssue({ code: 'custom', message: 'expected an amount of memory, such as 80 GB' });
  return z.NEVER;
});
const count = z.int().min(0);
const positive = z.int().min(1);

const shards = z.strictObject({
  /** Names of the server's models that hold a part each. */
  models: z.array(z.string()).min(1),
  /** Longest wait until the server has them all loaded. */
  load_timeout: quantity('s', { above: 0, max: 3600 }).default(600),
});

const settings = z.strictObject({
  model: z.strictObject({
    name: z.string(),
    /** Where the model is published. */
    id: z.string(),
    architecture: z.string().default('Dual-Transformer'),
    parameters: z.number().positive(),
    /** Tokens. */
    context_length: positive,
    /** Frames of video in a sequence. */
    video_frames: positive,
  }),
  hardware: z.strictObject({
    gpu: z.string().optional(),
    device: z.string().optional(),
    gpu_count: count,
    gpu_cores: positive.optional(),
    memory_per_gpu: memory.optional(),
    ram: memory.optional(),
    storage: memory.optional(),
    interconnect: z.string().optional(),
  }),
  training: z
    .strictObject({
      batch_size: positive,
      learning_rate: z.number().positive(),
      warmup_steps: count,
      max_steps: positive,
      gradient_accumulation: positive,
    })
    .optional(),
  inference: z
    .strictObject({
      batch_size: positive,
      max_new_tokens: positive.optional(),
      temperature: z.number().min(0).optional(),
      top_p: z.number().gt(0).max(1).optional(),
      stream: z.boolean().optional(),
    })
    .optional(),
  optimization: z.strictObject({
    precision: z.enum(['fp32', 'fp16', 'bf16', 'bf16-mixed', 'int8', 'int4']),
    quantization: z.enum(['awq', 'gptq', 'dynamic']).optional(),
    optimizer: z.string().optional(),
    scheduler: z.string().optional(),
    gradient_checkpointing: z.boolean().optional(),
    tensor_parallelism: positive.optional(),
    gpu_memory_fraction: z.number().gt(0).max(1).optional(),
    tensor_rt: z.boolean().default(false),
    cuda_graphs: z.boolean().default(false),
  }),
  data: z
    .strictObject({
      video_format: z.string(),
      max_resolution: z.tuple([positive, positive]),
      fps: z.number().positive(),
      tokenizer: z.string(),
    })
    .optional(),
  api: z
    .strictObject({
      endpoint: z.string().startsWith('/'),
      max_concurrent_requests: positive,
      timeout: quantity('s', { above: 0 }),
    })
    .optional(),
  real_time: z
    .strictObject({
      target_fps: z.number().positive(),
      latency_budget: quantity('s', { above: 0 }),
      loop_rate: quantity('Hz', { above: 0 }),
    })
    .optional(),
  serve: z.union([
    z.strictObject({ backend: z.literal('onnx'), model: z.string() }),
    z.strictObject({ backend: z.enum(['openpi', 'cosmos3', 'gr00t']), embodiment: z.string() }),
    z.strictObject({ backend: z.literal('kserve'), embodiment: z.string(), shards: shards.optional() }),
  ]),
});

/** A model cut in parts is held by a server, which needs to be told of every part. */
const tier = settings.superRefine(({ serve, optimization: { tensor_parallelism: parts = 1 } }, context) => {
  const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (serve.backend === 'onnx' && parts > 1) {
    refuse(['serve', 'backend'], `no single process holds a model in ${parts} shards: use kserve, and name its shards`);
  }
  if ('shards' in serve && serve.shards !== undefined && serve.shards.models.length !== parts) {
    refuse(['serve', 'shards', 'models'], `names ${serve.shards.models.length} shards; tensor_parallelism is ${parts}`);
  }
});

const schema = z.strictObject({ super: tier, nano: tier, edge: tier, micro: tier });

/** What a tier is, needs, and where its answers come from. */
export type TierDeployment = z.output<typeof tier>;

/**
 * Reads the deployment tiers.
 * @throws Error naming the file, the line, the key and what is allowed
 */
export function loadTiers(file: string): Readonly<Record<Tier, TierDeployment>> {
  return loadConfig(file, schema);
}

/** Whether `text` names a tier. */
export function isTier(text: string): text is Tier {
  return (TIERS as readonly string[]).includes(text);
}
