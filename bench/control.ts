import { mkdirSync, writeFileSync } from 'node:fs';
import { percentile } from '../src/math/percentile.js';
import { packagePath } from '../src/ros/package-path.js';
import { fifoPermitted, requireCyclictest } from './control/cyclictest.js';
import { underLoad } from './control/load.js';
import { type BenchHardware, type Comparison, timeLoneLoop } from './control/lone-loop.js';
import { graphStopLatency, loopStopLatency, STOP_PATHS } from './control/stop-latency.js';
import { timeGraphLoop, withGraph } from './control/whole-graph.js';
import { type Panel, svgPlot } from './svg-plot.js';

/** How long the loop is timed alone, and with the whole graph up, s. */
const SECONDS = 15;
const GRAPH_SECONDS = 30;
const TRIALS = 1000;
const PLOT = 'docs/loop_lateness.svg';

const HARDWARE: readonly BenchHardware[] = ['mock', 'mujoco'];

/**
 * Lateness of the 1 kHz loop beside cyclictest (rt-tests), which runs at the same time, on the same machine and in the
 * same scheduling class: alone and with the whole graph up, at rest and with every core kept busy, with and without
 * SCHED_FIFO. Latency of emergency stops. A ratio says how many times later than cyclictest the loop is.
 * @throws Error that says how to install cyclictest where it is absent
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  requireCyclictest();
  const permitted = fifoPermitted();
  const classes = permitted ? [true, false] : [false];
  if (!permitted) say('SCHED_FIFO is not permitted here: the loop and cyclictest run in the ordinary class');
  const figures: Record<string, number> = { fifo_permitted: permitted ? 1 : 0 };
  const ratios: Record<string, number> = {};
  const compared = new Map<string, Comparison>();
  const compare = async (name: string, work: () => Promise<Comparison>): Promise<void> => {
    say(name);
    const result = await work();
    compared.set(name, result);
    report(name, result, figures, ratios);
  };
  const stops = (name: string, milliseconds: readonly number[]): void => {
    const [p50, p99, max] = [percentile(milliseconds, 0.5), percentile(milliseconds, 0.99), Math.max(...milliseconds)];
    figures[`${name}_p50_ms`] = p50;
    figures[`${name}_p99_ms`] = p99;
    figures[`${name}_max_ms`] = max;
    say(`  ${name}: p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} max ${max.toFixed(2)} ms of ${milliseconds.length}`);
  };

  for (const realtime of classes) {
    const suffix = realtime ? 'fifo' : 'other';
    for (const hardware of HARDWARE) {
      await compare(`alone_${hardware}_${suffix}`, () => timeLoneLoop(hardware, realtime, SECONDS));
      await compare(`alone_${hardware}_load_${suffix}`, () =>
        underLoad(() => timeLoneLoop(hardware, realtime, SECONDS)),
      );
    }
    say(`stop_in_loop_${suffix}`);
    const { cycles, milliseconds } = await loopStopLatency(TRIALS, realtime);
    figures[`stop_in_loop_${suffix}_max_cycles`] = Math.max(...cycles);
    stops(`stop_in_loop_${suffix}`, milliseconds);
  }
  for (const realtime of classes) {
    const suffix = realtime ? 'fifo' : 'other';
    await withGraph('mock', realtime, async (graph) => {
      await compare(`graph_mock_${suffix}`, () => timeGraphLoop(graph, GRAPH_SECONDS));
      await compare(`graph_mock_load_${suffix}`, () => underLoad(() => timeGraphLoop(graph, GRAPH_SECONDS)));
      for (const path of STOP_PATHS) {
        say(`stop_by_${path}_${suffix}`);
        const { total, fromMonitor, skipped } = await graphStopLatency(graph, path, TRIALS);
        figures[`stop_by_${path}_${suffix}_skipped`] = skipped;
        stops(`stop_by_${path}_${suffix}`, total);
        stops(`stop_from_monitor_by_${path}_${suffix}`, fromMonitor);
      }
    });
    await withGraph('mujoco', realtime, (graph) =>
      compare(`graph_mujoco_${suffix}`, () => timeGraphLoop(graph, GRAPH_SECONDS)),
    );
  }
  mkdirSync(packagePath('docs'), { recursive: true });
  writeFileSync(packagePath(PLOT), plot(compared, permitted ? 'fifo' : 'other'));
  say(`${PLOT} is written`);
  return { figures, ratios };
}

function report(
  name: string,
  { ours, peer, cycles, missed }: Comparison,
  figures: Record<string, number>,
  ratios: Record<string, number>,
): void {
  for (const key of ['p50', 'p99', 'p999', 'max'] as const) {
    figures[`${name}_late_${key}_us`] = ours[key];
    figures[`${name}_cyclictest_${key}_us`] = peer[key];
  }
  figures[`${name}_missed_share`] = missed / (cycles + missed);
  ratios[`${name}_p99_ours_over_cyclictest`] = ours.p99 / peer.p99;
  say(
    `  ours       p50 ${ours.p50.toFixed(0)} p99 ${ours.p99.toFixed(0)} p99.9 ${ours.p999.toFixed(0)} max ${ours.max.toFixed(0)} us, ${missed} of ${cycles + missed} missed`,
  );
  say(`  cyclictest p50 ${peer.p50} p99 ${peer.p99} p99.9 ${peer.p999} max ${peer.max} us`);
}

const COLORS = ['#0072b2', '#d55e00', '#009e73'];

/** Share of the cycles that are later than a time: median, 99th and 99.9th percentile, joined. */
function plot(compared: ReadonlyMap<string, Comparison>, suffix: string): string {
  const panel = (hardware: BenchHardware): Panel => ({
    title: `1 kHz loop, hardware ${hardware}${suffix === 'fifo' ? ', SCHED_FIFO' : ''}`,
    x: { label: 'late by more than … µs', min: 1, max: 1e5, scale: 'log' },
    y: { label: 'share of cycles', min: 1e-3, max: 1, scale: 'log' },
    series: (['alone', 'alone_load', 'graph'] as const).flatMap((where, i) => {
      const name = where === 'alone_load' ? `alone_${hardware}_load_${suffix}` : `${where}_${hardware}_${suffix}`;
      const result = compared.get(name);
      if (result === undefined) return [];
      const words = { alone: 'alone', alone_load: 'alone, every core busy', graph: 'with the whole graph up' }[where];
      const color = COLORS[i]!;
      return [
        { label: `loop, ${words}`, color, dots: true, points: curve(result.ours) },
        { label: `cyclictest beside it`, color, dots: true, dashed: true, points: curve(result.peer) },
      ];
    }),
  });
  return svgPlot(HARDWARE.map(panel));
}

function curve({ p50, p99, p999 }: Comparison['peer']): readonly (readonly [number, number])[] {
  return [
    [Math.max(p50, 1), 0.5],
    [Math.max(p99, 1), 0.01],
    [Math.max(p999, 1), 0.001],
  ];
}

function say(line: string): void {
  console.error(line);
}
