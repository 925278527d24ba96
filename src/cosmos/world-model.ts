import { Tensor } from 'onnxruntime-node';
import type { Arm } from '../action/action-chunk.js';
import { armTensor } from './action-heads.js';
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
}

/** What the model makes of the world, and what it expects of one action chunk. */
export interface WorldPrediction {
  readonly quantities: readonly QuantityEstimate[];
  readonly objects: readonly WorldObject[];
  readonly frames: readonly ForeseenFrame[];
  /** Probability that the instruction is carried out from here on. */
  readonly success: number;
}

/** An observation and a chunk, as the networks have them. */
export interface WorldQuestion {
  /** [1, N, D] */
  readonly latent: Tensor;
  readonly arm: Arm;
  /** horizon × 7, normalised. */
  readonly actions: Float32Array;
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
 */
export async function foresee(model: OnnxModel, question: WorldQuestion): Promise<WorldPrediction> {
  const { card, more } = model;
  const { latent, arm, actions, image, pictures } = question;
  const answer = await more.get('world')!.run({
    latent,
    actions: new Tensor('float32', actions, [1, card.horizon, card.action.dim]),
    arm: armTensor(arm, 1),
  });
  return {
    quantities: readQuantities(answer.quantities!.data as Float32Array, card),
    objects: readObjects(answer.slots!.data as Float32Array, card),
    frames: pictures ? await decodeFrames(model, answer.visual_codes!.data as Float32Array, image) : [],
    success: sigmoid((answer.confidence!.data as Float32Array)[0]!),
  };
}

/** The pictures of the codes, [steps, patches, levels], given the one that is seen. */
async function decodeFrames({ card, more }: OnnxModel, codes: Float32Array, image: Float32Array) {
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

/** 1/(1 + e^−x) */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
