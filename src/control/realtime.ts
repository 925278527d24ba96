import { spawnSync } from 'node:child_process';
import { readlinkSync, writeFileSync } from 'node:fs';

const PRIORITY = 50;
/** Of a process or thread whose words the loop waits for, or that carries its messages: the loop goes first. */
export const CARRIER_PRIORITY = 40;

/**
 * Gives the calling thread real-time priority (SCHED_FIFO) where the system permits it. Blocks for a few milliseconds:
 * call it before the thread's work starts.
 * @param priority that of the 1 kHz loop, 50, when it is left out
 * @returns undefined on success, else one line that says why not and what to do
 */
export function requestRealtimePriority(priority = PRIORITY): string | undefined {
  const thread = threadId();
  if (thread === undefined) return 'no real-time priority: this system has no /proc/thread-self';
  return schedule('-f', '-p', String(priority), thread);
}

/**
 * Gives all threads of this process, those of the middleware included, real-time priority (SCHED_FIFO 40), for a process
 * whose messages must not wait. Call it before the loop's own thread is made.
 * @returns as requestRealtimePriority
 */
export function requestRealtimeProcess(): string | undefined {
  return schedule('-a', '-f', '-p', String(CARRIER_PRIORITY), String(process.pid));
}

function schedule(...args: string[]): string | undefined {
  const result = spawnSync('chrt', args, { encoding: 'utf8' });
  if (result.error !== undefined) return 'no real-time priority: chrt is not installed (package util-linux)';
  if (result.status !== 0) {
    const why = result.stderr.trim().split('\n')[0];
    return `no real-time priority: ${why} (allow it with the limit "rtprio ${PRIORITY}" or CAP_SYS_NICE)`;
  }
  return undefined;
}

/**
 * Has the calling thread's timers fire when they are due, not up to 50 µs later, which the kernel may take to join
 * wake-ups. It does so for real-time threads anyway; for others it halves the usual lateness. Needs no permission.
 */
export function requestPreciseTimers(): void {
  const thread = threadId();
  try {
    if (thread !== undefined) writeFileSync(`/proc/${thread}/timerslack_ns`, '1');
  } catch {
    // A kernel without this file: the timers stay as they are.
  }
}

/** Id of the calling thread; undefined where there is no /proc/thread-self. */
function threadId(): string | undefined {
  try {
    // It links to "<process>/task/<thread>" of the thread that reads it.
    return readlinkSync('/proc/thread-self').split('/').at(-1);
  } catch {
    return undefined;
  }
}
