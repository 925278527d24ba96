import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';

const PRIORITY = 50;

/**
 * Gives the calling thread real-time priority (SCHED_FIFO 50) where the system permits it. Blocks for a few
 * milliseconds: call it before the loop starts.
 * @returns undefined on success, else one line that says why not and what to do
 */
export function requestRealtimePriority(): string | undefined {
  let thread: string;
  try {
    // /proc/thread-self links to "<process>/task/<thread>" of the thread that reads it.
    thread = readlinkSync('/proc/thread-self').split('/').at(-1) ?? '';
  } catch {
    return 'no real-time priority: this system has no /proc/thread-self';
  }
  const result = spawnSync('chrt', ['-f', '-p', String(PRIORITY), thread], { encoding: 'utf8' });
  if (result.error !== undefined) return 'no real-time priority: chrt is not installed (package util-linux)';
  if (result.status !== 0) {
    const why = result.stderr.trim().split('\n')[0];
    return `no real-time priority: ${why} (allow it with the limit "rtprio ${PRIORITY}" or CAP_SYS_NICE)`;
  }
  return undefined;
}
