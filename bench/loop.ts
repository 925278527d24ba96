import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedRobot } from '../src/cli/start/simulated-robot.js';
import { openNode } from '../src/ros/open-node.js';
import { packagePath } from '../src/ros/package-path.js';

/** How long the graph runs before its figures are read, and how long the peer is timed, s. */
const SECONDS = 20;

/**
 * The same wait in Python: sleeping until the next absolute millisecond, as a loop written with rclpy would. Prints
 * the lateness of each wake-up, µs: median, 99th percentile, largest.
 */
const PEER = `
import time
late, deadline = [], time.monotonic_ns()
for _ in range(${1000 * SECONDS}):
    deadline += 1000000
    time.sleep(max(0, deadline - time.monotonic_ns()) * 1e-9)
    late.append((time.monotonic_ns() - deadline) / 1000)
late.sort()
print(late[len(late) // 2], late[len(late) * 99 // 100], late[-1])
`;

/**
 * Lateness of the 1 kHz loop with the whole simulated graph up, beside a Python loop of the same period that runs at
 * the same time on the same machine. A ratio says how many times later the peer wakes up.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const { node, close } = await openNode('bench_loop');
  const directory = mkdtempSync(join(tmpdir(), 'bench-loop-'));
  const graph = new SimulatedRobot(node, { seed: '1' }, directory, (line) => console.error(line));
  try {
    await graph.start((waiting) => console.error(`waiting for ${waiting}`));
    const [p50, p99, max] = await python();
    const { late_p50, late_p99, late_max, cycles, missed } = graph.controller!.timing;
    const figures = {
      late_p50_us: 1e6 * late_p50,
      late_p99_us: 1e6 * late_p99,
      late_max_us: 1e6 * late_max,
      missed_share: Number(missed) / Number(cycles + missed),
      python_late_p50_us: p50,
      python_late_p99_us: p99,
      python_late_max_us: max,
    };
    const ratios = {
      late_p50_python_over_ours: p50 / figures.late_p50_us,
      late_p99_python_over_ours: p99 / figures.late_p99_us,
      late_max_python_over_ours: max / figures.late_max_us,
    };
    return { figures, ratios };
  } finally {
    await graph.stop();
    close();
  }
}

function python(): Promise<[number, number, number]> {
  return new Promise((resolve, reject) => {
    let text = '';
    const child = spawn('python3', ['-c', PEER], { cwd: packagePath('.'), stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code !== 0) return reject(new Error(`the Python loop ended with exit code ${code}`));
      resolve(text.trim().split(' ').map(Number) as [number, number, number]);
    });
  });
}
