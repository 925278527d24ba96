import { UsageMeter } from '../cli/start/process-usage.js';
import { Random } from '../math/random.js';
import type { MessageType } from '../ros/messages.js';
import { FaultedGraph, type GraphOptions, pause } from './faulted-graph.js';

/** Topics whose rate is watched. */
const TOPICS: readonly (readonly [topic: string, type: MessageType])[] = [
  ['joint_states', 'sensor_msgs/msg/JointState'],
  ['motion_planner/joint_trajectory', 'trajectory_msgs/msg/JointTrajectory'],
  ['joint_controller/state', 'cosmos_humanoid/msg/ControllerState'],
  ['safety/state', 'cosmos_humanoid/msg/SafetyState'],
  ['head_camera/color/camera_info', 'sensor_msgs/msg/CameraInfo'],
  ['camera_fusion/observation', 'cosmos_humanoid/msg/FusedObservation'],
];
/** Memory and rates are compared with those after this time (or a third of the soak, if that is sooner), s. */
const WARM = 300;
const LAYOUTS = 1_000_000;
/** Longest time for an instruction, s. */
const TASK_TIME = 25;
/** What makes the first figures is measured over this long, s. */
const WINDOW = 60;

/** What a soak showed. */
export interface SoakFigures {
  readonly duration_s: number;
  readonly tasks: number;
  readonly successes: number;
  /** Stops that nobody asked for: what the safety layers saw too late or wrongly. */
  readonly stops: number;
  readonly causes: readonly string[];
  /** Resident memory after the first minutes and at the end, MB, and its growth as a share. */
  readonly memory: Readonly<
    Record<string, { readonly early_mb: number; readonly late_mb: number; readonly growth: number }>
  >;
  readonly memory_growth: number;
  /** Messages a second early and late, and their change as a share. */
  readonly rates: Readonly<
    Record<string, { readonly early_hz: number; readonly late_hz: number; readonly drift: number }>
  >;
  readonly cycles: number;
  readonly missed: number;
}

/** Carries out instructions one after the other for a long time, and watches what grows, drifts or stops. */
export async function runSoak(
  seconds: number,
  seed: number,
  options: Omit<GraphOptions, 'seed' | 'tell'>,
  tell: (line: string) => void,
): Promise<SoakFigures> {
  const graph = await FaultedGraph.bringUp({ ...options, seed, tell });
  try {
    const counts = countMessages(graph);
    const random = new Random(seed);
    const causes = new Set<string>();
    let [tasks, successes, stops] = [0, 0, 0];
    const begin = performance.now();
    const elapsed = (): number => (performance.now() - begin) / 1e3;
    const warm = Math.min(WARM, seconds / 3);
    const window = Math.min(WINDOW, seconds / 6);
    let early: Sample | undefined;
    // The rates are those between instructions and during them alike: a window covers several.
    const earlySample = pause(warm).then(async () => {
      early = await sample(graph, counts, window);
    });
    let late: Promise<Sample> | undefined;
    while (elapsed() < seconds) {
      if (late === undefined && elapsed() > seconds - window) late = sample(graph, counts, window);
      const { success, stopped } = await graph.carryOut(random.integer(LAYOUTS), TASK_TIME);
      tasks++;
      if (success) successes++;
      if (stopped.length > 0) {
        stops++;
        for (const cause of stopped) causes.add(cause);
        await graph.recover();
      }
      tell(`${(elapsed() / 60).toFixed(1)} min: ${successes} of ${tasks} tasks, ${stops} stops`);
    }
    await earlySample;
    const last = await (late ?? sample(graph, counts, window));
    const timing = graph.robot.controller?.timing;
    return {
      duration_s: elapsed(),
      tasks,
      successes,
      stops,
      causes: [...causes],
      ...compare(early ?? last, last),
      cycles: Number(timing?.cycles ?? 0),
      missed: Number(timing?.missed ?? 0),
    };
  } finally {
    await graph.stop();
  }
}

interface Sample {
  readonly memory: ReadonlyMap<string, number>;
  readonly rates: ReadonlyMap<string, number>;
}

function countMessages(graph: FaultedGraph): ReadonlyMap<string, { count: number }> {
  const counts = new Map<string, { count: number }>();
  for (const [topic, type] of TOPICS) {
    const counter = { count: 0 };
    counts.set(topic, counter);
    graph.listenRaw(type, topic, () => counter.count++);
  }
  return counts;
}

async function sample(
  graph: FaultedGraph,
  counts: ReadonlyMap<string, { count: number }>,
  seconds: number,
): Promise<Sample> {
  const before = new Map([...counts].map(([topic, { count }]) => [topic, count]));
  const begin = performance.now();
  await pause(seconds);
  const passed = (performance.now() - begin) / 1e3;
  const usage = new UsageMeter(graph.robot.pids).read();
  return {
    memory: new Map(Object.entries(usage).map(([name, { memory_mb }]) => [name, memory_mb])),
    rates: new Map([...counts].map(([topic, { count }]) => [topic, (count - before.get(topic)!) / passed])),
  };
}

function compare(early: Sample, late: Sample): Pick<SoakFigures, 'memory' | 'memory_growth' | 'rates'> {
  const sum = (memory: ReadonlyMap<string, number>): number => [...memory.values()].reduce((a, b) => a + b, 0);
  return {
    memory: Object.fromEntries(
      [...late.memory].map(([name, now]) => {
        const then = early.memory.get(name) ?? now;
        return [name, { early_mb: then, late_mb: now, growth: now / then - 1 }];
      }),
    ),
    memory_growth: sum(late.memory) / sum(early.memory) - 1,
    rates: Object.fromEntries(
      [...late.rates].map(([topic, now]) => {
        const then = early.rates.get(topic) ?? now;
        return [topic, { early_hz: then, late_hz: now, drift: now / then - 1 }];
      }),
    ),
  };
}
