import { InferenceSession } from 'onnxruntime-node';
import { type ActionHead, CPU_EXECUTION, type Execution } from './execution.js';
import {
  type ModelCard,
  type NetworkName,
  networkFiles,
  readCard,
  readModelFile,
  readTokenizer,
} from './model-card.js';
import { checkSignature, type Dimension, type Signature } from './network-signature.js';
import { Tokenizer } from './tokenizer.js';

/** A verified model, ready to run. */
export interface OnnxModel {
  card: ModelCard;
  tokenizer: Tokenizer;
  encoder: InferenceSession;
  decoder: InferenceSession;
  /** The others that it has and that were asked for. */
  more: ReadonlyMap<NetworkName, InferenceSession>;
}

/** Numbers of a subgoal: an action and whether there is one. */
export const SUBGOAL_DIMENSION = 8;
/** Numbers of an object of the world model, see `world-model.ts`. */
export const OBJECT_DIMENSION = 9;

const NEEDED: Readonly<Record<ActionHead, readonly NetworkName[]>> = {
  flow: [],
  diffusion: [],
  autoregressive: ['autoregressive'],
  hierarchical: ['subgoal'],
};

/**
 * Loads the model in `directory` after checking all that can be known of it: card, files and hashes, action space,
 * and the names, types and shapes of the networks' inputs and outputs.
 * @param threads CPU threads of each network
 * @param execution which variant, what makes the actions, and what runs it
 * @throws Error naming the file, what is wrong and how to mend it
 */
export async function loadModel(
  directory: string,
  threads: number,
  execution: Execution = CPU_EXECUTION,
): Promise<OnnxModel> {
  const card = readCard(directory);
  const files = networkFiles(directory, card, execution.variant);
  const tokenizer = new Tokenizer(readTokenizer(directory, card), card.tokens.length, `${directory}/tokenizer.json`);
  const sizes = new Map<string, number | string>();
  const signatures = signaturesOf(card);
  const load = async (network: NetworkName): Promise<InferenceSession> => {
    const name = files[network];
    if (name === undefined)
      throw new Error(`${directory} has no network ${network}, which ${execution.head} needs: choose another head`);
    const session = await createSession(
      `${directory}/${name}`,
      readModelFile(directory, card, name),
      threads,
      execution,
    );
    const { inputs, outputs } = signatures[network];
    checkSignature(`${directory}/${name}: input`, session.inputMetadata, sizes, inputs);
    checkSignature(`${directory}/${name}: output`, session.outputMetadata, sizes, outputs);
    return session;
  };
  const encoder = await load('encoder');
  const decoder = await load('decoder');
  const more = new Map<NetworkName, InferenceSession>();
  for (const network of NEEDED[execution.head]) more.set(network, await load(network));
  for (const network of ['critic', 'world', 'video_decoder'] as const) {
    if (files[network] !== undefined) more.set(network, await load(network));
  }
  return { card, tokenizer, encoder, decoder, more };
}

/** What each network takes and gives; K candidates, N × D the latent, F frames. */
function signaturesOf(card: ModelCard): Record<NetworkName, { inputs: Signature; outputs: Signature }> {
  const { height, width, channels } = card.image;
  const { levels, patches, future_steps: steps } = card.video ?? { levels: [], patches: 0, future_steps: [] };
  const f = (...shape: Dimension[]) => ({ type: 'float32', shape });
  const observation = [1, card.history] as const;
  const latent = f(1, 'N', 'D');
  const actions = f('K', card.horizon, card.action.dim);
  const both = card.arms.length > 1;
  const arm = f('K');
  const codes = f('F', patches, levels.length);
  const frame = f('F', 3, height, width);
  const confidence = f('K');
  const subgoal = f('K', SUBGOAL_DIMENSION);
  const tokens = { type: 'int64', shape: ['K', card.horizon, card.action.dim] };
  const logits = levels.reduce((sum, count) => sum + count, 0);
  return {
    encoder: {
      inputs: {
        image: f(...observation, channels, height, width),
        proprioception: f(1, card.proprioception.dim),
        tokens: { type: 'int64', shape: [1, card.tokens.length] },
        token_mask: f(1, card.tokens.length),
      },
      outputs: { latent, objects: f(1, card.slots.length, 4), ...(both && { arm_logit: f(1, 1) }) },
    },
    decoder: {
      inputs: { latent, noisy_actions: actions, time: f('K'), ...(both && { arm, subgoal }) },
      outputs: { velocity: actions },
    },
    autoregressive: {
      inputs: { latent, arm, noise: f('K', card.horizon, card.action.dim, card.action.bins ?? 0) },
      outputs: { actions, action_tokens: tokens },
    },
    subgoal: { inputs: { latent, arm }, outputs: { subgoal } },
    critic: { inputs: { latent, actions, arm }, outputs: { confidence } },
    world: {
      inputs: { latent, actions, arm },
      outputs: {
        visual_logits: f('K', steps.length, patches, logits),
        visual_codes: f('K', steps.length, patches, levels.length),
        quantities: f(1, card.quantities.length, 2),
        slots: f(1, card.objects.length, OBJECT_DIMENSION),
        confidence,
      },
    },
    video_encoder: { inputs: { frame, context: frame, known: f('F') }, outputs: { codes } },
    video_decoder: { inputs: { codes, context: frame, known: f('F') }, outputs: { image: frame } },
  };
}

async function createSession(
  path: string,
  bytes: Buffer,
  threads: number,
  { providers }: Execution,
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, {
      executionProviders: providers,
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
      `${path}: ONNX Runtime cannot load it (${(error as Error).message}); the file (${bytes.length} bytes) ` +
        'is truncated or not an ONNX model: export the model again',
      { cause: error },
    );
  }
}
