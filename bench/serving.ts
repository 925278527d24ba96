import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { OnnxNetwork } from '../src/cosmos/onnx-network.js';
import { percentile } from '../src/math/percentile.js';
import { Kinematics } from '../src/robot/kinematics.js';
import { Robot } from '../src/robot/robot.js';
import { packagePath } from '../src/ros/package-path.js';
import { createInferenceServer } from '../src/serving/inference-server.js';
import { NetworkEngine } from '../src/serving/network-engine.js';

const CLIENTS = [1, 10, 100, 300];
/** How long each number of clients asks, s. */
const DURATION = 8;
/** Requests that are under way at most, and that are encoded together. */
const MOST = 100;
const BATCH = 8;
/** How long memory may settle at full load, and is watched after that, s. */
const WARM_UP = 60;
const WATCHED = 120;
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
 * should be 0), and how much more memory the service has than after its first full load; then its memory at full load
 * after a minute of it, and by how much it grows from the first half of the two minutes that follow to the second
 * (medians, since it goes up and down with the garbage). Beside it the bare network in the same process, one question after the other.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const network = new OnnxNetwork(packagePath('models/cosmos3_micro'), 2);
  await network.load();
  const engine = new NetworkEngine(network, robot, await Kinematics.create(robot), BATCH);
  const endpoint = '/v1/cosmos/micro';
  const tier = { name: 'micro', engine, endpoint, maxConcurrentRequests: MOST, timeout: 30 };
  const server = await createInferenceServer([tier]);
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  try {
    return await measure(engine, port, endpoint);
  } finally {
    await server.close();
    await network.dispose();
  }
}

async function measure(engine: NetworkEngine, port: number, endpoint: string) {
  const body = question();
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  const alone = await bareThroughput(engine, body);
  figures.bare_network_per_s = alone;
  await load(MOST, port, endpoint, body, DURATION);
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
  return { figures: { ...figures, ...(await watchMemory(port, endpoint, body)) }, ratios };
}

/** Memory at full load, MB, and its growth, %. */
async function watchMemory(port: number, endpoint: string, body: string): Promise<Record<string, number>> {
  const samples: number[] = [];
  const sampler = setInterval(() => samples.push(memory()), 1000);
  const { failed } = await load(MOST, port, endpoint, body, WARM_UP + WATCHED);
  clearInterval(sampler);
  const watched = samples.slice(WARM_UP, WARM_UP + WATCHED);
  const first = percentile(watched.slice(0, watched.length / 2), 0.5);
  const second = percentile(watched.slice(watched.length / 2), 0.5);
  return {
    long_memory_mb: second,
    long_memory_highest_mb: Math.max(...watched),
    long_memory_growth_percent: 100 * (second / first - 1),
    long_failed: failed,
  };
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
async function bareThroughput(engine: NetworkEngine, body: string): Promise<number> {
  const question = engine.read(JSON.parse(body));
  const start = performance.now();
  let answers = 0;
  while (performance.now() - start < (1000 * DURATION) / 2) {
    await engine.answer([question]);
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
