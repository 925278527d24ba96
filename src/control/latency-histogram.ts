const SUB_BUCKETS = 32;
const OCTAVES = 20;

/** Doubles a histogram needs. */
export const HISTOGRAM_SIZE = SUB_BUCKETS * (OCTAVES + 1);

/**
 * A histogram of times in microseconds with a fixed number of buckets: exact below 32 µs, then 32 buckets an octave
 * (3 % wide) up to half a minute. It lies in memory that is given, shared or not, so that one thread records and
 * another reads. Recording is real-time safe.
 */
export class LatencyHistogram {
  readonly #counts: Float64Array;

  /** @param counts `HISTOGRAM_SIZE` numbers @throws RangeError if it is shorter */
  constructor(counts: Float64Array = new Float64Array(HISTOGRAM_SIZE)) {
    if (counts.length < HISTOGRAM_SIZE) {
      throw new RangeError(`histogram memory has ${counts.length} entries, needs ${HISTOGRAM_SIZE}`);
    }
    this.#counts = counts;
  }

  /** @param microseconds negative values count as 0 */
  record(microseconds: number): void {
    this.#counts[bucketOf(microseconds)]++;
  }

  /** Values recorded. */
  count(): number {
    let sum = 0;
    for (let i = 0; i < HISTOGRAM_SIZE; i++) sum += this.#counts[i];
    return sum;
  }

  /**
   * The value below which `share` of the recorded values lie, µs, as the upper edge of its bucket; 0 when empty.
   * @param share 0…1
   */
  quantile(share: number): number {
    const rank = share * this.count();
    let sum = 0;
    for (let i = 0; i < HISTOGRAM_SIZE; i++) {
      sum += this.#counts[i];
      if (sum > 0 && sum >= rank) return upperEdge(i);
    }
    return 0;
  }
}

function bucketOf(microseconds: number): number {
  const value = microseconds > 0 ? Math.floor(Math.min(microseconds, 2 ** 30)) : 0;
  if (value < SUB_BUCKETS) return value;
  // The octave is the number of bits above five; six leading bits remain, the first of them always set.
  const octave = 27 - Math.clz32(value);
  const index = octave * SUB_BUCKETS + (value >>> (octave - 1)) - SUB_BUCKETS;
  return index < HISTOGRAM_SIZE ? index : HISTOGRAM_SIZE - 1;
}

function upperEdge(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket + 1;
  const octave = Math.floor(bucket / SUB_BUCKETS);
  const within = bucket % SUB_BUCKETS;
  return (SUB_BUCKETS + within + 1) * 2 ** (octave - 1);
}
