import type { ActionChunk, Arm } from '../action/action-chunk.js';
import { decodeActions, reanchorActions } from '../action/action-space.js';
import {
  type BackendSession,
  bestActions,
  type PolicyBackend,
  type PolicyPrediction,
  type PolicySenses,
} from './policy-backend.js';

export interface PolicySessionOptions {
  /** Action chunks sampled for each observation. */
  readonly candidates: number;
  /** Steps of the action sampler. */
  readonly steps: number;
}

export const defaultPolicySession: PolicySessionOptions = { candidates: 5, steps: 4 };

/** A prediction and the chunk of its best candidate. */
export interface PolicyAnswer {
  readonly prediction: PolicyPrediction;
  readonly chunk: ActionChunk;
  /** What each gripper was commanded at the observation: what actions are relative to. x, y, z (m) and quaternion, in base_link. */
  readonly anchors: Readonly<Record<Arm, Float64Array>>;
}

/** Carries out one instruction after the other with a policy, and lets every prediction continue the one before. */
export class PolicySession {
  readonly #backend: PolicyBackend;
  readonly #session: BackendSession;
  readonly #options: PolicySessionOptions;
  readonly #running = new Map<Arm, ActionChunk>();

  /** @param backend loaded */
  constructor(backend: PolicyBackend, options = defaultPolicySession) {
    this.#backend = backend;
    this.#session = backend.createSession();
    this.#options = options;
  }

  /** Forgets what was seen and predicted: for a new instruction. */
  reset(): void {
    this.#session.reset();
    this.#running.clear();
  }

  /** Sees without being asked what to do; in order of time. */
  observe(senses: PolicySenses): void {
    this.#session.observe?.(senses);
  }

  /**
   * Predicts what to do.
   * @param seed of the sampler; by default the observation's time in milliseconds
   * @returns one answer for each arm that is to move
   * @throws Error for input that is not finite or of the wrong size
   */
  async infer(
    senses: PolicySenses,
    instruction: string,
    options = this.#options,
    seed?: number,
  ): Promise<readonly PolicyAnswer[]> {
    const { stamp, hands } = senses;
    const previous: Partial<Record<Arm, Float64Array>> = {};
    for (const [arm, chunk] of this.#running) {
      const rest = reanchorActions(chunk, stamp, hands[arm].commandedPose);
      if (rest.length > 0) previous[arm] = rest;
    }
    const asked = { ...options, seed: seed ?? Math.round(stamp * 1000), previous };
    const predictions = await this.#session.infer(senses, instruction, asked);
    const { dt } = this.#backend.description;
    const anchors = { left: hands.left.commandedPose.slice(), right: hands.right.commandedPose.slice() };
    this.#running.clear();
    return predictions.map((prediction) => {
      const { arm } = prediction;
      const chunk = decodeActions(bestActions(prediction), { stamp, dt, arm, anchor: anchors[arm] });
      this.#running.set(arm, chunk);
      return { prediction, chunk, anchors };
    });
  }
}
