import type { Arm } from '../action/action-chunk.js';
import type { PolicyFrame } from '../perception/policy-image.js';
import type { WorldPrediction } from './world-model.js';

/** What a policy feels of one hand. Poses: x, y, z (m) and quaternion x, y, z, w of the gripper frame in base_link. */
export interface HandSenses {
  readonly commandedPose: Float64Array;
  /** 0 open … 1 closed */
  readonly commandedGripper: number;
  readonly measuredPose: Float64Array;
}

/** A picture as a camera took it. */
export interface CameraPicture {
  readonly width: number;
  readonly height: number;
  /** rgb8, height × width × 3. */
  readonly color: Uint8Array;
}

/** What the robot senses at one moment. */
export interface PolicySenses {
  /** Exposure of the pictures, s. */
  readonly stamp: number;
  /** What the policy's own camera saw, reduced to what the built-in networks take. */
  readonly frame: PolicyFrame;
  /** The cameras' pictures by name, for policies that are served elsewhere. */
  readonly pictures: ReadonlyMap<string, CameraPicture>;
  readonly hands: Readonly<Record<Arm, HandSenses>>;
  /** All joints in URDF order, rad. */
  readonly positions: Float64Array;
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
   * For each arm, the part of the chunk under execution that is still ahead, waypoints × 7, relative to the pose
   * commanded now (`reanchorActions`). The best candidate is then also the one that continues it.
   */
  previous?: Partial<Record<Arm, Float64Array>>;
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
  /** The arm that it moves. */
  arm: Arm;
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
  /** For each candidate, why it is not carried out, in words; '' for the best. */
  rejections: string[];
  objects: ObjectEstimate[];
  /** Words of the instruction that the policy has never seen. */
  unknownWords: string[];
  /** Duration of each stage, ms. */
  timings: { tokenize: number; encode: number; decode: number };
  /**
   * What the policy expects from this observation on if an arm does these actions (horizon × 7, physical units, relative
   * to its gripper's pose commanded at `stamp`); of a policy with a world model. `pictures`: whether frames are wanted,
   * which take most of the time. Rejects for actions that are not finite or of another length.
   */
  foresee?: (actions: Float64Array, arm: Arm, pictures: boolean) => Promise<WorldPrediction>;
}

/** What the rest of the system must know about a policy. */
export interface PolicyDescription {
  /** `id@version` */
  policy: string;
  /** The arms that it may move. */
  arms: readonly Arm[];
  /** Waypoints of a chunk. */
  horizon: number;
  /** Time between waypoints, s. */
  dt: number;
}

/** A policy, wherever it runs: observation in, action chunks and predictions out. */
export interface PolicyBackend {
  /** Known once loaded. */
  readonly description: PolicyDescription;
  /** Makes the policy ready to answer; rejects with what is wrong and how to mend it. */
  load(): Promise<void>;
  /** A memory of its own for one instruction after the other. */
  createSession(): BackendSession;
  /** Releases what {@link load} took. */
  dispose(): Promise<void>;
}

/** The conversation with a policy: what it has seen so far. */
export interface BackendSession {
  /** Forgets what was seen: for a new instruction. */
  reset(): void;
  /** Sees without being asked, of a policy that looks back; in order of time. */
  observe?(senses: PolicySenses): void;
  /**
   * Answers one observation; one at a time.
   * @returns one prediction for each arm that is to move
   * Rejects on malformed input, on output that is not finite, and where the policy cannot be reached.
   */
  infer(senses: PolicySenses, instruction: string, options: InferenceOptions): Promise<readonly PolicyPrediction[]>;
}

/** The actions of the candidate to execute, horizon × 7. */
export function bestActions(prediction: PolicyPrediction): Float64Array {
  return candidateActions(prediction, prediction.best);
}

/** The actions of a candidate, horizon × 7. */
export function candidateActions({ actions, candidates }: PolicyPrediction, candidate: number): Float64Array {
  const size = actions.length / candidates;
  return actions.subarray(candidate * size, (candidate + 1) * size);
}
