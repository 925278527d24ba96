import { timingSafeEqual } from 'node:crypto';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance } from 'fastify';
import { ServiceMetrics } from './service-metrics.js';
import { type ServedTier, TierService } from './tier-service.js';

/** Largest request, bytes: raw colour and depth of 1280 × 960 pixels in base64 fit. */
const BODY_LIMIT = 16 * 2 ** 20;

/**
 * The article's inference service (section 4.2: endpoint, concurrent requests, time-out): asks what a tier's answers
 * come from what the robot of a request should do. Beside it, GET /health, /metrics (Prometheus) and /openapi.json.
 * @param token what requests must carry as bearer token; anyone may ask where it is left out
 */
export async function createInferenceServer(tiers: readonly ServedTier[], token?: string): Promise<FastifyInstance> {
  const metrics = new ServiceMetrics();
  const services = new Map(tiers.map((tier) => [tier.name, new TierService(tier, metrics)]));
  const server = fastify({ bodyLimit: BODY_LIMIT });
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'cosmos_humanoid inference', version: '1', license: { name: 'Apache-2.0' } },
    },
  });
  // Bodies are checked by the schema itself, whose messages name key and value.
  server.setValidatorCompiler(() => () => true);
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ error: error.message }),
  );
  server.setNotFoundHandler((request, reply) => {
    const served = tiers.map(({ endpoint }) => `POST ${endpoint}`).join(', ');
    return reply.code(404).send({ error: `${request.method} ${request.url} is not served; served: ${served}` });
  });
  server.addHook('onClose', async () => {
    for (const service of services.values()) service.close();
  });
  if (token !== undefined) {
    server.addHook('onRequest', async (request, reply) => {
      if (request.url !== '/health' && !carries(request.headers.authorization, token)) {
        await reply.code(401).send({ error: 'this service needs its token: Authorization: Bearer TOKEN' });
      }
    });
  }
  for (const service of services.values()) service.register(server);
  server.get('/health', async () => {
    const states = Object.fromEntries([...services].map(([name, { health }]) => [name, health]));
    const ready = Object.values(states).some(({ status }) => status === 'ready');
    return { status: ready ? 'ready' : 'unavailable', tiers: states };
  });
  server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
  return server;
}

/** Compared in constant time. */
function carries(authorization: string | undefined, token: string): boolean {
  const given = Buffer.from(authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
