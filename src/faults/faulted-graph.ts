import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { SimulatedRobot } from '../cli/start/simulated-robot.js';
import type { Random } from '../math/random.js';
import { Robot } from '../robot/robot.js';
import type { Message, MessageType, ServiceRequest } from '../ros/messages.js';
import { openNode } from '../ros/open-node.js';
import { packagePath } from '../ros/package-path.js';
import { latched, sensorData } from '../ros/qos.js';
import type { RosNode } from '../ros/ros-node.js';
import type { ServiceClient } from '../ros/service-client.js';
import { toSeconds } from '../ros/time.js';
import { beMorePatient, loadSafetyConfig, type SafetyConfig } from '../safety/safety-config.js';
import { loadTask, type Task } from '../sim/scene.js';
import type { GraphNodes } from './process-faults.js';
import { ReactionWatch } from './reaction-watch.js';
import { TruthWatch } from './truth-watch.js';

const TASK = 'pick_and_place';
/** Name of the campaign's own node. */
const NODE = 'faults';
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** Nodes that safety_monitor watches where its parameters do not name them. */
const DEFAULT_WATCHED = ['joint_controller', 'motion_planner', 'action_decoder', 'cosmos_inference', 'camera_fusion'];
/** Time until the monitor's tight limits on silence hold again is this much longer than configured, s. */
const SETTLE_MARGIN = 0.3;
/** From the placement of the objects until the cameras have seen them, s. */
const AFTER_PLACING = 1.5;
/** Nothing takes longer, s; what does is a failure of the graph. */
const PATIENCE = 45;
/** It is in order when it is found to be this many times in a row: what has just come up may fall silent again. */
const IN_ORDER = 3;
/** Longest time that the loop's word may be under way, s: a participant that was killed holds the middleware up. */
const UNDER_WAY = 5;
/** The arm moves when a joint is commanded faster than this, rad/s. */
const MOVING = 0.1;

/** How the graph is brought up. */
export interface GraphOptions {
  /** Where the nodes' output and a copy of the parameters go. */
  readonly directory: string;
  readonly seed: number;
  /** Called with warnings and errors of the nodes. */
  readonly tell: (line: string) => void;
  /** Launch file, relative to the package. */
  readonly launchFile: string;
  /** Parameters of the nodes, relative to the package; a copy of it is used, which faults may spoil. */
  readonly parameters: string;
  /** Further arguments of the launch file. */
  readonly arguments?: Readonly<Record<string, string>>;
  /** The robot holds its posture, because the graph has nobody who sets it to work; false when left out. */
  readonly idle?: boolean;
}

/**
 * The whole graph on the simulated robot, as real processes in real time, and what the campaign needs of it: to set the
 * robot to work, to see what it does, to bring everything back into order.
 */
export class FaultedGraph {
  readonly node: RosNode;
  readonly robot: SimulatedRobot;
  readonly config: SafetyConfig;
  readonly truth: TruthWatch;
  /** The copy of the parameters that the nodes read when they start. */
  readonly parametersFile: string;
  /** Whether the robot only holds its posture. */
  readonly idle: boolean;
  /** Told of every stop while it is set. */
  watch: ReactionWatch | undefined;
  /** Of the robot's joints, in URDF order. */
  readonly jointNames: readonly string[];
  /** Nodes of the graph, and those without which it stops. */
  readonly nodes: GraphNodes;
  readonly #task: Task;
  readonly #active: ServiceClient<'std_srvs/srv/Trigger'>;
  readonly #reset: ServiceClient<'std_srvs/srv/Trigger'>;
  readonly #fault: ServiceClient<'cosmos_humanoid/srv/InjectFault'>;
  readonly #executive: ReturnType<typeof openExecutive>;
  readonly #close: () => void;
  #level = 0;
  #moving = false;
  #controllerPid: number | undefined;
  #loopStamp = Number.NEGATIVE_INFINITY;
  #calmSince = 0;
  #instruction = '';
  #placed = false;
  #deafUntil = 0;
  #interrupted = false;
  /** The programs do not outlive this one, however often it is told to end: a terminal tells its whole group. */
  readonly #interrupt = (): void => {
    if (this.#interrupted) return;
    this.#interrupted = true;
    void this.stop().finally(() => process.exit(1));
  };

  /** @throws Error that names the nodes that did not come up */
  static async bringUp(options: GraphOptions): Promise<FaultedGraph> {
    const { node, close } = await openNode(NODE);
    try {
      mkdirSync(options.directory, { recursive: true });
      const parametersFile = join(options.directory, 'params.yaml');
      const parameters = parseDocument(readFileSync(packagePath(options.parameters), 'utf8'));
      // Messages that are wrong in themselves come from this node.
      for (const name of ['safety_monitor', 'joint_controller'])
        parameters.setIn([`/**/${name}`, 'ros__parameters', 'commanders'], ['motion_planner', NODE]);
      writeFileSync(parametersFile, parameters.toString());
      const robot = new SimulatedRobot(
        node,
        { params_file: parametersFile, task: TASK, seed: String(options.seed), ...options.arguments },
        options.directory,
        options.tell,
        options.launchFile,
      );
      const graph = new FaultedGraph(node, close, robot, parametersFile, options);
      for (const signal of SIGNALS) process.on(signal, graph.#interrupt);
      try {
        await robot.start(() => {});
      } catch (error) {
        for (const signal of SIGNALS) process.off(signal, graph.#interrupt);
        await robot.stop();
        throw error;
      }
      graph.calm();
      return graph;
    } catch (error) {
      close();
      throw error;
    }
  }

  private constructor(
    node: RosNode,
    close: () => void,
    robot: SimulatedRobot,
    parametersFile: string,
    options: GraphOptions,
  ) {
    this.idle = options.idle ?? false;
    this.node = node;
    this.robot = robot;
    this.parametersFile = parametersFile;
    const { watched, patience, safety } = readMonitorParameters(parametersFile);
    // An argument of the launch file holds over the parameters' file.
    const factor = Number(options.arguments?.patience ?? patience);
    this.config = beMorePatient(loadSafetyConfig(packagePath(safety)), factor);
    this.jointNames = Robot.load(packagePath('config/robot.yaml')).names;
    this.nodes = {
      watched,
      get all() {
        return [...robot.pids.keys()].filter((name) => name !== 'rviz2');
      },
    };
    this.#active = node.createClient('std_srvs/srv/Trigger', 'lifecycle_manager/is_active');
    this.#reset = node.createClient('std_srvs/srv/Trigger', 'safety/reset');
    this.#fault = node.createClient('cosmos_humanoid/srv/InjectFault', 'sim/fault');
    this.#executive = openExecutive(node);
    this.#task = loadTask(packagePath(`config/scenes/${TASK}.yaml`));
    this.truth = new TruthWatch(this.#task);
    this.#close = close;
    this.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', (message) => {
      this.#hearLoop(message);
    });
    node.createSubscription('cosmos_humanoid/msg/SafetyState', 'safety/state', latched(10), (message) => {
      this.#level = message.level;
      const { category, header, causes } = message;
      this.watch?.observeMonitor({ category, stamp: toSeconds(header.stamp), causes });
    });
    this.listen('cosmos_humanoid/msg/SimState', 'sim/state', (message) => this.truth.observe(message));
  }

  /** ROS time, s. */
  now(): number {
    return this.node.now();
  }

  /** Whether the arm is commanded to move. */
  get moving(): boolean {
    return this.#moving;
  }

  /** Whether a stop is demanded. */
  get stopped(): boolean {
    return this.#level >= 2;
  }

  /** Does not believe joint_controller/state for a while, because somebody else speaks there. @param seconds how long */
  deafFor(seconds: number): void {
    this.#deafUntil = this.now() + seconds;
  }

  /** The next run begins with the objects placed anew. */
  disarrange(): void {
    this.#placed = false;
  }

  /** Something was silent until now: the monitor's tight limits hold again only later. */
  calm(): void {
    this.#calmSince = this.now();
  }

  listenRaw(type: MessageType, topic: string, callback: () => void): void {
    this.node.createRawSubscription(type, topic, sensorData(5), callback);
  }

  listen<T extends MessageType>(type: T, topic: string, callback: (message: Message<T>) => void): void {
    this.node.createSubscription(type, topic, sensorData(5), callback);
  }

  /** Places the objects anew, if the last run has disarranged them. */
  async place(random: Random): Promise<void> {
    if (this.#placed) return;
    this.#instruction = random.pick(random.pick(this.#task.instructions).texts);
    await this.robot.place(random.integer(1_000_000), this.#instruction);
    this.calm();
    this.#placed = true;
  }

  /** Gives the instruction. @returns whether the arm moves */
  async setOut(): Promise<boolean> {
    const { sent } = await this.#instruct();
    return sent && this.#within(4, () => this.#moving);
  }

  /**
   * Places the objects anew and carries an instruction out to its end.
   * @param timeout s @returns whether the task is done, and the causes of a stop on the way
   */
  async carryOut(
    seed: number,
    timeout: number,
  ): Promise<{ readonly success: boolean; readonly stopped: readonly string[] }> {
    const { texts } = this.#task.instructions[seed % this.#task.instructions.length]!;
    await this.robot.place(seed, texts[0]!);
    await pause(AFTER_PLACING);
    // While the objects were placed the joints were silent, which the monitor takes for a fault.
    await this.recover();
    this.watch = new ReactionWatch(this.now());
    try {
      if (!(await this.#executive.waitForServer(10_000))) throw new Error('nobody offers execute_instruction');
      const goal = await this.#executive.sendGoal({ instruction: texts[0]!, timeout });
      const result = await Promise.race([goal.getResult(), pause(timeout + 5)]);
      const { reaction } = this.watch.observation;
      const success = (result as { success?: boolean } | undefined)?.success === true;
      return { success, stopped: reaction === undefined ? [] : this.watch.causes };
    } finally {
      this.watch = undefined;
    }
  }

  /** Waits until the tight limits on silence hold. */
  async settle(): Promise<void> {
    const left = this.#calmSince + this.config.limits.silence.settle + SETTLE_MARGIN - this.now();
    if (left > 0) await pause(left);
  }

  /**
   * Brings the graph back into order: every node active, no fault, no stop.
   * @param limp whether the joints hang, some beyond their limits: then robot and objects are placed anew first
   * @throws Error that says what is missing
   */
  async recover(limp = false): Promise<void> {
    await this.injectInRobot('clear', '', [], 0).catch(() => {});
    let missing = '';
    let inOrder = 0;
    const deadline = performance.now() + 1e3 * PATIENCE;
    while (inOrder < IN_ORDER && performance.now() < deadline) {
      await pause(0.1);
      try {
        const nodes = await this.#active.call({}, 3);
        if (!nodes.success) throw new Error(nodes.message);
        if (limp) await this.robot.place(0, this.#instruction);
        limp = false;
        const { success, message } = await this.#reset.call({}, 3);
        if (!success) throw new Error(message);
        inOrder = this.stopped ? 0 : inOrder + 1;
        missing = this.stopped ? 'safety_monitor stops again' : '';
      } catch (error) {
        missing = (error as Error).message;
        inOrder = 0;
      }
    }
    if (inOrder < IN_ORDER) throw new Error(`not in order after ${PATIENCE} s: ${missing}`);
  }

  /** Asks the simulation for a fault of InjectFault.srv. @throws Error that says why it was refused */
  async injectInRobot(kind: string, joint: string, value: readonly number[], duration: number): Promise<void> {
    const request = { kind, joint, value: Float64Array.from(value), duration };
    const { success, message } = await this.#fault.call(
      request as ServiceRequest<'cosmos_humanoid/srv/InjectFault'>,
      3,
    );
    if (!success) throw new Error(`sim/fault: ${message}`);
  }

  /** Stops the programs, also those that a fault has stopped. */
  async stop(): Promise<void> {
    for (const pid of this.robot.pids.values()) process.kill(pid, 'SIGCONT');
    await this.robot.stop();
    for (const signal of SIGNALS) process.off(signal, this.#interrupt);
    this.#close();
  }

  async #instruct(): Promise<{ readonly sent: boolean }> {
    if (!(await this.#executive.waitForServer(10_000))) throw new Error('nobody offers execute_instruction');
    const goal = this.#executive.sendGoal({ instruction: this.#instruction, timeout: 0 });
    return Promise.race([
      goal.then(
        () => ({ sent: true }),
        () => ({ sent: false }),
      ),
      pause(3).then(() => ({ sent: false })),
    ]);
  }

  /** Waits, not for ever, until the loop has said how it is at `time` or later: no news is not that it goes on. */
  async hearLoopOf(time: number): Promise<void> {
    await this.#within(UNDER_WAY, () => this.#loopStamp >= time);
  }

  #hearLoop(message: Message<'cosmos_humanoid/msg/ControllerState'>): void {
    if (this.now() < this.#deafUntil) return;
    this.#loopStamp = toSeconds(message.header.stamp);
    this.#moving = message.mode === 0 && message.reference_velocity.some((speed) => Math.abs(speed) > MOVING);
    const pid = this.robot.pids.get('joint_controller');
    if (pid !== this.#controllerPid) this.watch?.loopRestarted();
    this.#controllerPid = pid;
    const since = toSeconds(message.mode_since);
    this.watch?.observeLoop({ mode: message.mode, since, causes: message.stop_cause_names });
  }

  async #within(seconds: number, holds: () => boolean): Promise<boolean> {
    const deadline = performance.now() + 1e3 * seconds;
    while (!holds()) {
      if (performance.now() > deadline) return false;
      await pause(0.02);
    }
    return true;
  }
}

function openExecutive(node: RosNode) {
  return node.createActionClient('cosmos_humanoid/action/ExecuteInstruction', 'execute_instruction');
}

/** What the parameter file says of safety_monitor: the nodes that it watches, its configuration, and its patience. */
function readMonitorParameters(file: string): {
  readonly watched: readonly string[];
  readonly patience: number;
  readonly safety: string;
} {
  const parameters = parse(readFileSync(file, 'utf8')) as Record<string, { ros__parameters?: Record<string, unknown> }>;
  const {
    nodes = DEFAULT_WATCHED,
    patience = 1,
    safety = 'config/safety.yaml',
  } = parameters['/**/safety_monitor']?.ros__parameters ?? {};
  return { watched: nodes as readonly string[], patience: Number(patience), safety: String(safety) };
}

/** @param seconds how long */
export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1e3 * seconds));
}
