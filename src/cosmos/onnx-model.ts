import { InferenceSession } from 'onnxruntime-node';
import { type ModelCard, type ModelFile, readCard, readModelFiles } from './model-card.js';
import { PROPRIOCEPTION_DIMENSION } from './proprioception.js';
import { Tokenizer } from './tokenizer.js';

/** A verified model, ready to run. */
export interface OnnxModel {
  card: ModelCard;
  tokenizer: Tokenizer;
  encoder: InferenceSession;
  decoder: InferenceSession;
}

/** A fixed size, or the name of one that is to agree wherever it stands. */
type Dimension = number | 'N' | 'D' | 'K';
type Signature = Record<string, { type: string; shape: Dimension[] }>;

/**
 * Loads the model in `directory` after checking all that can be known of it: card, files and hashes, action space,
 * and the names, types and shapes of the networks' inputs and outputs.
 * @param threads CPU threads of each network
 * @throws Error naming the file, what is wrong and how to mend it
 */
export async function loadModel(directory: string, threads: number): Promise<OnnxModel> {
  const card = readCard(directory);
  const files = readModelFiles(directory, card);
  const tokenizer = new Tokenizer(
    files['tokenizer.json'].toString('utf8'),
    card.tokens.length,
    `${directory}/tokenizer.json`,
  );
  const encoder = await createSession(directory, 'encoder.onnx', files['encoder.onnx'], threads);
  const decoder = await createSession(directory, 'decoder.onnx', files['decoder.onnx'], threads);

  const { height, width, channels } = card.image;
  const sizes = new Map<string, number | string>();
  const f = 'float32';
  const latent = { latent: { type: f, shape: [1, 'N', 'D'] as Dimension[] } };
  const actions: Dimension[] = ['K', card.horizon, card.action.dim];
  checkSignature(`${directory}/encoder.onnx: input`, encoder.inputMetadata, sizes, {
    image: { type: f, shape: [1, card.history, channels, height, width] },
    proprioception: { type: f, shape: [1, PROPRIOCEPTION_DIMENSION] },
    tokens: { type: 'int64', shape: [1, card.tokens.length] },
    token_mask: { type: f, shape: [1, card.tokens.length] },
  });
  checkSignature(`${directory}/encoder.onnx: output`, encoder.outputMetadata, sizes, {
    ...latent,
    objects: { type: f, shape: [1, card.slots.length, 4] },
  });
  checkSignature(`${directory}/decoder.onnx: input`, decoder.inputMetadata, sizes, {
    ...latent,
    noisy_actions: { type: f, shape: actions },
    time: { type: f, shape: ['K'] },
  });
  checkSignature(`${directory}/decoder.onnx: output`, decoder.outputMetadata, sizes, {
    velocity: { type: f, shape: actions },
  });
  return { card, tokenizer, encoder, decoder };
}

async function createSession(
  directory: string,
  name: ModelFile,
  bytes: Buffer,
  threads: number,
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // Threads that wait for work sleep; by default they would spin and take the cores from the control loop.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  } catch (error) {
    throw new Error(
      `${directory}/${name}: ONNX Runtime cannot load it (${(error as Error).message}); the file (${bytes.length} bytes) ` +
        'is truncated or not an ONNX model: export the model again',
      { cause: error },
    );
  }
}

/** Checks names, types and shapes. Sizes that the network leaves open are not checked. */
function checkSignature(
  where: string,
  actual: readonly InferenceSession.ValueMetadata[],
  sizes: Map<string, number | string>,
  expected: Signature,
): void {
  const names = actual.map((value) => value.name).sort();
  const wanted = Object.keys(expected).sort();
  if (names.join() !== wanted.join())
    throw new Error(`${where}s are ${names.join(', ')}; expected ${wanted.join(', ')}`);
  for (const value of actual) {
    const { type, shape } = expected[value.name]!;
    const described = value.isTensor ? `${value.type} [${value.shape.join(', ')}]` : 'no tensor';
    const fits =
      value.isTensor &&
      value.type === type &&
      value.shape.length === shape.length &&
      value.shape.every((size, i) => {
        const known = typeof shape[i] === 'string' ? (sizes.get(shape[i]) ?? size) : shape[i];
        if (typeof shape[i] === 'string') sizes.set(shape[i], known!);
        return typeof size === 'string' || size < 0 || typeof known === 'string' || size === known;
      });
    if (!fits) {
      const resolved = shape.map((size) => (typeof size === 'string' ? (sizes.get(size) ?? size) : size));
      throw new Error(`${where} ${value.name} is ${described}; expected ${type} [${resolved.join(', ')}]`);
    }
  }
}
