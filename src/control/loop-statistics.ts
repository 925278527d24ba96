import { HISTOGRAM_SIZE, LatencyHistogram } from './latency-histogram.js';

/** Quantiles and the largest of times, µs. */
export interface TimeQuantiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Figures of the loop's timing since it started, or since `clear`. */
export interface LoopReport {
  /** Cycles run. */
  readonly cycles: number;
  /** Cycles skipped because an earlier one took too long or the thread was not scheduled. */
  readonly missed: number;
  /** How late cycles began after their scheduled time, µs. */
  readonly lateUs: TimeQuantiles;
  /** How long cycles took from read to write, µs. */
  readonly executionUs: TimeQuantiles;
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
  readonly #memory: Float64Array;
  readonly #counters: Float64Array;
  readonly #late: LatencyHistogram;
  readonly #execution: LatencyHistogram;

  /** @param memory `STATISTICS_SIZE` doubles, shared or not */
  constructor(memory: Float64Array = new Float64Array(STATISTICS_SIZE)) {
    this.#memory = memory.subarray(0, STATISTICS_SIZE);
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

  /** Starts anew; what is recorded at that very moment may be lost. For the reporting side. */
  clear(): void {
    this.#memory.fill(0);
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

function quantiles(histogram: LatencyHistogram, max: number): TimeQuantiles {
  const quantile = (share: number): number => Math.min(histogram.quantile(share), max);
  return { p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999), max };
}
