const [seconds, nanoseconds] = process.hrtime();
const offset = seconds + nanoseconds * 1e-9 - performance.now() * 1e-3;

/**
 * The control loop's clock: CLOCK_MONOTONIC in seconds, one time line for all threads and processes of the host
 * (unlike `performance.now()`, whose origin is the thread's start). Allocates nothing.
 */
export function monotonicSeconds(): number {
  return offset + performance.now() * 1e-3;
}
