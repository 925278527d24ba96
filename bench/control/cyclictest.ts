import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** How the kernel schedules a thread: real time, first in first out, or the ordinary fair way. */
export type SchedulingClass = 'fifo' | 'other';

/** How late a periodic thread woke up, µs. */
export interface Lateness {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Priority of our loop's thread under SCHED_FIFO, which the peer is given too. */
const PRIORITY = 50;
/** Latencies are counted a microsecond a bucket up to here; later ones count as this late. */
const BUCKETS = 20_000;

/** @throws Error that says how to install cyclictest, where it is absent */
export function requireCyclictest(): void {
  if (spawnSync('cyclictest', ['--help'], { stdio: 'ignore' }).error === undefined) return;
  throw new Error('cyclictest is not installed: sudo apt-get install rt-tests');
}

/** Whether this process may have SCHED_FIFO. */
export function fifoPermitted(): boolean {
  return spawnSync('chrt', ['-f', String(PRIORITY), 'true'], { stdio: 'ignore' }).status === 0;
}

/**
 * The class of a thread of a running process: 'fifo' where one of its threads has it.
 * @param pid of the process @throws Error where there is no such process
 */
export function classOf(pid: number): SchedulingClass {
  const { stdout, status } = spawnSync('ps', ['-L', '-o', 'cls=', '-p', String(pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`there is no process ${pid}`);
  return stdout.includes('FF') ? 'fifo' : 'other';
}

/** Nice value of a process, which its threads of the ordinary class share. */
export function nicenessOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[16]);
}

/**
 * Runs cyclictest, which waits for the next absolute millisecond in C with clock_nanosleep.
 * @param seconds how long @param scheduling the class of our own loop @param niceness of the ordinary class
 */
export async function cyclictest(seconds: number, scheduling: SchedulingClass, niceness = 0): Promise<Lateness> {
  const policy = scheduling === 'fifo' ? ['--policy=fifo', `--priority=${PRIORITY}`] : ['--policy=other'];
  const args = ['--quiet', '--interval=1000', `--duration=${Math.ceil(seconds)}`, `--histogram=${BUCKETS}`, ...policy];
  const child = spawn('nice', ['-n', String(niceness), 'cyclictest', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`cyclictest ended with exit code ${code}: ${errors.trim() || output.trim()}`);
  return parseHistogram(output);
}

/** Reads the lines '000123 000004' (µs, wake-ups) and '# Max Latencies: 01234'. */
export function parseHistogram(output: string): Lateness {
  const buckets: (readonly [number, number])[] = [];
  let count = 0;
  for (const [, late, wakeUps] of output.matchAll(/^(\d+)\s+(\d+)$/gm)) {
    buckets.push([Number(late), Number(wakeUps)]);
    count += Number(wakeUps);
  }
  const max = Number(/^# Max Latencies:\s*(\d+)/m.exec(output)?.[1]);
  const overflows = Number(/^# Histogram Overflows:\s*(\d+)/m.exec(output)?.[1] ?? 0);
  if (count === 0 || Number.isNaN(max)) throw new Error(`cyclictest wrote no histogram:\n${output.slice(0, 500)}`);
  const quantile = (share: number): number => {
    let sum = 0;
    for (const [late, wakeUps] of buckets) {
      sum += wakeUps;
      if (sum >= share * (count + overflows)) return late;
    }
    return max;
  };
  return { p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999), max };
}
