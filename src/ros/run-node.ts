import { readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import rclnodejs from 'rclnodejs';
import { useDdsProfile } from './dds-profile.js';
import { HumanoidNode, type NodeHooks } from './humanoid-node.js';
import type { ParameterDeclarations } from './parameters.js';

/** A node that does not come to its end in this time is ended, s, unless it says otherwise. */
const SHUTDOWN_TIME = 3;

/** What makes a node a node of its own. */
export interface NodeDescription<P extends ParameterDeclarations> {
  /** snake_case */
  readonly name: string;
  readonly parameters: P;
  /** Default of the parameter `autostart`; false when left out. */
  readonly autostart?: boolean;
  /**
   * Niceness of the process, 0 when left out: below 0 for what must not wait (where the system permits it), above 0 for
   * what gives way when the machine is short.
   */
  readonly niceness?: number;
  /** It sends or hears images, so that its messages go by shared memory too; false when left out. */
  readonly images?: boolean;
  /** Longest time that the way down may take, s: a node that has something to write before it ends. */
  readonly shutdownTime?: number;
  /** Makes what does the node's work; called once, before the node is configured. */
  readonly create: (node: HumanoidNode<P>) => NodeHooks;
}

/**
 * Runs a node as this process until SIGINT or SIGTERM: brings it down in order, then lets the process end (exit code
 * 0). A bad parameter, or an error that nobody caught, ends it with exit code 1 and a line on the log.
 */
export async function runNode<P extends ParameterDeclarations>(description: NodeDescription<P>): Promise<void> {
  useNiceness(description.niceness ?? 0);
  useDdsProfile(description.images ?? false);
  await rclnodejs.init();
  rclnodejs.removeSignalHandlers();
  let node: HumanoidNode<P> | undefined;
  let ending = false;

  const end = async (code: number): Promise<void> => {
    if (ending) return;
    ending = true;
    process.exitCode = code;
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1e3 * (description.shutdownTime ?? SHUTDOWN_TIME)).unref();
    try {
      await node?.close();
    } finally {
      rclnodejs.shutdown();
    }
  };
  const fail = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (node === undefined || ending) console.error(`${description.name}: ${text}`);
    else node.log.fatal(text);
    void end(1);
  };
  process.on('SIGINT', () => void end(0));
  process.on('SIGTERM', () => void end(0));
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);

  try {
    node = new HumanoidNode(description.name, description.parameters, {
      autostart: description.autostart ?? false,
    });
    node.setHooks(description.create(node));
  } catch (error) {
    console.error(`${description.name}: ${(error as Error).message}`);
    await end(1);
    return;
  }
  node.spin();
  if (node.parameters.autostart && (await node.transition('configure'))) await node.transition('activate');
}

/**
 * Before ROS makes its threads, which inherit it. Linux gives each session its own share of the processors and counts
 * niceness only within it (sched(7), autogroup): the launcher starts a node as a session of its own, which gets it too.
 */
function useNiceness(niceness: number): void {
  // Only a privileged user may go below 0; the node works without.
  attempt(() => setPriority(niceness));
  attempt(() => {
    if (leadsSession()) writeFileSync('/proc/self/autogroup', String(niceness));
  });
}

/** Whether this process' session is its own, not that of a terminal. */
function leadsSession(): boolean {
  // What is after the name in parentheses: state, parent, process group, session.
  const [, , , session] = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return Number(session) === process.pid;
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // As well as can be.
  }
}
