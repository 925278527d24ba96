import type { ActionChunk } from '../action/action-chunk.js';
import { decodeActions, reanchorActions } from '../action/action-space.js';
import { composePolicyImage, createPolicyImage, type PolicyFrame } from '../perception/policy-image.js';
import { ObservationHistory } from './observation-history.js';
import { bestActions, type PolicyBackend, type PolicyPrediction } from './policy-backend.js';
import { PROPRIOCEPTION_DIMENSION, Proprioception } from './proprioception.js';

export interface PolicySessionOptions {
  /** Action chunks sampled for each observation. */
  readonly candidates: number;
  /** Steps of the action sampler. */
  readonly steps: number;
}

export const defaultPolicySession: PolicySessionOptions = { candidates: 4, steps: 4 };

/** What the robot senses at one moment. Poses: x, y, z (m) and quaternion x, y, z, w of the gripper in base_link. */
export interface PolicySenses {
  /** s */
  readonly stamp: number;
  /** What the policy's camera saw. */
  readonly frame: PolicyFrame;
  readonly commandedPose: Float64Array;
  /** 0 open … 1 closed */
  readonly commandedGripper: number;
  readonly measuredPose: Float64Array;
  /** All joints, rad. */
  readonly positions: Float64Array;
}

/** A prediction and the chunk of its best candidate. */
export interface PolicyAnswer {
  readonly prediction: PolicyPrediction;
  readonly chunk: ActionChunk;
}

/**
 * Carries out one instruction after the other with a policy: keeps the history of observations, builds the policy's
 * input, and lets every prediction continue the one before.
 */
export class PolicySession {
  readonly #backend: PolicyBackend;
  readonly #options: PolicySessionOptions;
  readonly #image = createPolicyImage();
  readonly #history: ObservationHistory;
  readonly #proprioception: Proprioception;
  readonly #vector = new Float32Array(PROPRIOCEPTION_DIMENSION);
  #running: ActionChunk | undefined;

  /**
   * @param backend loaded
   * @param jointNames the robot's joints, in the order of position vectors
   */
  constructor(backend: PolicyBackend, jointNames: readonly string[], options = defaultPolicySession) {
    const { arm, history, historySpacing } = backend.description;
    this.#backend = backend;
    this.#options = options;
    this.#history = new ObservationHistory(history, historySpacing, this.#image.length);
    this.#proprioception = new Proprioception(jointNames, arm);
  }

  /** Forgets what was seen and predicted: for a new instruction. */
  reset(): void {
    this.#history.clear();
    this.#running = undefined;
  }

  /**
   * Predicts what to do.
   * @param seed of the sampler; by default the observation's time in milliseconds
   * @throws Error for input that is not finite or of the wrong size
   */
  async infer(
    senses: PolicySenses,
    instruction: string,
    options = this.#options,
    seed?: number,
  ): Promise<PolicyAnswer> {
    const { stamp, frame, commandedPose, commandedGripper, measuredPose, positions } = senses;
    composePolicyImage(frame, this.#image);
    this.#history.push(stamp, this.#image);
    this.#proprioception.write(commandedPose, measuredPose, commandedGripper, positions, this.#vector);
    const previous = this.#running && reanchorActions(this.#running, stamp, commandedPose);
    const prediction = await this.#backend.infer(
      { stamp, image: this.#history.observation(), proprioception: this.#vector, instruction },
      {
        ...options,
        seed: seed ?? Math.round(stamp * 1000),
        ...(previous !== undefined && previous.length > 0 ? { previous } : {}),
      },
    );
    const { dt, arm } = this.#backend.description;
    const chunk = decodeActions(bestActions(prediction), { stamp, dt, arm, anchor: commandedPose.slice() });
    this.#running = chunk;
    return { prediction, chunk };
  }
}
