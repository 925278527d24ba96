import { Tensor } from 'onnxruntime-node';
import type { Arm } from '../action/action-chunk.js';
import type { ActionNormalisation } from '../action/action-space.js';
import { armTensor } from './action-heads.js';
import { feasibilityOf } from './candidate-selection.js';
import type { ModelCard } from './model-card.js';
import { OBJECT_DIMENSION, type OnnxModel } from './onnx-model.js';

/** Likelihood from which on an object counts as seen. */
export const PRESENT = 0.5;

/** A physical quantity. */
export interface QuantityEstimate {
  readonly name: string;
  readonly mean: number;
  readonly standardDeviation: number;
}

/** An object that the world model knows. */
export interface WorldObject {
  readonly name: string;
  /** Probability that it is in the scene, and that the camera sees it. */
  readonly presence: number;
  readonly visibility: number;
  /** Centre in base_link, and size along the object's axes, m. */
  readonly position: [number, number, number];
  readonly extent: [number, number, number];
  /** Of the position along each axis, m. */
  readonly standardDeviation: number;
}

/** A picture that the model expects to see. */
export interface ForeseenFrame {
  /** Time after the observation, s. */
  readonly after: number;
  readonly width: number;
  readonly height: number;
  /** rgb8, height × width × 3. */
  readonly color: Uint8Array;
  /** 0 … 1: mean probability of the likeliest value of each number of the frame's codes. */
  readonly certainty: number;
}

/** What the model makes of the world, and what it expects of one action chunk. */
export interface WorldPrediction {
  readonly quantities: readonly QuantityEstimate[];
  readonly objects: readonly WorldObject[];
  readonly frames: readonly ForeseenFrame[];
  /** Probability that the instruction is carried out from here on. */
  readonly success: number;
  /** Share of the actions that lie within what the demonstrations covered, 0 … 1. */
  readonly feasibility: number;
}

/** An observation and a chunk, as the networks have them. */
export interface WorldQuestion {
  /** [1, N, D] */
  readonly latent: Tensor;
  readonly arm: Arm;
  /** horizon × 7, physical units, relative to the gripper's pose commanded at the observation. */
  readonly actions: Float64Array;
  readonly normalisation: ActionNormalisation;
  /** The newest image, [6, height, width], of which the colours are taken. */
  readonly image: Float32Array;
  /** Whether pictures are wanted; they take most of the time. */
  readonly pictures: boolean;
}

/** Whether the model foresees anything. */
export function hasWorldModel({ card, more }: OnnxModel): boolean {
  return card.video !== undefined && more.has('world') && more.has('video_decoder');
}

/**
 * Asks the world model (article, world generation): objects and quantities of the present, the frames to come and the
 * prospects of success given the actions.
 * @throws Error for actions of the wrong number or not finite, an arm that the model lacks, or an answer that is not finite
 */
export async function foresee(model: OnnxModel, question: WorldQuestion): Promise<WorldPrediction> {
  const { card, more } = model;
  const { latent, arm, actions, normalisation, image, pictures } = question;
  checkActions(actions, arm, card);
  const normalised = Float32Array.from(normalisation.normalise(actions));
  const answer = await more.get('world')!.run({
    latent,
    actions: new Tensor('float32', normalised, [1, card.horizon, card.action.dim]),
    arm: armTensor(arm, 1),
  });
  const [quantities, slots, confidence, codes] = ['quantities', 'slots', 'confidence', 'visual_codes'].map((name) => {
    const values = answer[name]!.data as Float32Array;
    if (!values.every(Number.isFinite)) throw new Error(`world model: its ${name} are not finite for these actions`);
    return values;
  }) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const certainties = frameCertainties(answer.visual_logits!.data as Float32Array, card);
  return {
    quantities: readQuantities(quantities, card),
    objects: readObjects(slots, card),
    frames: pictures ? await decodeFrames(model, codes, certainties, image) : [],
    success: calibratedConfidence(confidence[0]!, card),
    feasibility: feasibilityOf(actions, 1, normalisation)[0]!,
  };
}

function checkActions(actions: Float64Array, arm: Arm, { horizon, action, arms }: ModelCard): void {
  const size = horizon * action.dim;
  if (actions.length !== size)
    throw new Error(`world model: ${actions.length} action values; expected ${horizon} × ${action.dim} = ${size}`);
  const bad = actions.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new Error(`world model: action value ${bad} is ${actions[bad]}; it must be finite`);
  if (!arms.includes(arm)) throw new Error(`world model: it does not know the ${arm} arm, only ${arms.join(', ')}`);
}

/** See {@link ForeseenFrame.certainty}. @param logits [steps, patches, Σ levels] */
function frameCertainties(logits: Float32Array, card: ModelCard): number[] {
  const { future_steps: steps, patches, levels } = card.video!;
  let at = 0;
  return steps.map(() => {
    let sum = 0;
    for (let patch = 0; patch < patches; patch++) {
      for (const count of levels) {
        let largest = logits[at]!;
        for (let i = at + 1; i < at + count; i++) largest = Math.max(largest, logits[i]!);
        // The softmax of the largest: 1/Σ exp(lᵢ − l_max).
        let total = 0;
        for (let i = at; i < at + count; i++) total += Math.exp(logits[i]! - largest);
        sum += 1 / total;
        at += count;
      }
    }
    return sum / (patches * levels.length);
  });
}

/** The pictures of the codes, [steps, patches, levels], given the one that is seen. */
async function decodeFrames(
  { card, more }: OnnxModel,
  codes: Float32Array,
  certainties: readonly number[],
  image: Float32Array,
): Promise<ForeseenFrame[]> {
  const { future_steps: steps, patches, levels } = card.video!;
  const { width, height } = card.image;
  const size = 3 * height * width;
  const context = new Float32Array(steps.length * size);
  for (let k = 0; k < steps.length; k++) context.set(image.subarray(0, size), k * size);
  const decoded = await more.get('video_decoder')!.run({
    codes: new Tensor('float32', codes, [steps.length, patches, levels.length]),
    context: new Tensor('float32', context, [steps.length, 3, height, width]),
    known: new Tensor('float32', new Float32Array(steps.length).fill(1), [steps.length]),
  });
  const pictures = decoded.image!.data as Float32Array;
  return steps.map((step, k) => ({
    after: step * card.dt,
    width,
    height,
    color: interleave(pictures.subarray(k * size, (k + 1) * size)),
    certainty: certainties[k]!,
  }));
}

function readQuantities(values: Float32Array, { quantities }: ModelCard): QuantityEstimate[] {
  return quantities.map(({ name }, i) => ({
    name,
    mean: values[2 * i]!,
    standardDeviation: Math.exp(values[2 * i + 1]!),
  }));
}

function readObjects(values: Float32Array, { objects }: ModelCard): WorldObject[] {
  return objects.map((name, i) => {
    const at = OBJECT_DIMENSION * i;
    const three = (from: number): [number, number, number] => [
      values[at + from]!,
      values[at + from + 1]!,
      values[at + from + 2]!,
    ];
    return {
      name,
      presence: sigmoid(values[at]!),
      position: three(1),
      extent: three(4),
      standardDeviation: Math.exp(values[at + 7]!),
      visibility: sigmoid(values[at + 8]!),
    };
  });
}

/** [3, height, width] in 0 … 1 to rgb8. */
function interleave(planes: Float32Array): Uint8Array {
  const size = planes.length / 3;
  const color = new Uint8Array(planes.length);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < size; i++) {
      color[3 * i + channel] = Math.round(255 * Math.min(Math.max(planes[channel * size + i]!, 0), 1));
    }
  }
  return color;
}

/** Probability of success of a confidence logit z: σ(scale·z + offset), with what the card was calibrated to. */
export function calibratedConfidence(logit: number, { confidence: { scale, offset } }: ModelCard): number {
  return sigmoid(scale * logit + offset);
}

/** 1/(1 + e^−x) */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
