/**
 * Measures what stopping and resetting allocate and posts it, bytes a cycle. It runs in a thread of its own, as the loop
 * does: other code of the process neither allocates here nor teaches the engine that the loop's code has to expect
 * other kinds of objects.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { DT, Loop } from './stop-loop-fixture.js';

const CATEGORIES = [2, 1, 0] as const;
/** s */
const STOPPED = 0.5;
const RUNNING = 0.1;
const WARM_UP = 10;
const ROUNDS = 5;
const TRIALS = 5;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const loop = Loop.in('running');

function stopAndReset(rounds: number): void {
  for (let k = 0; k < rounds; k++) {
    for (const category of CATEGORIES) {
      loop.demand(category);
      loop.run(STOPPED);
      loop.withdraw();
      loop.controller.requestReset();
      loop.run(RUNNING);
    }
  }
}

stopAndReset(WARM_UP);
const cycles = (ROUNDS * CATEGORIES.length * (STOPPED + RUNNING)) / DT;
// The least of some trials: the engine compiles in between.
let least = Number.POSITIVE_INFINITY;
for (let trial = 0; trial < TRIALS; trial++) {
  collect();
  const before = process.memoryUsage().heapUsed;
  stopAndReset(ROUNDS);
  least = Math.min(least, (process.memoryUsage().heapUsed - before) / cycles);
}
parentPort?.postMessage(least);
