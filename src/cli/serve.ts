import { OnnxNetwork } from '../cosmos/onnx-network.js';
import { executionOf } from '../deployment/execution.js';
import { missingFor, probeHardware, runnableTiers } from '../deployment/hardware-probe.js';
import { isTier, loadTiers, TIERS } from '../deployment/tiers.js';
import { Kinematics } from '../robot/kinematics.js';
import { Robot } from '../robot/robot.js';
import { packagePath } from '../ros/package-path.js';
import { RequestReader } from '../serving/inference-request.js';
import { createInferenceServer } from '../serving/inference-server.js';
import { parseOptions, wholeNumber } from './options.js';

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
const TOKEN_VARIABLE = 'COSMOS_TOKEN';

const usage = `
npm run serve -- [options]

The inference service: POST /v1/cosmos/TIER with an image, depth, joint positions and an instruction; the answer is what
the robot should do. Besides GET /health, /metrics (Prometheus) and /openapi.json.

  --tier TIER    of config/deployment.yaml: ${TIERS.join(', ')} (micro)
  --host HOST    address to listen on (127.0.0.1); any other than loopback needs a token in ${TOKEN_VARIABLE}
  --port N       (8080)
  --threads N    CPU threads of the networks (2)
  --batch N      requests that are encoded together at most (8)
`;

const { values } = parseOptions(usage, {
  tier: { type: 'string', default: 'micro' },
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '8080' },
  threads: { type: 'string', default: '2' },
  batch: { type: 'string', default: '8' },
});

async function main(): Promise<void> {
  const { tier, host } = values;
  if (!isTier(tier)) throw new Error(`--tier is '${tier}'; it must be one of ${TIERS.join(', ')}`);
  const tiers = loadTiers(packagePath('config/deployment.yaml'));
  const { serve, api, model } = tiers[tier];
  const hardware = await probeHardware();
  const missing = missingFor(tiers[tier], hardware);
  if (missing.length > 0 || serve.backend !== 'onnx') {
    const reason =
      missing.length > 0 ? `it needs ${missing.join(', ')}` : `its answers come from a ${serve.backend} server`;
    const others = runnableTiers(tiers, hardware).filter((name) => tiers[name].serve.backend === 'onnx');
    throw new Error(`tier ${tier} (${model.name}) cannot be served here: ${reason}; served here: ${others.join(', ')}`);
  }
  if (api === undefined) throw new Error(`config/deployment.yaml: ${tier}: api is missing; name its endpoint`);
  const token = process.env[TOKEN_VARIABLE];
  if (!LOOPBACK.includes(host) && !token) {
    throw new Error(`--host ${host} is open to others: set ${TOKEN_VARIABLE} to a secret, which they must then name`);
  }

  const robot = Robot.load(packagePath('config/robot.yaml'));
  const threads = wholeNumber('threads', values.threads, 1);
  const execution = executionOf(tier, tiers[tier], hardware);
  const network = new OnnxNetwork(packagePath(serve.model), threads, execution);
  await network.load();
  const reader = new RequestReader(robot, await Kinematics.create(robot), network.card);
  const server = await createInferenceServer(network, reader, {
    endpoint: api.endpoint,
    maxConcurrentRequests: api.max_concurrent_requests,
    timeout: api.timeout,
    batch: wholeNumber('batch', values.batch, 1),
    token,
  });
  const address = await server.listen({ host, port: wholeNumber('port', values.port) });
  console.log(`${model.name}: POST ${address}${api.endpoint}`);
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
