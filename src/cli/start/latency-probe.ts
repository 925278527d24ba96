import { percentile } from '../../math/percentile.js';
import type { Message } from '../../ros/messages.js';
import { reliable, sensorData } from '../../ros/qos.js';
import type { RosNode } from '../../ros/ros-node.js';
import { toSeconds } from '../../ros/time.js';

/** Stages of the way from a camera's exposure to the torque that answers it, in order. */
export const stages = [
  'camera_fusion',
  'cosmos_inference',
  'action_decoder',
  'motion_planner',
  'joint_controller',
  'camera_to_torque',
] as const;
type Stage = (typeof stages)[number];

/** Median and 99th percentile, ms. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** Observations are followed for this many at most, so that one that is dropped on the way is forgotten. */
const followed = 64;

/**
 * Measures how long each stage takes, from the stamps that messages carry: every message names the observation that it
 * answers and the time at which it was published.
 */
export class LatencyProbe {
  readonly #samples = new Map<Stage, number[]>(stages.map((stage) => [stage, []]));
  /** Time of the last stage that handled an observation, by the observation's stamp. */
  readonly #reached = new Map<number, { stage: Stage; time: number }>();
  /** Observations by the stamp of the first trajectory that answers them. */
  readonly #trajectories = new Map<number, { observation: number; published: number }>();

  constructor(node: RosNode) {
    const sensor = sensorData(5);
    node.createSubscription(
      'cosmos_humanoid/msg/ActionPrediction',
      'cosmos/action_prediction',
      reliable(5),
      (message) => this.#pass('cosmos_inference', message, 'camera_fusion'),
    );
    node.createSubscription('cosmos_humanoid/msg/ActionChunk', 'action_decoder/action_chunk', reliable(5), (message) =>
      this.#pass('action_decoder', message, 'cosmos_inference'),
    );
    node.createSubscription('cosmos_humanoid/msg/FusedObservation', 'camera_fusion/observation', sensor, (message) =>
      this.#start(message),
    );
    node.createSubscription('cosmos_humanoid/msg/HandReference', 'motion_planner/hand_reference', sensor, (message) =>
      this.#plan(message),
    );
    node.createSubscription('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensor, (message) =>
      this.#apply(message),
    );
  }

  /** Forgets what was measured. */
  reset(): void {
    for (const samples of this.#samples.values()) samples.length = 0;
  }

  /** What was measured since the start or the last reset; stages without a sample are left out. */
  report(): Partial<Record<Stage, Percentiles>> {
    const report: Partial<Record<Stage, Percentiles>> = {};
    for (const [stage, samples] of this.#samples) {
      if (samples.length > 0) report[stage] = { p50: percentile(samples, 0.5), p99: percentile(samples, 0.99) };
    }
    return report;
  }

  #start({ header, published }: Message<'cosmos_humanoid/msg/FusedObservation'>): void {
    const observation = toSeconds(header.stamp);
    this.#record('camera_fusion', toSeconds(published) - observation);
    this.#follow(observation, 'camera_fusion', toSeconds(published));
  }

  #pass(
    stage: Stage,
    { header, published }: Pick<Message<'cosmos_humanoid/msg/ActionChunk'>, 'header' | 'published'>,
    after: Stage,
  ): void {
    const observation = toSeconds(header.stamp);
    const reached = this.#reached.get(observation);
    if (reached?.stage === after) this.#record(stage, toSeconds(published) - reached.time);
    this.#follow(observation, stage, toSeconds(published));
  }

  #plan(message: Message<'cosmos_humanoid/msg/HandReference'>): void {
    const observation = toSeconds(message.observation_stamp);
    const reached = this.#reached.get(observation);
    if (reached?.stage !== 'action_decoder') return;
    const published = toSeconds(message.published);
    this.#record('motion_planner', published - reached.time);
    this.#follow(observation, 'motion_planner', published);
    this.#trajectories.set(toSeconds(message.header.stamp), { observation, published });
    forgetOldest(this.#trajectories);
  }

  #apply({ reference_stamp, reference_applied }: Message<'cosmos_humanoid/msg/ControllerState'>): void {
    const planned = this.#trajectories.get(toSeconds(reference_stamp));
    if (planned === undefined) return;
    this.#trajectories.delete(toSeconds(reference_stamp));
    this.#record('joint_controller', toSeconds(reference_applied) - planned.published);
    this.#record('camera_to_torque', toSeconds(reference_applied) - planned.observation);
  }

  #follow(observation: number, stage: Stage, time: number): void {
    this.#reached.set(observation, { stage, time });
    forgetOldest(this.#reached);
  }

  #record(stage: Stage, seconds: number): void {
    this.#samples.get(stage)!.push(1000 * seconds);
  }
}

function forgetOldest(map: Map<number, unknown>): void {
  if (map.size > followed) map.delete(map.keys().next().value!);
}
