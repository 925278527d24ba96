import { Tensor } from 'onnxruntime-node';
import type { Arm } from '../action/action-chunk.js';
import { ActionNormalisation } from '../action/action-space.js';
import { Random } from '../math/random.js';
import { armTensor, sampleActions } from './action-heads.js';
import { chooseArm } from './arm-choice.js';
import { confidenceOf, feasibilityOf, rejectionsOf, selectCandidate } from './candidate-selection.js';
import { CPU_EXECUTION, type Execution } from './execution.js';
import type { ModelCard } from './model-card.js';
import { loadModel, type OnnxModel } from './onnx-model.js';
import { bestActions, type InferenceOptions, type ObjectEstimate, type PolicyPrediction } from './policy-backend.js';
import { calibratedConfidence, foresee, hasWorldModel } from './world-model.js';

/** What the networks see at one moment. */
export interface NetworkObservation {
  /** Time of the newest image, s. */
  stamp: number;
  /**
   * [T, 6, 48, 64], oldest frame first: red, green, blue in 0 … 1, then x, y, z in base_link, m (0, 0, 0 where there
   * is no depth).
   */
  image: Float32Array;
  /** 27 numbers for each of the card's arms, laid out as `proprioception.ts` says. */
  proprioception: Float32Array;
  instruction: string;
  /** The arm that moves now, if one does. */
  arm?: Arm | undefined;
}

/**
 * The networks of `cosmos3_micro` on the CPU: the encoder once, then the flow-matching decoder for all candidates as
 * one batch. See `model-card.ts` for what a model directory holds.
 */
export class OnnxNetwork {
  readonly #directory: string;
  readonly #threads: number;
  readonly #execution: Execution;
  #model: OnnxModel | undefined;
  #normalisation: ActionNormalisation | undefined;
  #busy = false;

  /**
   * @param directory model directory
   * @param threads CPU threads of the networks
   * @param execution which variant of the model, and what runs it
   */
  constructor(directory: string, threads = 2, execution = CPU_EXECUTION) {
    if (!Number.isInteger(threads) || threads < 1)
      throw new RangeError(`policy: ${threads} threads; at least 1 is needed`);
    this.#directory = directory;
    this.#threads = threads;
    this.#execution = execution;
  }

  /** What the model says of itself. @throws Error while it is not loaded */
  get card(): ModelCard {
    return this.#loaded().card;
  }

  /** Makes the networks ready to answer; rejects with what is wrong and how to mend it. */
  async load(): Promise<void> {
    const model = await loadModel(this.#directory, this.#threads, this.#execution);
    const { mean, std } = model.card.action;
    this.#normalisation = new ActionNormalisation(mean.flat(), std.flat());
    this.#model = model;
    // The first run allocates and is several times slower than the others.
    const image = new Float32Array(imageSize(model));
    const proprioception = new Float32Array(model.card.proprioception.dim);
    const start = { stamp: 0, image, proprioception, instruction: 'start' };
    const prediction = await this.infer(start, { candidates: 1, steps: 1, seed: 0 });
    await prediction.foresee?.(bestActions(prediction), prediction.arm, true);
  }

  /** Answers one observation; one at a time. Rejects on malformed input and on output that is not finite. */
  async infer(observation: NetworkObservation, options: InferenceOptions): Promise<PolicyPrediction> {
    const [prediction] = await this.inferBatch([observation], [options]);
    return prediction!;
  }

  /** Answers several observations, which are encoded as one batch; otherwise as {@link infer}. */
  async inferBatch(
    observations: readonly NetworkObservation[],
    options: readonly InferenceOptions[],
  ): Promise<PolicyPrediction[]> {
    const model = this.#loaded();
    if (this.#busy) throw new Error('policy: the previous inference is still running; ask one at a time');
    observations.forEach((observation, i) => {
      checkInput(observation, options[i]!, model);
    });
    this.#busy = true;
    try {
      const scenes = await encode(model, observations);
      const predictions: PolicyPrediction[] = [];
      for (const [i, scene] of scenes.entries()) {
        predictions.push(await this.#decode(model, observations[i]!, scene, options[i]!));
      }
      return predictions;
    } finally {
      this.#busy = false;
    }
  }

  async #decode(
    model: OnnxModel,
    { stamp, image, arm: inUse }: NetworkObservation,
    { latent, objects, armLogit, unknownWords, timings }: EncodedScene,
    options: InferenceOptions,
  ): Promise<PolicyPrediction> {
    const { card, more } = model;
    const { candidates, seed } = options;
    const normalisation = this.#normalisation!;
    const start = performance.now();
    const arm = armLogit === undefined ? card.arms[0]! : chooseArm(armLogit, inUse);
    const samples = await sampleActions(model, this.#execution.head, latent, arm, options, new Random(seed));
    const critic = more.get('critic');
    const shape = [candidates, card.horizon, card.action.dim];
    const judged = await critic?.run({
      latent,
      actions: new Tensor('float32', samples, shape),
      arm: armTensor(arm, candidates),
    });
    const actions = normalisation.denormalise(samples);
    const target = objects.find((object) => object.slot === 'target');
    const previous = options.previous?.[arm];
    const best = selectCandidate(actions, normalisation, previous);
    const feasibility = feasibilityOf(actions, candidates, normalisation);
    const newest = image.slice((image.length / card.history) * (card.history - 1));
    const foreseeActions = (imagined: Float64Array, by: Arm, pictures: boolean) =>
      foresee(model, { latent, arm: by, actions: imagined, normalisation, image: newest, pictures });
    return {
      policy: `${card.id}@${card.version}`,
      arm,
      stamp,
      actions,
      candidates,
      horizon: card.horizon,
      best,
      confidence: judged
        ? calibratedConfidence((judged.confidence!.data as Float32Array)[best]!, card)
        : confidenceOf(actions, candidates, target),
      feasibility,
      rejections: rejectionsOf(actions, normalisation, best, feasibility, previous),
      objects,
      unknownWords,
      timings: { ...timings, decode: performance.now() - start },
      ...(hasWorldModel(model) && { foresee: foreseeActions }),
    };
  }

  /** Releases what {@link load} took. */
  async dispose(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    if (model === undefined) return;
    for (const session of [model.encoder, model.decoder, ...model.more.values()]) await session.release();
  }

  #loaded(): OnnxModel {
    if (this.#model === undefined) throw new Error(`policy ${this.#directory}: not loaded; call load() first`);
    return this.#model;
  }
}

/** What the encoder makes of an observation. */
interface EncodedScene {
  readonly latent: Tensor;
  readonly objects: ObjectEstimate[];
  /** Positive for the left arm; of a policy with two. */
  readonly armLogit: number | undefined;
  readonly unknownWords: string[];
  /** ms, of the whole batch. */
  readonly timings: { readonly tokenize: number; readonly encode: number };
}

/** Runs the encoder once for all observations. */
async function encode(
  { card, tokenizer, encoder }: OnnxModel,
  observations: readonly NetworkObservation[],
): Promise<EncodedScene[]> {
  const start = performance.now();
  const texts = observations.map(({ instruction }) => tokenizer.encode(instruction));
  const encodeStart = performance.now();
  const { height, width, channels } = card.image;
  const batch = observations.length;
  const encoded = await encoder.run({
    image: join(
      observations.map(({ image }) => image),
      [card.history, channels, height, width],
    ),
    proprioception: join(
      observations.map(({ proprioception }) => proprioception),
      [card.proprioception.dim],
    ),
    tokens: new Tensor('int64', BigInt64Array.from(texts.flatMap(({ ids }) => [...ids])), [batch, card.tokens.length]),
    token_mask: join(
      texts.map(({ mask }) => mask),
      [card.tokens.length],
    ),
  });
  const timings = { tokenize: encodeStart - start, encode: performance.now() - encodeStart };
  const latents = encoded.latent!.data as Float32Array;
  const objects = encoded.objects!.data as Float32Array;
  const armLogits = encoded.arm_logit?.data as Float32Array | undefined;
  const shape = [1, ...encoded.latent!.dims.slice(1)];
  const part = (values: Float32Array, i: number) => {
    const size = values.length / batch;
    return values.subarray(i * size, (i + 1) * size);
  };
  return texts.map(({ unknownWords }, i) => ({
    latent: new Tensor('float32', part(latents, i), shape),
    objects: readObjects(part(objects, i), card.slots),
    armLogit: armLogits?.[i],
    unknownWords,
    timings,
  }));
}

/** One tensor of all rows. */
function join(rows: readonly Float32Array[], shape: readonly number[]): Tensor {
  const size = rows[0]!.length;
  const joined = rows.length === 1 ? rows[0]! : new Float32Array(rows.length * size);
  if (rows.length > 1) for (const [i, row] of rows.entries()) joined.set(row, i * size);
  return new Tensor('float32', joined, [rows.length, ...shape]);
}

function imageSize({ card }: OnnxModel): number {
  return card.history * card.image.channels * card.image.height * card.image.width;
}

function checkInput(observation: NetworkObservation, options: InferenceOptions, model: OnnxModel): void {
  const check = (name: string, values: Float32Array, length: number) => {
    if (values.length !== length) throw new Error(`policy: ${name} has ${values.length} values; expected ${length}`);
    for (let i = 0; i < length; i++) {
      if (!Number.isFinite(values[i])) throw new Error(`policy: ${name} value ${i} is ${values[i]}; it must be finite`);
    }
  };
  check('image', observation.image, imageSize(model));
  check('proprioception', observation.proprioception, model.card.proprioception.dim);
  for (const name of ['candidates', 'steps'] as const) {
    const value = options[name];
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`policy: ${name} is ${value}; it must be at least 1`);
  }
}

/** Rows of x, y, z (m, base_link) and logarithm of the standard deviation. */
function readObjects(rows: Float32Array, slots: readonly string[]): ObjectEstimate[] {
  return slots.map((slot, i) => {
    const [x, y, z, logDeviation] = rows.subarray(i * 4, i * 4 + 4) as unknown as [number, number, number, number];
    if (![x, y, z, logDeviation].every(Number.isFinite))
      throw new Error(`policy: the estimate of object ${slot} is not finite`);
    return { slot, position: [x, y, z], standardDeviation: Math.exp(logDeviation) };
  });
}
