import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { BagMessage } from './bag-reader.js';

/** A message that is due sooner than this goes at once, ms. */
const EARLY = 0.5;
/** Others get their turn at least this often, ms. */
const TURN = 5;

/** How messages are played. */
export interface PlayOptions {
  /** 1 plays as fast as was recorded, 2 twice as fast. */
  readonly rate: number;
  /** Recorded time at which playing starts, ns since the epoch. */
  readonly start: bigint;
  readonly signal: AbortSignal;
}

/**
 * Hands on messages in the rhythm in which they were recorded, without drift, until they end or the signal is given.
 * Messages that are late, because the time between them is too short, are handed on without a pause.
 */
export async function play(
  messages: AsyncIterable<BagMessage>,
  { rate, start, signal }: PlayOptions,
  publish: (message: BagMessage) => void,
): Promise<void> {
  const begin = performance.now();
  let turn = begin;
  for await (const message of messages) {
    const due = begin + Number(message.time - start) / (1e6 * rate);
    const now = performance.now();
    const isEarly = due - now > EARLY;
    if (isEarly) await sleep(due - now, undefined, { signal }).catch(() => {});
    else if (now - turn > TURN) await setImmediate();
    if (isEarly || now - turn > TURN) turn = performance.now();
    if (signal.aborted) return;
    publish(message);
  }
}
