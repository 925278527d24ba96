import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism, freemem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Fault, TOLERATED } from './fault.js';
import { pause } from './faulted-graph.js';

const HOG_TIME = [1, 4] as const;
/** Memory that is taken: this share of what is free, and never more than this, bytes. */
const MEMORY_SHARE = 0.3;
const MEMORY_LIMIT = 2 ** 30;
/** A program that allocates and touches the bytes it is told to, and keeps them. */
const EAT = 'const a=[];for(let n=+process.argv[1];n>0;n-=2**26)a.push(Buffer.alloc(2**26,1));setInterval(()=>a,1e3);';
const HOG = 'for (;;);';
/** A participant of the graph that is stalled for so long, s. */
const STALL = [0.5, 4] as const;
const BYSTANDER = fileURLToPath(new URL('./bystander.js', import.meta.url));

/** What goes wrong around the graph: processor, memory, and participants that join and leave. */
export function machineFaults(): Fault[] {
  return [
    {
      name: 'CPU hogs',
      prepare: (random) => {
        const children = new Children();
        const duration = random.uniform(...HOG_TIME);
        return {
          detail: `one on each of ${availableParallelism()} cores for ${duration.toFixed(1)} s`,
          // Nodes of ordinary priority may come too late for their limits on a machine that has no core to spare.
          declared: {
            causes: ['node_silent', 'topic_silent', 'reference_silent', 'overruns'],
            visibleAfter: duration,
            optional: true,
          },
          duration,
          silences: true,
          disarranges: false,
          inject: () => {
            for (let k = 0; k < availableParallelism(); k++) children.start(['-e', HOG]);
          },
          repair: () => children.end(),
        };
      },
    },
    {
      name: 'memory pressure',
      prepare: (random) => {
        const children = new Children();
        const duration = random.uniform(...HOG_TIME);
        const bytes = Math.min(MEMORY_LIMIT, MEMORY_SHARE * freemem());
        return {
          detail: `${(bytes / 2 ** 20).toFixed(0)} MiB for ${duration.toFixed(1)} s`,
          declared: TOLERATED,
          duration,
          silences: false,
          disarranges: false,
          inject: () => {
            children.start(['-e', EAT, String(bytes)]);
          },
          repair: () => children.end(),
        };
      },
    },
    {
      name: 'participant leaves',
      prepare: () =>
        withBystander('a subscriber of the command topics is killed', 0.5, (child) => child.kill('SIGKILL')),
    },
    {
      name: 'participant stalls',
      prepare: (random) => {
        const duration = random.uniform(...STALL);
        const detail = `a reliable subscriber of the command topics stops for ${duration.toFixed(1)} s`;
        return withBystander(detail, duration, (child) => child.kill('SIGSTOP'));
      },
    },
  ];
}

function withBystander(
  detail: string,
  duration: number,
  act: (child: ChildProcess) => void,
): ReturnType<Fault['prepare']> {
  const children = new Children();
  let child: ChildProcess | undefined;
  return {
    detail,
    declared: TOLERATED,
    duration,
    silences: false,
    disarranges: false,
    arm: async () => {
      child = children.start([BYSTANDER], true);
      await new Promise<void>((resolve) => {
        child?.stdout?.once('data', () => resolve());
        child?.once('exit', () => resolve());
      });
      await pause(0.3);
    },
    inject: () => {
      if (child !== undefined) act(child);
    },
    repair: () => children.end(),
  };
}

/** Processes that are ended whatever happens. */
class Children {
  readonly #children: ChildProcess[] = [];
  readonly #end = (): void => this.end();

  start(args: readonly string[], speaks = false): ChildProcess {
    const child = spawn(process.execPath, args, { stdio: ['ignore', speaks ? 'pipe' : 'ignore', 'ignore'] });
    if (this.#children.length === 0) process.once('exit', this.#end);
    this.#children.push(child);
    return child;
  }

  end(): void {
    process.off('exit', this.#end);
    for (const child of this.#children.splice(0)) child.kill('SIGKILL');
  }
}
