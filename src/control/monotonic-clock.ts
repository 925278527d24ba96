/** Readings from which the offset between the clocks is taken. */
const READINGS = 20;

/**
 * CLOCK_MONOTONIC minus `performance.now()`, s. A thread may be interrupted between the two readings, which would shift
 * its clock against the other threads' by as long; so the pair of readings with the least time in between counts.
 */
function measureOffset(): number {
  let best = Infinity;
  let offset = 0;
  for (let k = 0; k < READINGS; k++) {
    const before = performance.now() * 1e-3;
    const [seconds, nanoseconds] = process.hrtime();
    const after = performance.now() * 1e-3;
    if (after - before < best) {
      best = after - before;
      offset = seconds + nanoseconds * 1e-9 - 0.5 * (before + after);
    }
  }
  return offset;
}

const offset = measureOffset();

/**
 * The control loop's clock: CLOCK_MONOTONIC in seconds, one time line for all threads and processes of the host
 * (unlike `performance.now()`, whose origin is the thread's start). Allocates nothing.
 */
export function monotonicSeconds(): number {
  return offset + performance.now() * 1e-3;
}
