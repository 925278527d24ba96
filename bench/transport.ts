import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { packagePath } from '../src/ros/package-path.js';
import { MESSAGES, type MessageName } from './transport-messages.js';

const LIBRARIES = ['ours', 'rclnodejs', 'rclpy'] as const;
type Library = (typeof LIBRARIES)[number];

const MESSAGES_TIMED = 300;
/** A pair of processes that is not done by then has failed, s. */
const TIME_LIMIT = 60;

/**
 * Times one publication in a row of them, and at 100 Hz the way of a message from its stamp to the receiver's callback
 * in another process (µs, median and 99th percentile), through src/ros, through rclnodejs' typed messages and through
 * rclpy. A ratio says how many times longer the peer takes.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  for (const message of Object.keys(MESSAGES) as MessageName[]) {
    for (const library of LIBRARIES) {
      const [publish, delivery] = await Promise.all([
        peer(library, 'send', message),
        peer(library, 'receive', message),
      ]);
      for (const [what, times] of [
        ['publish', publish],
        ['delivery', delivery],
      ] as const) {
        const name = `${message}_${what}_${library}`;
        figures[`${name}_us`] = quantile(times, 0.5);
        figures[`${name}_p99_us`] = quantile(times, 0.99);
        if (library === 'ours') continue;
        const ours = figures[`${message}_${what}_ours_us`];
        ratios[`${message}_${what}_${library}_over_ours`] = figures[`${name}_us`] / ours;
      }
    }
  }
  return { figures, ratios };
}

/** Runs one end in a process of its own. @returns the times that it measured, µs */
async function peer(library: Library, role: 'send' | 'receive', message: MessageName): Promise<number[]> {
  const node = fileURLToPath(new URL('./transport-peer.js', import.meta.url));
  const count = String(MESSAGES_TIMED);
  const [command, args] =
    library === 'rclpy'
      ? ['python3', [packagePath('bench/transport_peer.py'), role, message, count]]
      : [process.execPath, [node, role, library, message, count]];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: TIME_LIMIT * 1e3 });
  let output = '';
  child.stdout.on('data', (data) => {
    output += String(data);
  });
  await new Promise<void>((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`${command}: ${error.message}`)));
    child.on('close', () => resolve());
  });
  const line = output.split('\n').find((text) => text.startsWith('['));
  if (line === undefined)
    throw new Error(`transport benchmark: ${library} could not ${role} ${message} in ${TIME_LIMIT} s`);
  return JSON.parse(line) as number[];
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(await run(), undefined, 2));
