import type { PolicyAnswer } from '../cosmos/policy-session.js';
import { nameObjects, spatialRelations } from '../cosmos/world-state.js';
import type { MessageInput, Stamp } from './messages.js';
import { poseMessage } from './pose-messages.js';

/** Physical quantities of a WorldState; this model estimates none of them. */
const QUANTITIES = 16;

/** What a policy was asked, and when. */
export interface AnswerContext {
  readonly instruction: string;
  /** Of the observation. */
  readonly stamp: Stamp;
  readonly published: Stamp;
  /** Frame of all poses. */
  readonly frame: string;
}

/** @param preprocess time spent on the observation before the policy was asked, ms */
export function predictionMessage(
  { prediction, chunk }: PolicyAnswer,
  { instruction, stamp, published, frame }: AnswerContext,
  preprocess: number,
): MessageInput<'cosmos_humanoid/msg/ActionPrediction'> {
  const { actions, candidates, horizon, best, confidence, feasibility, objects, timings, policy } = prediction;
  const size = actions.length / candidates;
  const weight = 1 / candidates;
  const mean = Float64Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < candidates; k++) sum += actions[k * size + i]!;
    return sum * weight;
  });
  const deviation = mean.map((average, i) => {
    let squares = 0;
    for (let k = 0; k < candidates; k++) squares += (actions[k * size + i]! - average) ** 2;
    return Math.sqrt(squares * weight);
  });
  const milliseconds = { preprocess, ...timings };
  return {
    header: { stamp, frame_id: frame },
    published,
    policy,
    instruction,
    arm: chunk.arm,
    representation: 'anchor_relative',
    anchor: poseMessage(chunk.anchor),
    dt: chunk.dt,
    num_candidates: candidates,
    horizon,
    dimension: size / horizon,
    candidates: actions,
    weights: new Float64Array(candidates).fill(weight),
    best,
    mean,
    deviation,
    confidence,
    feasibility: feasibility[best]!,
    objects: objects.map(({ slot, position, standardDeviation }) => objectMessage(slot, position, standardDeviation)),
    stages: Object.entries(milliseconds).map(([stage, time]) => ({ stage, duration: time / 1000 })),
  };
}

/** What the policy made out of the scene. */
export function worldMessage(
  { prediction }: PolicyAnswer,
  { instruction, stamp, published, frame }: AnswerContext,
): MessageInput<'cosmos_humanoid/msg/WorldState'> {
  const objects = nameObjects(prediction.objects, {});
  const unknown = new Float64Array(QUANTITIES).fill(Number.NaN);
  return {
    header: { stamp, frame_id: frame },
    published,
    policy: prediction.policy,
    instruction,
    objects: objects.map(({ name, position, standardDeviation }) => objectMessage(name, position, standardDeviation)),
    relations: spatialRelations(objects, {}).map(({ subject, predicate, object, probability }) => ({
      subject,
      predicate,
      object,
      confidence: probability,
    })),
    quantities: unknown,
    quantity_deviations: unknown,
    uncertainty:
      objects.reduce((sum, { standardDeviation }) => sum + standardDeviation, 0) / Math.max(objects.length, 1),
    confidence: prediction.confidence,
  };
}

function objectMessage(
  name: string,
  [x, y, z]: readonly [number, number, number],
  deviation: number,
): MessageInput<'cosmos_humanoid/msg/ObjectEstimate'> {
  const orientation = { x: 0, y: 0, z: 0, w: 1 };
  return { name, pose: { position: { x, y, z }, orientation }, position_deviation: deviation, confidence: 1 };
}
