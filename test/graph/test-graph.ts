import '../ros/domain.js';
import { spawn } from 'node:child_process';
import { readLaunchFile } from '../../src/ros/launcher/launch-file.js';
import { Launcher } from '../../src/ros/launcher/launcher.js';
import type { Message, MessageType } from '../../src/ros/messages.js';
import { openNode } from '../../src/ros/open-node.js';
import { packagePath } from '../../src/ros/package-path.js';
import type { Qos } from '../../src/ros/qos.js';
import type { RosNode } from '../../src/ros/ros-node.js';
import type { ServiceClient } from '../../src/ros/service-client.js';

/** Time for anything that has to happen, s; much more than it takes. */
const PATIENCE = 60;

/** The latest message of a topic, and how many there were. */
export interface Latest<T extends MessageType> {
  message: Message<T> | undefined;
  count: number;
}

/** Real processes, started from a launch file, and a node of the test's own among them. */
export class TestGraph {
  readonly node: RosNode;
  readonly launcher: Launcher;
  /** What the processes wrote. */
  readonly log: string[];
  /** Exit codes or signals of processes that ended, by name. */
  readonly exits: ReadonlyMap<string, readonly (number | string | undefined)[]>;
  readonly #close: () => void;
  readonly #clients = new Map<string, ServiceClient<'std_srvs/srv/Trigger'>>();

  private constructor(node: RosNode, close: () => void, launcher: Launcher, log: string[], exits: TestGraph['exits']) {
    this.node = node;
    this.#close = close;
    this.launcher = launcher;
    this.log = log;
    this.exits = exits;
  }

  /** @param file launch file, relative to the package @param values of its arguments */
  static async start(file: string, values: Readonly<Record<string, string>> = {}): Promise<TestGraph> {
    const { processes } = readLaunchFile(packagePath(file), { arguments: values });
    const log: string[] = [];
    const exits = new Map<string, (number | string | undefined)[]>();
    const launcher = new Launcher(processes, {
      onOutput: (name, line) => log.push(`[${name}] ${line}`),
      onExit: (name, { code, signal }) => exits.set(name, [...(exits.get(name) ?? []), signal ?? code]),
    });
    launcher.start();
    const { node, close } = await openNode('test');
    return new TestGraph(node, close, launcher, log, exits);
  }

  /** Listens to a topic. */
  listen<T extends MessageType>(type: T, topic: string, qos: Qos): Latest<T> {
    const latest: Latest<T> = { message: undefined, count: 0 };
    this.node.createSubscription(type, topic, qos, (message) => {
      latest.message = message;
      latest.count++;
    });
    return latest;
  }

  /**
   * Waits for something to come true.
   * @param what it is, for the error when it never does
   */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE * 1e3;
    while (!(await holds())) {
      if (performance.now() > deadline) throw new Error(`never came true: ${what}\n${this.log.slice(-30).join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits until nodes are active, one by one, so that each has the whole patience. */
  async untilActive(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const missing = async () => (await this.call('lifecycle_manager/is_active')).message.includes(name);
      await this.until(`${name} is active`, async () => !(await missing()));
    }
  }

  /** Calls a service of type Trigger. */
  async call(name: string): Promise<{ success: boolean; message: string }> {
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = this.node.createClient('std_srvs/srv/Trigger', name);
      this.#clients.set(name, client);
    }
    return client.call({}, PATIENCE);
  }

  /** Runs a Python program in the ROS environment. @returns what it wrote: JSON */
  async runPeer(file: string): Promise<unknown> {
    const child = spawn('python3', [packagePath(file)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (data) => {
      output += String(data);
    });
    child.stderr.on('data', (data) => {
      errors += String(data);
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    if (code !== 0)
      throw new Error(`${file} ended with exit code ${code}: ${errors}\n${this.log.slice(-30).join('\n')}`);
    return JSON.parse(output);
  }

  /** Stops all processes. */
  async stop(): Promise<void> {
    await this.launcher.stop();
    this.#close();
  }
}
