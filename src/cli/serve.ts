import { loadTiers, TIERS } from '../deployment/tiers.js';
import { Robot } from '../robot/robot.js';
import { packagePath } from '../ros/package-path.js';
import { createInferenceServer } from '../serving/inference-server.js';
import { ServedEngine } from '../serving/served-engine.js';
import type { ServedTier } from '../serving/tier-service.js';
import { parseOptions, wholeNumber } from './options.js';
import { createTierEngine } from './serve/tier-engine.js';
import { byTier, tierOf } from './serve/tier-options.js';

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
const TOKEN_VARIABLE = 'COSMOS_TOKEN';

const usage = `
npm run serve -- [options]

The inference service: POST /v1/cosmos/TIER with an image, joint positions and an instruction (and depth, for a model of
this package); the answer is what the robot should do. Besides GET /health, /metrics (Prometheus) and /openapi.json.

  --tier TIER             of config/deployment.yaml: ${TIERS.join(', ')} (micro); may be given several times
  --server TIER=URL       address of the policy server that answers for the tier (that of its embodiment map)
  --embodiment TIER=FILE  embodiment map of the policy server, which names its protocol (that of config/deployment.yaml)
  --host HOST             address to listen on (127.0.0.1); any other than loopback needs a token in ${TOKEN_VARIABLE}
  --port N                (8080)
  --threads N             CPU threads of the networks (2)
  --batch N               requests that a network of this package encodes together at most (8)

  npm run serve -- --tier micro --tier nano --server nano=ws://gpu:8000
  npm run serve -- --tier nano --embodiment nano=config/policies/openpi_droid.yaml --server nano=ws://gpu:8000
`;

const { values } = parseOptions(usage, {
  tier: { type: 'string', multiple: true, default: ['micro'] },
  server: { type: 'string', multiple: true, default: [] },
  embodiment: { type: 'string', multiple: true, default: [] },
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '8080' },
  threads: { type: 'string', default: '2' },
  batch: { type: 'string', default: '8' },
});

async function main(): Promise<void> {
  const { host } = values;
  const names = [...new Set(values.tier.map((text) => tierOf('tier', text)))];
  const servers = byTier('server', values.server, names);
  const embodiments = byTier('embodiment', values.embodiment, names);
  const threads = wholeNumber('threads', values.threads, 1);
  const batch = wholeNumber('batch', values.batch, 1);
  const port = wholeNumber('port', values.port);
  const token = process.env[TOKEN_VARIABLE];
  if (!LOOPBACK.includes(host) && !token) {
    throw new Error(`--host ${host} is open to others: set ${TOKEN_VARIABLE} to a secret, which they must then name`);
  }

  const deployment = loadTiers(packagePath('config/deployment.yaml'));
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const tiers: ServedTier[] = [];
  for (const name of names) {
    const { api } = deployment[name];
    if (api === undefined) throw new Error(`config/deployment.yaml: ${name}: api is missing; name its endpoint`);
    const engine = await createTierEngine(name, deployment, {
      robot,
      threads,
      batch,
      embodiment: embodiments.get(name),
      url: servers.get(name),
      locate: packagePath,
    });
    const { endpoint, max_concurrent_requests: maxConcurrentRequests, timeout } = api;
    tiers.push({ name, engine, endpoint, maxConcurrentRequests, timeout });
  }
  const server = await createInferenceServer(tiers, token);
  const address = await server.listen({ host, port });
  for (const { name, engine, endpoint } of tiers) {
    console.log(`${deployment[name as keyof typeof deployment].model.name}: POST ${address}${endpoint}`);
    // A policy server may come later: until then its requests are answered with 503.
    if (engine instanceof ServedEngine) {
      engine.connect().catch((error: Error) => console.error(`${name}: no policy server yet: ${error.message}`));
    }
  }
  const stop = async () => {
    await server.close();
    process.exit(0);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

await main().catch((error: NodeJS.ErrnoException) => {
  const inUse = error.code === 'EADDRINUSE';
  console.error(`serve: ${inUse ? `port ${values.port} is in use; name another with --port` : error.message}`);
  process.exitCode = 1;
});
