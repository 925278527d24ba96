import { UsageMeter } from '../cli/start/process-usage.js';
import { LatencyHistogram } from '../control/latency-histogram.js';
import { Random } from '../math/random.js';
import type { MessageType } from '../ros/messages.js';
import { FaultedGraph, type GraphOptions, pause } from './faulted-graph.js';
import { LoopCounters } from './loop-counters.js';

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
  /** Stops while the robot worked, which nobody asked for. */
  readonly stops: number;
  readonly causes: readonly string[];
  /** Memory (proportional set size) after the first minutes and at the end, MB, and its growth as a share. */
  readonly memory: Readonly<
    Record<string, { readonly early_mb: number; readonly late_mb: number; readonly growth: number }>
  >;
  readonly memory_growth: number;
  /** Messages a second (by the median time between two) early and late, and their change as a share. */
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
    const topics = watchTopics(graph);
    const random = new Random(seed);
    const causes = new Set<string>();
    let [tasks, successes, stops] = [0, 0, 0];
    const counters = new LoopCounters();
    const begin = performance.now();
    const elapsed = (): number => (performance.now() - begin) / 1e3;
    const warm = Math.min(WARM, seconds / 3);
    const window = Math.min(WINDOW, seconds / 6);
    let early: Sample | undefined;
    const earlySample = pause(warm).then(async () => {
      early = await sample(graph, topics, window);
    });
    let late: Promise<Sample> | undefined;
    while (elapsed() < seconds) {
      if (late === undefined && elapsed() > seconds - window) late = sample(graph, topics, window);
      const { success, stopped } = await graph.carryOut(random.integer(LAYOUTS), TASK_TIME);
      tasks++;
      const { cycles, missed } = graph.robot.controller!.timing;
      counters.observe(Number(cycles), Number(missed));
      if (success) successes++;
      if (stopped.length > 0) {
        stops++;
        for (const cause of stopped) causes.add(cause);
        await graph.recover();
      }
      tell(`${(elapsed() / 60).toFixed(1)} min: ${successes} of ${tasks} tasks, ${stops} stops`);
    }
    await earlySample;
    const last = await (late ?? sample(graph, topics, window));
    return {
      duration_s: elapsed(),
      tasks,
      successes,
      stops,
      causes: [...causes],
      ...compare(early ?? last, last),
      cycles: counters.cycles,
      missed: counters.missed,
    };
  } finally {
    await graph.stop();
  }
}

interface Sample {
  readonly memory: ReadonlyMap<string, number>;
  readonly rates: ReadonlyMap<string, number>;
}

/** A topic's times between messages, µs. */
interface WatchedTopic {
  intervals: LatencyHistogram;
  last: number;
}

function watchTopics(graph: FaultedGraph): ReadonlyMap<string, WatchedTopic> {
  const topics = new Map<string, WatchedTopic>();
  for (const [topic, type] of TOPICS) {
    const watched: WatchedTopic = { intervals: new LatencyHistogram(), last: performance.now() };
    topics.set(topic, watched);
    graph.listenRaw(type, topic, () => {
      const now = performance.now();
      watched.intervals.record(1e3 * (now - watched.last));
      watched.last = now;
    });
  }
  return topics;
}

/** Memory at the end of a stretch of time, and rates over it. @param seconds its length */
async function sample(
  graph: FaultedGraph,
  topics: ReadonlyMap<string, WatchedTopic>,
  seconds: number,
): Promise<Sample> {
  for (const watched of topics.values()) watched.intervals = new LatencyHistogram();
  await pause(seconds);
  const usage = new UsageMeter(graph.robot.pids).read();
  return {
    memory: new Map(Object.entries(usage).map(([name, { memory_mb }]) => [name, memory_mb])),
    // The median is not moved by the silence of a placement.
    rates: new Map([...topics].map(([topic, { intervals }]) => [topic, 1e6 / intervals.quantile(0.5)])),
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
