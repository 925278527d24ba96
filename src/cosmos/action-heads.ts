import { Tensor } from 'onnxruntime-node';
import type { Arm } from '../action/action-chunk.js';
import { integrateFlow, sampleDiffusion } from '../action/samplers.js';
import type { Random } from '../math/random.js';
import type { ActionHead } from './execution.js';
import { type OnnxModel, SUBGOAL_DIMENSION } from './onnx-model.js';

/** Spread of the autoregressive head's choices: 1 draws from its distribution, 0 takes the likeliest token. */
const TEMPERATURE = 0.5;

/** What the samplers are asked. */
export interface Sampling {
  readonly candidates: number;
  readonly steps: number;
}

/**
 * Samples normalised action chunks, candidates × horizon × 7, given the world state.
 * @param latent [1, N, D]
 */
export async function sampleActions(
  model: OnnxModel,
  head: ActionHead,
  latent: Tensor,
  arm: Arm,
  { candidates, steps }: Sampling,
  random: Random,
): Promise<Float32Array> {
  const { card, decoder, more } = model;
  const size = card.horizon * card.action.dim;
  const arms = armTensor(arm, candidates);
  if (head === 'autoregressive') {
    const length = candidates * size * card.action.bins!;
    const shape = [candidates, card.horizon, card.action.dim, card.action.bins!];
    const noise = new Float32Array(length);
    for (let i = 0; i < length; i++) noise[i] = TEMPERATURE * gumbel(random);
    const drawn = await more.get('autoregressive')!.run({
      latent,
      arm: arms,
      noise: new Tensor('float32', noise, shape),
    });
    return drawn.actions!.data as Float32Array;
  }
  const none = () =>
    new Tensor('float32', new Float32Array(SUBGOAL_DIMENSION * candidates), [candidates, SUBGOAL_DIMENSION]);
  const subgoal = head === 'hierarchical' ? (await more.get('subgoal')!.run({ latent, arm: arms })).subgoal! : none();
  const condition = card.arms.length > 1 ? { arm: arms, subgoal } : {};
  const shape = [candidates, card.horizon, card.action.dim];
  const times = new Float32Array(candidates);
  const feeds = { latent, time: new Tensor('float32', times, [candidates]), ...condition };
  let noisy: Tensor | undefined;
  const velocity = async (state: Float32Array, t: number) => {
    // The samplers go on in the same array.
    if (noisy?.data !== state) noisy = new Tensor('float32', state, shape);
    times.fill(t);
    const decoded = await decoder.run({ ...feeds, noisy_actions: noisy });
    return decoded.velocity!.data as Float32Array;
  };
  const noise = Float32Array.from({ length: candidates * size }, () => random.normal());
  return head === 'diffusion'
    ? sampleDiffusion(noise, steps, velocity, () => random.normal())
    : integrateFlow(noise, steps, velocity);
}

/** The networks' name of an arm, for each of so many candidates: 0 right, 1 left. */
export function armTensor(arm: Arm, candidates: number): Tensor {
  return new Tensor('float32', new Float32Array(candidates).fill(arm === 'left' ? 1 : 0), [candidates]);
}

/** A number of the standard Gumbel distribution: the largest of logits + such noise is a draw from their softmax. */
function gumbel(random: Random): number {
  return -Math.log(-Math.log(Math.min(Math.max(random.uniform(), 1e-12), 1 - 1e-12)));
}
