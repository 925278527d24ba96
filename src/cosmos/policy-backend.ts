import type { Arm } from '../action/action-chunk.js';

/** What a policy sees at one moment. */
export interface PolicyObservation {
  /** Time of the newest image, s. */
  stamp: number;
  /**
   * [T, 6, 48, 64], oldest frame first: red, green, blue in 0 … 1, then x, y, z in base_link, m (0, 0, 0 where there
   * is no depth).
   */
  image: Float32Array;
  /** 27 numbers, laid out as `proprioception.ts` says. */
  proprioception: Float32Array;
  instruction: string;
}

/** How a policy is asked. */
export interface InferenceOptions {
  /** Number of action chunks to sample, at least 1. */
  candidates: number;
  /** Integration steps of the action decoder, at least 1. */
  steps: number;
  /** Seed of the sampler's noise: the same observation, options and seed give the same prediction. */
  seed: number;
  /**
   * The part of the chunk under execution that is still ahead, waypoints × 7, relative to the present anchor
   * (`reanchorActions`). The best candidate is then also the one that continues it.
   */
  previous?: Float64Array;
}

/** An object as the policy perceives it. */
export interface ObjectEstimate {
  /** The role of the slot: `target` is what the instruction names, `receptacle` where it goes. */
  slot: string;
  /** Centre in base_link, m. */
  position: [number, number, number];
  /** Standard deviation of the position along each axis, m. */
  standardDeviation: number;
}

/** What a policy answers. */
export interface PolicyPrediction {
  /** Identifier of the policy that answered, `id@version`. */
  policy: string;
  /** Stamp of the observation, s. */
  stamp: number;
  /** candidates × horizon × 7, physical units (m, rad, 0 … 1), relative to the gripper's pose commanded at `stamp`. */
  actions: Float64Array;
  candidates: number;
  /** Waypoints of a candidate. */
  horizon: number;
  /** Index of the candidate to execute. */
  best: number;
  /** 0 … 1: how far the candidates agree and how well the objects are localised. */
  confidence: number;
  /** 0 … 1 for each candidate: the share of its waypoints that lie within what the demonstrations covered. */
  feasibility: Float64Array;
  objects: ObjectEstimate[];
  /** Words of the instruction that the policy has never seen. */
  unknownWords: string[];
  /** Duration of each stage, ms. */
  timings: { tokenize: number; encode: number; decode: number };
}

/** What the rest of the system must know about a policy. */
export interface PolicyDescription {
  /** `id@version` */
  policy: string;
  arm: Arm;
  /** Waypoints of a chunk. */
  horizon: number;
  /** Time between waypoints, s. */
  dt: number;
  /** Frames in an observation. */
  history: number;
  /** Time between the frames of an observation, s. */
  historySpacing: number;
}

/** A policy, wherever it runs: observation in, action chunks and predictions out. */
export interface PolicyBackend {
  /** Kind of backend, such as `onnx`. */
  readonly id: string;
  /** Known once loaded. */
  readonly description: PolicyDescription;
  /** Makes the policy ready to answer; rejects with what is wrong and how to mend it. */
  load(): Promise<void>;
  /** Answers one observation; one at a time. Rejects on malformed input and on output that is not finite. */
  infer(observation: PolicyObservation, options: InferenceOptions): Promise<PolicyPrediction>;
  /** Releases what {@link load} took. */
  dispose(): Promise<void>;
}

/** The actions of the candidate to execute, horizon × 7. */
export function bestActions(prediction: PolicyPrediction): Float64Array {
  const size = prediction.actions.length / prediction.candidates;
  return prediction.actions.subarray(prediction.best * size, (prediction.best + 1) * size);
}
