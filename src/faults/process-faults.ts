import type { SafetyConfig } from '../safety/safety-config.js';
import { silenceLimit } from '../safety/safety-config.js';
import { type Declaration, type Fault, stopsBy, TOLERATED } from './fault.js';
import type { FaultedGraph } from './faulted-graph.js';

/** Nodes of the graph, and those without which the robot stops. */
export interface GraphNodes {
  readonly all: readonly string[];
  readonly watched: readonly string[];
}

/** The shortest and longest time for which a process is stopped, s. */
const STOPPED = [0.1, 5] as const;
/** So near to a limit on silence either outcome is right, s. */
const NEAR = 0.15;
/** A node that is asked to end keeps its word until it has come down, s. */
const ENDING = 1;

/** Every node killed, stopped for a while, and restarted. */
export function processFaults({ all, watched }: GraphNodes, config: SafetyConfig): Fault[] {
  return all.flatMap((name) => {
    const { declared, limit } = missing(name, watched, config);
    const ended = watched.includes(name) ? stopsBy('node_ended') : declared;
    const common = { silences: true, disarranges: name === 'joint_controller' };
    return [
      {
        name: `kill ${name}`,
        prepare: () => ({
          detail: 'SIGKILL',
          declared: ended,
          duration: 1.5,
          ...common,
          inject: (graph: FaultedGraph) => signal(graph, name, 'SIGKILL'),
        }),
      },
      {
        name: `stop ${name}`,
        prepare: (random) => {
          const duration = random.uniform(...STOPPED);
          return {
            detail: `SIGSTOP for ${duration.toFixed(2)} s`,
            declared: duration < limit - NEAR ? TOLERATED : { ...declared, optional: duration < limit + NEAR },
            duration,
            ...common,
            inject: (graph) => signal(graph, name, 'SIGSTOP'),
            repair: (graph) => signal(graph, name, 'SIGCONT'),
          };
        },
      },
      {
        name: `restart ${name}`,
        prepare: () => ({
          detail: 'SIGINT, started anew',
          declared: declared === TOLERATED ? TOLERATED : { ...declared, visibleAfter: declared.visibleAfter + ENDING },
          duration: 1.5,
          ...common,
          inject: (graph: FaultedGraph) => signal(graph, name, 'SIGINT'),
        }),
      },
    ] satisfies Fault[];
  });
}

/** What follows when a node says nothing any more, and after which silence, s. */
function missing(
  name: string,
  watched: readonly string[],
  config: SafetyConfig,
): { readonly declared: Declaration; readonly limit: number } {
  const { watchdog, limits } = config;
  if (name === 'safety_monitor') {
    const limit = watchdog.monitor_silence;
    return { declared: stopsBy('monitor_silent', limit), limit };
  }
  if (!watched.includes(name)) return { declared: TOLERATED, limit: Infinity };
  const silence = silenceLimit(limits, 'node', name);
  if (name === 'motion_planner') {
    const limit = Math.min(silence, watchdog.reference_silence);
    return { declared: { causes: ['reference_silent', 'node_silent'], visibleAfter: limit }, limit };
  }
  return { declared: stopsBy('node_silent', silence), limit: silence };
}

/** Nothing happens to a process that has ended already. */
function signal(graph: FaultedGraph, name: string, kind: NodeJS.Signals): void {
  const pid = graph.robot.pids.get(name);
  if (pid === undefined) return;
  try {
    process.kill(pid, kind);
  } catch {
    // It ended meanwhile.
  }
}
