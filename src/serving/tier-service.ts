import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { PolicyPrediction } from '../cosmos/policy-backend.js';
import { bestActions } from '../cosmos/policy-backend.js';
import { BatchQueue, QueueError } from './batch-queue.js';
import { type EngineAnswer, type InferenceEngine, UnavailableError } from './inference-engine.js';
import type { ServiceMetrics } from './service-metrics.js';

const STATUS: Readonly<Record<QueueError['reason'], number>> = { full: 429, late: 503, closed: 503 };

/** A tier that is served. */
export interface ServedTier {
  readonly name: string;
  readonly engine: InferenceEngine;
  /** Path of the inference, such as /v1/cosmos/micro. */
  readonly endpoint: string;
  /** Requests that may wait or be under way; more are turned away with 429. */
  readonly maxConcurrentRequests: number;
  /** Longest wait for an answer, s; then 503. */
  readonly timeout: number;
}

/** The requests of one tier: its queue, its endpoint, its figures. What happens to one tier does not reach the others. */
export class TierService {
  readonly #tier: ServedTier;
  readonly #metrics: ServiceMetrics;
  readonly #queue: BatchQueue<unknown, EngineAnswer>;

  constructor(tier: ServedTier, metrics: ServiceMetrics) {
    const { name, engine, maxConcurrentRequests: capacity, timeout } = tier;
    this.#tier = tier;
    this.#metrics = metrics;
    this.#queue = new BatchQueue({ capacity, batch: engine.batch, timeout }, (questions) => {
      metrics.batch(name, questions.length);
      return engine.answer(questions);
    });
    metrics.watch(name, () => this.#queue.size);
  }

  get health() {
    const { policy, ready } = this.#tier.engine;
    return { status: ready ? 'ready' : 'unavailable', model: policy, in_progress: this.#queue.size };
  }

  /** Takes no more requests. */
  close(): void {
    this.#queue.close();
  }

  /** Opens the endpoint. */
  register(server: FastifyInstance): void {
    const { name, engine, endpoint } = this.#tier;
    const body = z.toJSONSchema(engine.schema, { io: 'input', target: 'draft-7' });
    const summary = `What the robot should do, by ${engine.policy} (tier ${name}).`;
    server.post(
      endpoint,
      {
        schema: { summary, body },
        // Turned away before its body is read: that is most of what a request costs.
        onRequest: async (_request, reply) => {
          const { refusal } = this.#queue;
          if (refusal !== undefined) await refuse(reply, STATUS[refusal.reason], refusal);
        },
        onResponse: async (_request, reply) => {
          this.#metrics.request(name, reply.statusCode, reply.elapsedTime / 1000);
        },
      },
      async (request, reply) => {
        let question: unknown;
        try {
          question = engine.read(request.body);
        } catch (error) {
          return reply.code(400).send({ error: (error as Error).message });
        }
        // Most of a request is its pictures: those that wait would fill the memory with what has been read.
        request.body = undefined;
        try {
          return answerOf(await this.#queue.ask(question));
        } catch (error) {
          if (error instanceof QueueError) return refuse(reply, STATUS[error.reason], error);
          if (error instanceof UnavailableError) return refuse(reply, 503, error);
          throw error;
        }
      },
    );
  }
}

function refuse(reply: FastifyReply, status: number, { message }: Error): FastifyReply {
  return reply.code(status).header('retry-after', '1').send({ error: message });
}

/** A policy that moves both arms says of the second one, in `other_arm`, what it says of the first. */
function answerOf({ predictions, dt }: EngineAnswer) {
  const [first, second] = predictions;
  const { policy, unknownWords, timings } = first!;
  return {
    policy,
    dt,
    ...motionOf(first!),
    ...(second !== undefined && { other_arm: motionOf(second) }),
    unknown_words: unknownWords,
    timings_ms: timings,
  };
}

function motionOf(prediction: PolicyPrediction) {
  const { arm, horizon, confidence, feasibility, best, objects } = prediction;
  const actions = bestActions(prediction);
  return {
    arm,
    // Rows: position (m) and rotation vector (rad) relative to the commanded hand, gripper 0 … 1.
    actions: Array.from({ length: horizon }, (_, k) => [...actions.subarray(7 * k, 7 * k + 7)]),
    confidence,
    feasibility: feasibility[best],
    objects: objects.map(({ slot, position, standardDeviation }) => ({ slot, position, deviation: standardDeviation })),
  };
}
