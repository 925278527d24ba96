import type { z } from 'zod';
import type { PolicyPrediction } from '../cosmos/policy-backend.js';

/** What an engine answers: one prediction for each arm that is to move, and the time between their waypoints, s. */
export interface EngineAnswer {
  readonly predictions: readonly PolicyPrediction[];
  readonly dt: number;
}

/** What answers the requests of a tier. `Q` is a request in its form. */
export interface InferenceEngine<Q = unknown> {
  /** What answers, in words. */
  readonly policy: string;
  /** Whether it answered, or could be reached, when it was last tried. */
  readonly ready: boolean;
  /** Questions that it answers together, at most. */
  readonly batch: number;
  /** Body of a request. */
  readonly schema: z.ZodType;
  /** @throws Error naming what is wrong with the request */
  read(body: unknown): Q;
  /**
   * As many answers as there are questions, in their order.
   * @throws UnavailableError where what answers cannot be had
   */
  answer(questions: readonly Q[]): Promise<readonly EngineAnswer[]>;
}

/** What answers cannot be had now; the request may be right. */
export class UnavailableError extends Error {}
