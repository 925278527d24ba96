import type { LifecycleState } from './lifecycle.js';

/** Topic (std_msgs/String) on which every node says that it lives; safety_monitor has a faster way (heartbeat-link). */
export const HEARTBEAT_TOPIC = 'heartbeats';
/** s; each message costs its receiver some 0.3 ms of CPU. */
export const HEARTBEAT_PERIOD = 0.2;

/** One beat. */
export interface Heartbeat {
  /** Fully qualified name of the node. */
  readonly name: string;
  readonly state: LifecycleState;
  /** Process: another one means that the node was started anew. */
  readonly pid: number;
}

/** A beat as the text that is sent: '/motion_planner active 4711'. */
export function formatHeartbeat({ name, state, pid }: Heartbeat): string {
  return `${name} ${state} ${pid}`;
}

/** @returns undefined for a text that is no heartbeat */
export function parseHeartbeat(text: string): Heartbeat | undefined {
  const match = /^(\/\S+) (unconfigured|inactive|active|finalized) (\d+)$/.exec(text);
  if (match === null) return undefined;
  return { name: match[1] as string, state: match[2] as LifecycleState, pid: Number(match[3]) };
}
