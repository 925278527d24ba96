import type {
  BackendSession,
  InferenceOptions,
  PolicyBackend,
  PolicyPrediction,
  PolicySenses,
} from '../cosmos/policy-backend.js';

/** How the sessions of a policy kept to its budget. */
export interface DeadlineCounts {
  /** Answers given in time. */
  answered: number;
  /** Questions that got none. */
  dropped: number;
}

/** The same policy with a latency budget, s: see {@link DeadlineSession}. */
export function withDeadline(backend: PolicyBackend, budget: number, counts: DeadlineCounts): PolicyBackend {
  return {
    get description() {
      return backend.description;
    },
    load: () => backend.load(),
    createSession: () => new DeadlineSession(backend.createSession(), budget, counts),
    dispose: () => backend.dispose(),
  };
}

/**
 * A session that keeps to a latency budget, as the article's edge engine promises: an answer that comes later is
 * dropped and counted, and the robot goes on with what it has. A question that is asked while a late answer is still
 * being computed is refused at once, since it could not be answered in time either.
 */
export class DeadlineSession implements BackendSession {
  readonly #session: BackendSession;
  readonly #budget: number;
  readonly #counts: DeadlineCounts;
  #running: Promise<unknown> | undefined;

  /** @param budget s @param counts kept up to date */
  constructor(session: BackendSession, budget: number, counts: DeadlineCounts) {
    this.#session = session;
    this.#budget = budget;
    this.#counts = counts;
  }

  reset(): void {
    this.#session.reset();
  }

  observe(senses: PolicySenses): void {
    this.#session.observe?.(senses);
  }

  /** Rejects when the budget is spent. */
  async infer(
    senses: PolicySenses,
    instruction: string,
    options: InferenceOptions,
  ): Promise<readonly PolicyPrediction[]> {
    const budget = `${Math.round(1000 * this.#budget)} ms`;
    if (this.#running !== undefined) {
      this.#counts.dropped++;
      throw new Error(`policy: the answer before is later than ${budget} and still being computed`);
    }
    const begin = performance.now();
    const answer = this.#session.infer(senses, instruction, options);
    this.#running = answer.then(
      () => undefined,
      () => undefined,
    );
    void this.#running.then(() => {
      this.#running = undefined;
    });
    const late = () => new Error(`policy: no answer within ${budget}`);
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(late()), 1000 * this.#budget);
    });
    try {
      const predictions = await Promise.race([answer, deadline]);
      // Where this thread was held up, so was its timer.
      if (performance.now() - begin > 1000 * this.#budget) throw late();
      this.#counts.answered++;
      return predictions;
    } catch (error) {
      this.#counts.dropped++;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
