import { constants } from 'node:os';

/** What asks a program to end. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Has this program end in order when it is asked to, so that the graph it has brought up ends with it. Its exit code is a
 * shell's: 128 and the signal's number.
 */
export function exitOnSignals(): void {
  for (const signal of SIGNALS) process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
