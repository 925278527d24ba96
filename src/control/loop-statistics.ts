import { HISTOGRAM_SIZE, LatencyHistogram } from './latency-histogram.js';

/** Figures of the loop's timing since it started. */
export interface LoopReport {
  /** Cycles run. */
  readonly cycles: number;
  /** Cycles skipped because an earlier one took too long or the thread was not scheduled. */
  readonly missed: number;
  /** How late cycles began after their scheduled time, µs. */
  readonly lateUs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** How long cycles took from read to write, µs. */
  readonly executionUs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Simulated per real time over the last second or so; 1 for a real robot. */
  readonly realTimeFactor: number;
}

const CYCLES = 0;
const MISSED = 1;
const LATE_MAX = 2;
const EXECUTION_MAX = 3;
const REAL_TIME_FACTOR = 4;
const COUNTERS = 5;

/** Doubles of shared memory the statistics need. */
export const STATISTICS_SIZE = COUNTERS + 2 * HISTOGRAM_SIZE;

/** Timing statistics of the loop in memory shared by the loop, which records, and others, which report. */
export class LoopStatistics {
  readonly #counters: Float64Array;
  readonly #late: LatencyHistogram;
  readonly #execution: LatencyHistogram;

  /** @param memory `STATISTICS_SIZE` doubles, shared or not */
  constructor(memory: Float64Array = new Float64Array(STATISTICS_SIZE)) {
    this.#counters = memory.subarray(0, COUNTERS);
    this.#late = new LatencyHistogram(memory.subarray(COUNTERS, COUNTERS + HISTOGRAM_SIZE));
    this.#execution = new LatencyHistogram(memory.subarray(COUNTERS + HISTOGRAM_SIZE, STATISTICS_SIZE));
  }

  /**
   * Loop: records a cycle. Real-time safe.
   * @param late s @param execution s @param missed cycles skipped after it @param realTimeFactor 1 for a real robot
   */
  record(late: number, execution: number, missed: number, realTimeFactor: number): void {
    const counters = this.#counters;
    const lateUs = late * 1e6;
    const executionUs = execution * 1e6;
    this.#late.record(lateUs);
    this.#execution.record(executionUs);
    counters[CYCLES]++;
    counters[MISSED] += missed;
    if (lateUs > counters[LATE_MAX]) counters[LATE_MAX] = lateUs;
    if (executionUs > counters[EXECUTION_MAX]) counters[EXECUTION_MAX] = executionUs;
    counters[REAL_TIME_FACTOR] = realTimeFactor;
  }

  /** The figures so far. Quantiles are within 3 %. */
  report(): LoopReport {
    const counters = this.#counters;
    return {
      cycles: counters[CYCLES],
      missed: counters[MISSED],
      lateUs: quantiles(this.#late, counters[LATE_MAX]),
      executionUs: quantiles(this.#execution, counters[EXECUTION_MAX]),
      realTimeFactor: counters[REAL_TIME_FACTOR],
    };
  }
}

function quantiles(histogram: LatencyHistogram, max: number): { p50: number; p99: number; max: number } {
  return { p50: Math.min(histogram.quantile(0.5), max), p99: Math.min(histogram.quantile(0.99), max), max };
}
