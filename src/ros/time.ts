import { monotonicSeconds } from '../control/monotonic-clock.js';
import type { Stamp } from './messages.js';

/** @returns s since the epoch, to about 0.2 µs */
export function toSeconds(stamp: Stamp): number {
  return stamp.sec + stamp.nanosec * 1e-9;
}

/**
 * @param seconds since the epoch
 * @returns the stamp, zero for what is not a positive time. `toSeconds` and back changes the last digits of a stamp:
 *   hand the stamp itself on where it identifies something.
 */
export function toStamp(seconds: number): Stamp {
  if (!(seconds > 0)) return { sec: 0, nanosec: 0 };
  const sec = Math.floor(seconds);
  const nanosec = Math.round((seconds - sec) * 1e9);
  return nanosec >= 1e9 ? { sec: sec + 1, nanosec: 0 } : { sec, nanosec };
}

/** Whether a stamp is unset. */
export function isZero(stamp: Stamp): boolean {
  return stamp.sec === 0 && stamp.nanosec === 0;
}

/**
 * What to add to the control loop's clock (`monotonicSeconds`) to get ROS time, s. The system's clock may be set at any
 * time: measure again every second or so.
 * @param rosNow ROS time, s
 */
export function measureClockOffset(rosNow: () => number): number {
  let offset = 0;
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const before = monotonicSeconds();
    const ros = rosNow();
    const after = monotonicSeconds();
    if (after - before >= shortest) continue;
    shortest = after - before;
    offset = ros - (before + after) / 2;
  }
  return offset;
}
