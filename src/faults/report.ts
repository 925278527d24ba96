import { percentile } from '../math/percentile.js';
import type { RunResult } from './campaign.js';

/** What is known of one fault. */
export interface FaultFigures {
  readonly n: number;
  /** Causes declared; empty: tolerated. */
  readonly declared: readonly string[];
  /** How often which stop followed, where it was the only fault of the run. */
  readonly reaction: Readonly<Record<string, number>>;
  /** From the injection to the first command of the stop, s; undefined where nothing stopped. */
  readonly time_p50_s: number | undefined;
  readonly time_max_s: number | undefined;
  readonly undeclared: number;
}

/** The figures of a campaign. */
export interface CampaignFigures {
  readonly runs: number;
  readonly seed: number;
  /** Runs in which the true robot was beyond a limit. */
  readonly violations: number;
  /** Runs in which something happened that is not declared. */
  readonly undeclared: number;
  readonly falls: number;
  /** Runs in which the harness caught the robot. */
  readonly catches: number;
  /** Runs in which an object was dropped. */
  readonly drops: number;
  readonly by_fault: Readonly<Record<string, FaultFigures>>;
  /** Runs with a violation, an undeclared reaction, a fall, a catch or a drop. */
  readonly notable: readonly RunResult[];
}

/** Sums runs up. */
export function summarise(results: readonly RunResult[], seed: number): CampaignFigures {
  const names = [...new Set(results.flatMap(({ faults }) => faults.map(({ name }) => name)))].sort();
  const of = (name: string): FaultFigures => {
    const all = results.filter(({ faults }) => faults.some((fault) => fault.name === name));
    // What two faults together lead to says little about each.
    const alone = all.filter(({ faults }) => faults.length === 1);
    const times = alone.flatMap(({ time }) => (time === undefined ? [] : [time]));
    const reaction: Record<string, number> = {};
    for (const result of alone) reaction[result.reaction] = (reaction[result.reaction] ?? 0) + 1;
    return {
      n: all.length,
      declared: [...new Set(alone.flatMap(({ declared }) => declared))],
      reaction,
      time_p50_s: times.length === 0 ? undefined : percentile(times, 0.5),
      time_max_s: times.length === 0 ? undefined : Math.max(...times),
      undeclared: all.filter(({ problems }) => problems.length > 0).length,
    };
  };
  const count = (holds: (result: RunResult) => boolean): number => results.filter(holds).length;
  return {
    runs: results.length,
    seed,
    violations: count(violates),
    undeclared: count(({ problems }) => problems.length > 0),
    falls: count(({ truth }) => truth.fallen),
    catches: count(({ truth }) => truth.caught),
    drops: count(({ truth }) => truth.dropped.length > 0),
    by_fault: Object.fromEntries(names.map((name) => [name, of(name)])),
    notable: results.filter(
      (result) =>
        violates(result) ||
        result.problems.length > 0 ||
        result.truth.fallen ||
        result.truth.caught ||
        result.truth.dropped.length > 0,
    ),
  };
}

function violates({ truth }: RunResult): boolean {
  return truth.violations.some((steps) => steps > 0);
}

/** The table of docs/faults.md. */
export function faultTable({ by_fault, ...sums }: CampaignFigures): string {
  const rows = Object.entries(by_fault).map(([name, { n, declared, reaction, time_p50_s, time_max_s, undeclared }]) => {
    const seen = Object.entries(reaction).map(([kind, times]) => `${times} × ${kind.replace('_', ' ')}`);
    const cells = [
      name,
      n,
      declared.length === 0 ? 'tolerated' : declared.join(', '),
      seen.length === 0 ? 'with others only' : seen.join(', '),
      milliseconds(time_p50_s),
      milliseconds(time_max_s),
      undeclared,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `${sums.runs} runs, seed ${sums.seed}: ${sums.violations} with a limit violated, ${sums.undeclared} with an undeclared`,
    `reaction, ${sums.falls} falls, ${sums.catches} caught by the harness, ${sums.drops} with an object dropped.`,
    '',
    '| fault | runs | declared | seen (alone) | time p50, ms | max, ms | undeclared |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function milliseconds(seconds: number | undefined): string {
  return seconds === undefined ? '' : (1e3 * seconds).toFixed(0);
}
