import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { OnnxNetwork } from '../src/cosmos/onnx-network.js';
import { percentile } from '../src/math/percentile.js';
import { Kinematics } from '../src/robot/kinematics.js';
import { Robot } from '../src/robot/robot.js';
import { packagePath } from '../src/ros/package-path.js';
import { inferenceRequest, RequestReader } from '../src/serving/inference-request.js';
import { createInferenceServer } from '../src/serving/inference-server.js';

const CLIENTS = [1, 10, 100, 300];
/** How long each number of clients asks, s. */
const DURATION = 8;
/** How long memory is watched, s. */
const LONG = 30;
const [WIDTH, HEIGHT] = [320, 240];

/** What clients saw: ms of each answer, how many were turned away with 429, and how many failed otherwise. */
interface Load {
  readonly latencies: number[];
  readonly refused: number;
  readonly failed: number;
  /** Until the last answer, s. */
  readonly seconds: number;
}

/**
 * Load on the inference service: 1, 10, 100 and 300 clients that ask again as soon as they are answered, over HTTP.
 * Throughput (answers a second), latency of the answered (ms), how many were turned away with 429, anything else (which
 * should be 0), and how much more memory the service has than after its first full load; then how its memory grows over
 * half a minute at full load. Beside it the bare network in the same process, one question after the other.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const network = new OnnxNetwork(packagePath('models/cosmos3_micro'), 2);
  await network.load();
  const reader = new RequestReader(robot, await Kinematics.create(robot), network.card);
  const endpoint = '/v1/cosmos/micro';
  const limits = { maxConcurrentRequests: 100, timeout: 30, batch: 8 };
  const server = await createInferenceServer(network, reader, { endpoint, ...limits });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  try {
    return await measure(network, reader, port, endpoint, limits.maxConcurrentRequests);
  } finally {
    await server.close();
    await network.dispose();
  }
}

async function measure(network: OnnxNetwork, reader: RequestReader, port: number, endpoint: string, most: number) {
  const body = question();
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  const alone = await bareThroughput(network, reader, body);
  figures.bare_network_per_s = alone;
  await load(most, port, endpoint, body, DURATION);
  const warm = memory();
  for (const clients of CLIENTS) {
    const { latencies, refused, failed, seconds } = await load(clients, port, endpoint, body, DURATION);
    const name = `clients_${clients}`;
    figures[`${name}_per_s`] = latencies.length / seconds;
    figures[`${name}_p50_ms`] = percentile(latencies, 0.5);
    figures[`${name}_p99_ms`] = percentile(latencies, 0.99);
    figures[`${name}_refused`] = refused;
    figures[`${name}_failed`] = failed;
    figures[`${name}_memory_growth_mb`] = memory() - warm;
    ratios[`${name}_throughput_over_bare`] = figures[`${name}_per_s`] / alone;
  }
  const before = memory();
  const { failed } = await load(most, port, endpoint, body, LONG);
  figures.long_memory_growth_mb = memory() - before;
  figures.long_failed = failed;
  return { figures, ratios };
}

function question(): string {
  const base64 = (bytes: ArrayBufferView) => Buffer.from(bytes.buffer).toString('base64');
  return JSON.stringify({
    instruction: 'pick up the red cup and place it in the bin',
    image: { format: 'rgb8', width: WIDTH, height: HEIGHT, data: base64(new Uint8Array(3 * WIDTH * HEIGHT).fill(90)) },
    depth: { format: '32fc1', data: base64(new Float32Array(WIDTH * HEIGHT).fill(0.8)) },
    camera: { fx: 190, fy: 190, cx: 160, cy: 120, pose: [0.1, 0, 0.5, 0, Math.SQRT1_2, 0, Math.SQRT1_2] },
    joint_positions: { right_elbow_joint: 0.3 },
  });
}

/** Answers a second of the network itself. */
async function bareThroughput(network: OnnxNetwork, reader: RequestReader, body: string): Promise<number> {
  const { observation, options } = reader.read(inferenceRequest.parse(JSON.parse(body)));
  const start = performance.now();
  let answers = 0;
  while (performance.now() - start < (1000 * DURATION) / 2) {
    await network.infer(observation, options);
    answers++;
  }
  return answers / ((performance.now() - start) / 1000);
}

/** Lets clients in a process of their own ask for a while. @param duration s */
async function load(clients: number, port: number, path: string, body: string, duration: number): Promise<Load> {
  const program = fileURLToPath(new URL('serving-clients.js', import.meta.url));
  const values = [port, path, clients, duration].map(String);
  const child = spawn(process.execPath, [program, ...values], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(body);
  return (await json(child.stdout)) as Load;
}

/** Memory of this process, MB. */
function memory(): number {
  return process.memoryUsage().rss / 1e6;
}
