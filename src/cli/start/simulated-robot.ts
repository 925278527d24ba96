import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { readLaunchFile } from '../../ros/launcher/launch-file.js';
import { Launcher } from '../../ros/launcher/launcher.js';
import type { Message, ServiceRequest } from '../../ros/messages.js';
import { packagePath } from '../../ros/package-path.js';
import { latched, sensorData } from '../../ros/qos.js';
import type { RosNode } from '../../ros/ros-node.js';
import type { ServiceClient } from '../../ros/service-client.js';

/** Longest time from the start of the programs until all nodes are active, s. */
const startTimeout = 90;

/** Longest time until the monitor lets the robot go, s. */
const releaseTimeout = 10;

/** As in rcl_interfaces/msg/ParameterType. */
const ParameterType = { integer: 2, string: 4 } as const;

/** Time after which another graph on the domain has been seen, s. */
const discoveryTime = 1;

/** The graph of a launch file, started and stopped by this program. */
export class SimulatedRobot {
  readonly #manager: ServiceClient<'std_srvs/srv/Trigger'>;
  readonly #reset: ServiceClient<'std_srvs/srv/Trigger'>;
  readonly #placement: ServiceClient<'std_srvs/srv/Trigger'>;
  readonly #parameters: ServiceClient<'rcl_interfaces/srv/SetParameters'>;
  readonly #launcher: Launcher;
  readonly #log: WriteStream;
  #controller: Message<'cosmos_humanoid/msg/ControllerState'> | undefined;
  #safety: Message<'cosmos_humanoid/msg/SafetyState'> | undefined;
  #stopping = false;

  /**
   * @param launchArguments values of the launch file's arguments
   * @param directory where the nodes' output goes, in one file
   * @param tell called with warnings and errors of the nodes
   * @param file launch file, relative to the package
   */
  constructor(
    node: RosNode,
    launchArguments: Record<string, string>,
    directory: string,
    tell: (line: string) => void,
    file = 'launch/sim.launch.xml',
  ) {
    this.#manager = node.createClient('std_srvs/srv/Trigger', 'lifecycle_manager/is_active');
    this.#reset = node.createClient('std_srvs/srv/Trigger', 'safety/reset');
    this.#placement = node.createClient('std_srvs/srv/Trigger', 'sim/reset');
    this.#parameters = node.createClient('rcl_interfaces/srv/SetParameters', 'joint_controller/set_parameters');
    mkdirSync(directory, { recursive: true });
    this.#log = createWriteStream(join(directory, 'nodes.log'));
    const { processes } = readLaunchFile(packagePath(file), { arguments: launchArguments });
    this.#launcher = new Launcher(processes, {
      onOutput: (name, line) => {
        this.#log.write(`[${name}] ${line}\n`);
        if (/\[(ERROR|FATAL)\]/.test(line)) tell(`${name}: ${line}`);
      },
      onExit: (name, { code, signal, error }) => {
        if (!this.#stopping) tell(`${name} ${error ?? `ended with ${signal ?? `exit code ${code}`}`}`);
      },
    });
    node.createSubscription(
      'cosmos_humanoid/msg/ControllerState',
      'joint_controller/state',
      sensorData(1),
      (message) => {
        this.#controller = message;
      },
    );
    node.createSubscription('cosmos_humanoid/msg/SafetyState', 'safety/state', latched(), (message) => {
      this.#safety = message;
    });
  }

  /** Ids of the running programs by name. */
  get pids(): ReadonlyMap<string, number> {
    return this.#launcher.pids;
  }

  /** The controller's last report; undefined before the first. */
  get controller(): Message<'cosmos_humanoid/msg/ControllerState'> | undefined {
    return this.#controller;
  }

  /** The monitor's last word; undefined before the first. */
  get safety(): Message<'cosmos_humanoid/msg/SafetyState'> | undefined {
    return this.#safety;
  }

  /**
   * Starts the programs and waits until every node is active.
   * @param progress called when the number of nodes still to come changes
   * @throws Error that names the nodes that are missing
   */
  async start(progress: (waiting: string) => void): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1000 * discoveryTime));
    if (this.#stopping) throw new Error('stopped');
    if (this.#manager.available) {
      const domain = process.env.ROS_DOMAIN_ID ?? '0';
      throw new Error(
        `a graph already runs on ROS domain ${domain}; stop it, or set ROS_DOMAIN_ID to another (0 … 101)`,
      );
    }
    this.#launcher.start();
    const deadline = performance.now() + startTimeout * 1000;
    let waiting = 'lifecycle_manager';
    while (performance.now() < deadline) {
      if (this.#stopping) throw new Error('stopped');
      if (this.#launcher.failed) throw new Error('a node could not start; its message is above');
      const answer = await this.#manager.call({}, 5).catch(() => undefined);
      if (answer?.success === true && this.#controller !== undefined) return this.#release();
      const now = answer === undefined || answer.success ? waiting : answer.message;
      if (now !== waiting) progress(now);
      waiting = now;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    throw new Error(`not ready after ${startTimeout} s: ${waiting}; see nodes.log`);
  }

  /**
   * Places the objects anew, so that the target of `instruction` is within reach; the robot starts from its posture.
   * @throws Error that says which service refused, and why
   */
  async place(seed: number, instruction: string): Promise<void> {
    const parameter = (name: string, value: object) => ({ name, value });
    const { results } = await this.#parameters.call({
      parameters: [
        parameter('seed', { type: ParameterType.integer, integer_value: BigInt(seed) }),
        parameter('instruction', { type: ParameterType.string, string_value: instruction }),
      ],
    } as ServiceRequest<'rcl_interfaces/srv/SetParameters'>);
    const refused = results.find(({ successful }) => !successful);
    if (refused !== undefined) throw new Error(`joint_controller: ${refused.reason}`);
    const { success, message } = await this.#placement.call({}, 15);
    if (!success) throw new Error(`sim/reset: ${message}`);
    // A joint that is suddenly somewhere else may look like a fault.
    await this.#release();
  }

  /**
   * Resets a stop that the monitor latched while programs started and were silent.
   * @throws Error that says what the monitor still objects to
   */
  async #release(): Promise<void> {
    const deadline = performance.now() + releaseTimeout * 1000;
    for (;;) {
      const { success, message } = await this.#reset.call({});
      if (success) return;
      if (performance.now() > deadline) throw new Error(`safety_monitor keeps the robot stopped: ${message}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#launcher.stop();
    this.#log.end();
  }
}
