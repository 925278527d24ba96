import { timingSafeEqual } from 'node:crypto';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { z } from 'zod';
import type { OnnxNetwork } from '../cosmos/onnx-network.js';
import type { PolicyPrediction } from '../cosmos/policy-backend.js';
import { bestActions } from '../cosmos/policy-backend.js';
import { BatchQueue, QueueError } from './batch-queue.js';
import { type InferenceQuestion, inferenceRequest, type RequestReader } from './inference-request.js';
import { ServiceMetrics } from './service-metrics.js';

/** Largest request, bytes: raw colour and depth of 1280 × 960 pixels in base64 fit. */
const BODY_LIMIT = 16 * 2 ** 20;
const STATUS: Readonly<Record<QueueError['reason'], number>> = { full: 429, late: 503, closed: 503 };

export interface InferenceServerOptions {
  /** Path of the inference, such as /v1/cosmos/micro. */
  readonly endpoint: string;
  /** Requests that may wait or be under way; more are turned away with 429. */
  readonly maxConcurrentRequests: number;
  /** Longest wait for an answer, s; then 503. */
  readonly timeout: number;
  /** Requests that are encoded together at most. */
  readonly batch: number;
  /** What requests must carry as bearer token; anyone may ask where it is left out. */
  readonly token?: string | undefined;
}

/**
 * The article's inference service (section 4.2: endpoint, concurrent requests, time-out): asks the network what the
 * robot of a request should do. Beside it, GET /health, /metrics (Prometheus) and /openapi.json.
 */
export async function createInferenceServer(
  network: OnnxNetwork,
  reader: RequestReader,
  options: InferenceServerOptions,
): Promise<FastifyInstance> {
  const { endpoint, maxConcurrentRequests: capacity, timeout, batch, token } = options;
  const queue = new BatchQueue<InferenceQuestion, PolicyPrediction>({ capacity, batch, timeout }, (questions) => {
    metrics.batch(questions.length);
    return network.inferBatch(
      questions.map(({ observation }) => observation),
      questions.map((question) => question.options),
    );
  });
  const metrics = new ServiceMetrics(() => queue.size);
  const server = fastify({ bodyLimit: BODY_LIMIT });
  const { id, version, dt } = network.card;
  await server.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: `${id} inference`, version, license: { name: 'Apache-2.0' } } },
  });
  // Bodies are checked by the schema itself, whose messages name key and value.
  server.setValidatorCompiler(() => () => true);
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ error: error.message }),
  );
  server.addHook('onClose', async () => queue.close());
  if (token !== undefined) {
    server.addHook('onRequest', async (request, reply) => {
      if (request.url !== '/health' && !carries(request.headers.authorization, token)) {
        await reply.code(401).send({ error: 'this service needs its token: Authorization: Bearer TOKEN' });
      }
    });
  }
  // Turned away before its body is read: that is most of what a request costs.
  server.addHook('onRequest', async (request, reply) => {
    const { refusal } = queue;
    if (request.routeOptions.url === endpoint && refusal !== undefined) await refuse(reply, refusal);
  });
  server.addHook('onResponse', async (request, reply) => {
    if (request.routeOptions.url === endpoint) metrics.request(reply.statusCode, reply.elapsedTime / 1000);
  });

  const body = z.toJSONSchema(inferenceRequest, { io: 'input', target: 'draft-7' });
  server.post(endpoint, { schema: { summary: 'What the robot should do.', body } }, async (request, reply) => {
    const parsed = inferenceRequest.safeParse(request.body, { reportInput: false });
    if (!parsed.success) {
      const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
      return reply.code(400).send({ error: problems.join('; ') });
    }
    let question: InferenceQuestion;
    try {
      question = reader.read(parsed.data);
    } catch (error) {
      return reply.code(400).send({ error: (error as Error).message });
    }
    try {
      return answerOf(await queue.ask(question), dt);
    } catch (error) {
      if (!(error instanceof QueueError)) throw error;
      return refuse(reply, error);
    }
  });
  server.get('/health', async () => ({ status: 'ready', model: `${id}@${version}`, in_progress: queue.size }));
  server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
  return server;
}

function refuse(reply: FastifyReply, { reason, message }: QueueError): FastifyReply {
  return reply.code(STATUS[reason]).header('retry-after', '1').send({ error: message });
}

function answerOf(prediction: PolicyPrediction, dt: number) {
  const { policy, arm, horizon, confidence, feasibility, best, objects, unknownWords, timings } = prediction;
  const actions = bestActions(prediction);
  return {
    policy,
    arm,
    dt,
    // Rows: position (m) and rotation vector (rad) relative to the commanded hand, gripper 0 … 1.
    actions: Array.from({ length: horizon }, (_, k) => [...actions.subarray(7 * k, 7 * k + 7)]),
    confidence,
    feasibility: feasibility[best],
    objects: objects.map(({ slot, position, standardDeviation }) => ({ slot, position, deviation: standardDeviation })),
    unknown_words: unknownWords,
    timings_ms: timings,
  };
}

/** Compared in constant time. */
function carries(authorization: string | undefined, token: string): boolean {
  const given = Buffer.from(authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
