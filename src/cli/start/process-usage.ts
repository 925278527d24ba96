import { readFileSync } from 'node:fs';

/** What a process used. */
export interface ProcessUsage {
  /** Share of one core, 0 … number of cores. */
  readonly cpu_cores: number;
  /** Proportional set size: a page that processes share counts once in the sum of all, not in each of them. */
  readonly memory_mb: number;
}

const clockTicks = 100;

/** CPU and memory of processes over a stretch of time, from /proc. */
export class UsageMeter {
  readonly #pids: ReadonlyMap<string, number>;
  readonly #start: ReadonlyMap<string, number>;
  readonly #since = performance.now();

  /** @param pids processes by name */
  constructor(pids: ReadonlyMap<string, number>) {
    this.#pids = pids;
    this.#start = new Map([...pids].map(([name, pid]) => [name, cpuSeconds(pid)]));
  }

  /** Usage since the construction; a process that has ended counts as 0. */
  read(): Record<string, ProcessUsage> {
    const elapsed = (performance.now() - this.#since) / 1000;
    return Object.fromEntries(
      [...this.#pids].map(([name, pid]) => [
        name,
        {
          cpu_cores: Math.max(0, cpuSeconds(pid) - this.#start.get(name)!) / elapsed,
          memory_mb: megabytes(pid),
        },
      ]),
    );
  }
}

function cpuSeconds(pid: number): number {
  const fields = readProc(pid, 'stat')?.split(') ')[1]?.split(' ');
  return fields === undefined ? 0 : (Number(fields[11]) + Number(fields[12])) / clockTicks;
}

/** The kernel sums proportional set sizes since 4.14, for whoever may look into the process. */
function megabytes(pid: number): number {
  const sizes = readProc(pid, 'smaps_rollup') ?? readProc(pid, 'status') ?? '';
  const kilobytes = /(?:^Pss|VmRSS):\s+(\d+)/m.exec(sizes)?.[1];
  return kilobytes === undefined ? 0 : Number(kilobytes) / 1024;
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
