import type { EpisodeResult } from './rollout.js';
import { wilsonInterval } from './wilson-interval.js';

/** What came out of some episodes. */
export interface EvaluationSummary {
  readonly episodes: number;
  readonly success_rate: number;
  /** 95 % confidence interval of the success rate. */
  readonly interval95: readonly [number, number];
  /** Control cycles with a joint beyond its position, velocity or torque limit. */
  readonly violations: number;
  /** Mean simulated time to success, s; null where nothing succeeded. */
  readonly duration_s: number | null;
  /** Why episodes failed, and how many. */
  readonly causes: Readonly<Record<string, number>>;
}

export function summarise(results: readonly EpisodeResult[]): EvaluationSummary {
  const succeeded = results.filter(({ success }) => success);
  const causes: Record<string, number> = {};
  for (const { success, cause } of results) if (!success) causes[cause] = (causes[cause] ?? 0) + 1;
  return {
    episodes: results.length,
    success_rate: succeeded.length / results.length,
    interval95: wilsonInterval(succeeded.length, results.length),
    violations: results.reduce((sum, { violations }) => sum + violations, 0),
    duration_s:
      succeeded.length === 0 ? null : succeeded.reduce((sum, { duration }) => sum + duration, 0) / succeeded.length,
    causes,
  };
}
