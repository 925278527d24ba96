/** Why a question got no answer. */
export class QueueError extends Error {
  /** `full`: too many wait already; `late`: the answer took too long; `closed`: the service ends. */
  readonly reason: 'full' | 'late' | 'closed';

  constructor(reason: QueueError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface BatchQueueOptions {
  /** Questions that may wait or be under way. */
  readonly capacity: number;
  /** Questions that are answered together at most. */
  readonly batch: number;
  /** Longest wait for an answer, s. */
  readonly timeout: number;
}

interface Entry<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: Error) => void;
  timer?: NodeJS.Timeout;
}

/**
 * Answers questions in the order in which they come, those that wait together as one batch: while one batch is being
 * answered, the next one gathers. Bounded in number and in time.
 */
export class BatchQueue<Q, A> {
  readonly #options: BatchQueueOptions;
  readonly #answer: (questions: readonly Q[]) => Promise<readonly A[]>;
  readonly #waiting: Entry<Q, A>[] = [];
  #underWay = 0;
  #closed = false;

  /** @param answer gives as many answers as there are questions, in their order */
  constructor(options: BatchQueueOptions, answer: (questions: readonly Q[]) => Promise<readonly A[]>) {
    this.#options = options;
    this.#answer = answer;
  }

  /** Questions that wait or are under way. */
  get size(): number {
    return this.#waiting.length + this.#underWay;
  }

  /** Why there is no room for another question; undefined where there is. */
  get refusal(): QueueError | undefined {
    const { capacity } = this.#options;
    if (this.#closed) return new QueueError('closed', 'the service is ending');
    if (this.size < capacity) return undefined;
    return new QueueError('full', `${capacity} requests are being answered; try again later`);
  }

  /** @throws QueueError where there is no room or no answer in time, and whatever answering throws */
  ask(question: Q): Promise<A> {
    const { timeout } = this.#options;
    const { refusal } = this;
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise<A>((resolve, reject) => {
      const entry: Entry<Q, A> = { question, resolve, reject };
      entry.timer = setTimeout(() => this.#giveUp(entry), 1000 * timeout);
      this.#waiting.push(entry);
      if (this.#underWay === 0) void this.#run();
    });
  }

  /** Takes no more questions and turns away those that wait. */
  close(): void {
    this.#closed = true;
    for (const { timer, reject } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(new QueueError('closed', 'the service is ending'));
    }
  }

  #giveUp(entry: Entry<Q, A>): void {
    const place = this.#waiting.indexOf(entry);
    if (place >= 0) this.#waiting.splice(place, 1);
    entry.reject(new QueueError('late', `no answer within ${this.#options.timeout} s`));
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entries = this.#waiting.splice(0, this.#options.batch);
      this.#underWay = entries.length;
      try {
        const answers = await this.#answer(entries.map(({ question }) => question));
        for (const [i, { resolve }] of entries.entries()) resolve(answers[i]!);
      } catch (error) {
        for (const { reject } of entries) reject(error as Error);
      } finally {
        for (const { timer } of entries) clearTimeout(timer);
        this.#underWay = 0;
      }
    }
  }
}
