import type { PolicyAnswer } from '../cosmos/policy-session.js';
import { type ForeseenFrame, PRESENT, type WorldPrediction } from '../cosmos/world-model.js';
import { nameObjects, spatialRelations } from '../cosmos/world-state.js';
import type { MessageInput, Stamp } from './messages.js';
import { poseMessage } from './pose-messages.js';
import { toStamp } from './time.js';

/** Physical quantities of a WorldState, by the names of its constants. */
const QUANTITIES = [
  'gravity',
  'speed',
  'inertia_xx',
  'inertia_yy',
  'inertia_zz',
  'friction',
  'restitution',
  'collision',
  'mass',
  'supported',
  'contained',
  'grasped',
  'upright',
  'gripper_distance',
  'receptacle_distance',
  'occlusion',
];

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
  const { actions, candidates, horizon, best, confidence, feasibility, rejections, objects, timings, policy } =
    prediction;
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
    rejections,
    mean,
    deviation,
    confidence,
    feasibility: feasibility[best]!,
    objects: objects.map(({ slot, position, standardDeviation }) => objectMessage(slot, position, standardDeviation)),
    stages: Object.entries(milliseconds).map(([stage, time]) => ({ stage, duration: time / 1000 })),
  };
}

/**
 * What the policy made out of the scene.
 * @param world of a policy with a world model: the objects that it knows by name, and the quantities
 */
export function worldMessage(
  { prediction }: PolicyAnswer,
  { instruction, stamp, published, frame }: AnswerContext,
  world?: WorldPrediction,
): MessageInput<'cosmos_humanoid/msg/WorldState'> {
  const seen = (world?.objects ?? []).filter(({ presence }) => presence > PRESENT);
  const objects = [
    ...nameObjects(prediction.objects, {}),
    ...seen.map((object) => ({ ...object, slot: object.name, name: object.name.replaceAll('_', ' ') })),
  ];
  const estimates = new Map(world?.quantities.map((quantity) => [quantity.name, quantity]));
  return {
    header: { stamp, frame_id: frame },
    published,
    policy: prediction.policy,
    instruction,
    objects: [
      ...prediction.objects.map(({ slot, position, standardDeviation }) =>
        objectMessage(slot, position, standardDeviation),
      ),
      ...seen.map(({ name, position, standardDeviation, extent: [x, y, z], presence }) => ({
        ...objectMessage(name.replaceAll('_', ' '), position, standardDeviation),
        extent: { x, y, z },
        confidence: presence,
      })),
    ],
    relations: spatialRelations(objects, {}).map(({ subject, predicate, object, probability }) => ({
      subject,
      predicate,
      object,
      confidence: probability,
    })),
    quantities: Float64Array.from(QUANTITIES, (name) => estimates.get(name)?.mean ?? Number.NaN),
    quantity_deviations: Float64Array.from(QUANTITIES, (name) => estimates.get(name)?.standardDeviation ?? Number.NaN),
    uncertainty:
      objects.reduce((sum, { standardDeviation }) => sum + standardDeviation, 0) / Math.max(objects.length, 1),
    confidence: prediction.confidence,
  };
}

/** A picture that the policy expects. @param begin time of its observation, s @param frame that of the camera */
export function foreseenImage(
  { after, width, height, color }: ForeseenFrame,
  begin: number,
  frame: string,
): MessageInput<'sensor_msgs/msg/Image'> {
  const header = { stamp: toStamp(begin + after), frame_id: frame };
  return { header, width, height, encoding: 'rgb8', step: 3 * width, data: color };
}

function objectMessage(
  name: string,
  [x, y, z]: readonly [number, number, number],
  deviation: number,
): MessageInput<'cosmos_humanoid/msg/ObjectEstimate'> {
  const orientation = { x: 0, y: 0, z: 0, w: 1 };
  return { name, pose: { position: { x, y, z }, orientation }, position_deviation: deviation, confidence: 1 };
}
