import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
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
const [WIDTH, HEIGHT] = [320, 240];

/**
 * Load on the inference service: 1, 10, 100 and 300 clients that ask again as soon as they are answered, over HTTP.
 * Throughput (answers a second), latency of the answered (ms), share turned away with 429, anything else (which should
 * be 0), and the service's memory; beside it the bare network in the same process, one question after the other.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const network = new OnnxNetwork(packagePath('models/cosmos3_micro'), 2);
  await network.load();
  const reader = new RequestReader(robot, await Kinematics.create(robot), network.card.arms);
  const endpoint = '/v1/cosmos/micro';
  const limits = { maxConcurrentRequests: 100, timeout: 30, batch: 8 };
  const server = await createInferenceServer(network, reader, { endpoint, ...limits });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const body = question();

  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  const alone = await bareThroughput(network, reader, body);
  figures.bare_network_per_s = alone;
  for (const clients of CLIENTS) {
    const before = process.memoryUsage().rss;
    const { latencies, refused, failed } = await load(clients, port, endpoint, body);
    const name = `clients_${clients}`;
    figures[`${name}_per_s`] = latencies.length / DURATION;
    figures[`${name}_p50_ms`] = percentile(latencies, 0.5);
    figures[`${name}_p99_ms`] = percentile(latencies, 0.99);
    figures[`${name}_refused`] = refused;
    figures[`${name}_failed`] = failed;
    figures[`${name}_memory_growth_mb`] = (process.memoryUsage().rss - before) / 1e6;
    ratios[`${name}_throughput_over_bare`] = figures[`${name}_per_s`] / alone;
  }
  await server.close();
  await network.dispose();
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

async function load(clients: number, port: number, path: string, body: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const latencies: number[] = [];
  let refused = 0;
  let failed = 0;
  const end = performance.now() + 1000 * DURATION;
  const ask = () =>
    new Promise<number>((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (reply) => {
        reply.resume();
        reply.on('end', () => resolve(reply.statusCode ?? 0));
      });
      sent.on('error', () => resolve(0));
      sent.end(body);
    });
  const client = async () => {
    while (performance.now() < end) {
      const start = performance.now();
      const status = await ask();
      if (status === 200) latencies.push(performance.now() - start);
      else if (status === 429) {
        refused++;
        // As the answer's Retry-After says, in small.
        await new Promise((resolve) => setTimeout(resolve, 100));
      } else failed++;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return { latencies, refused, failed };
}
