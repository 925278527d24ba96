import rclnodejs from 'rclnodejs';
import { Diagnostics, Level } from './diagnostics.js';
import { formatHeartbeat, HEARTBEAT_PERIOD, HEARTBEAT_TOPIC } from './heartbeat.js';
import { HEARTBEAT_LINK_PERIOD, HeartbeatSender, linkPorts } from './heartbeat-link.js';
import { AsyncLifecycleNode, type LifecycleState, type Transition } from './lifecycle.js';
import { parameterOverrides } from './parameter-overrides.js';
import { declareParameters, type ParameterDeclarations, type ParameterValues } from './parameters.js';
import { PeriodicTimer } from './periodic-timer.js';
import { reliable, sensorData } from './qos.js';
import { RosNode } from './ros-node.js';

/** What a node does in its transitions (REP-2002). Each may be asynchronous and may throw to refuse. */
export interface NodeHooks {
  /** Loads and checks what the node needs, opens publishers. What it makes is destroyed after cleanup. */
  configure?(): void | Promise<void>;
  /** Starts work: subscriptions, timers. What it makes is destroyed after deactivate. */
  activate?(): void | Promise<void>;
  /** Stops work. Errors are logged; the node is inactive afterwards all the same. */
  deactivate?(): void | Promise<void>;
  /** Releases what configure loaded. */
  cleanup?(): void | Promise<void>;
}

/** Parameters of every node. @param autostart default of the one of that name */
function commonParameters(autostart: boolean) {
  return {
    autostart: {
      type: 'boolean',
      default: autostart,
      description: 'Whether the node configures and activates itself at start, without a lifecycle manager.',
    },
  } as const satisfies ParameterDeclarations;
}

/** How a node is made. */
export interface NodeOptions {
  /** Default of the parameter of that name; false when left out. */
  readonly autostart?: boolean;
  /** Arguments, by default those of the process. */
  readonly argv?: readonly string[];
}

/**
 * A node of this package: a lifecycle node with checked parameters, diagnostics and a heartbeat. One process holds one.
 */
export class HumanoidNode<P extends ParameterDeclarations = ParameterDeclarations> extends RosNode {
  /** Values of the declared parameters. */
  readonly parameters: ParameterValues<P & ReturnType<typeof commonParameters>>;
  readonly diagnostics: Diagnostics;
  readonly #lifecycle: AsyncLifecycleNode;
  readonly #heart: PeriodicTimer;
  readonly #link: { stop(): void };
  readonly #secondly: PeriodicTimer;
  #hooks: NodeHooks = {};
  #releaseConfigured: () => void = () => {};
  #releaseActive: () => void = () => {};

  /**
   * @param name unless `-r __node:=` says otherwise
   * @throws Error with a line for each bad parameter override
   */
  constructor(name: string, declarations: P, { autostart = false, argv = process.argv }: NodeOptions = {}) {
    const options = Object.assign(new rclnodejs.NodeOptions(), { startTypeDescriptionService: false });
    const lifecycle = new AsyncLifecycleNode(name, '', rclnodejs.Context.defaultContext(), options);
    super(lifecycle);
    this.#lifecycle = lifecycle;
    const work = (transition: Transition, from: LifecycleState) => this.#work(transition, from);
    lifecycle.setWork(work, () => this.#reportState());
    try {
      const overrides = parameterOverrides(argv, lifecycle.getFullyQualifiedName());
      this.parameters = declareParameters(lifecycle, { ...declarations, ...commonParameters(autostart) }, overrides);
    } catch (error) {
      lifecycle.destroy();
      throw error;
    }

    const publisher = this.createPublisher('diagnostic_msgs/msg/DiagnosticArray', '/diagnostics', reliable());
    this.diagnostics = new Diagnostics(this.name.slice(1), publisher, () => this.stamp());
    this.diagnostics.addSource(this.#reportProcess());
    this.diagnostics.addSource(() => this.#reportInputs());
    this.#reportState();
    this.#secondly = new PeriodicTimer(1, () => this.diagnostics.update());
    this.#heart = this.#startHeart();
    this.#link = this.#startLink();
  }

  get state(): LifecycleState {
    return this.#lifecycle.state;
  }

  get active(): boolean {
    return this.state === 'active';
  }

  /** Sets what the node does in its transitions. */
  setHooks(hooks: NodeHooks): void {
    this.#hooks = hooks;
  }

  /** Makes a transition. @returns whether it was made */
  async transition(transition: Transition): Promise<boolean> {
    return this.#lifecycle.transition(transition);
  }

  /** Starts to take in messages. */
  spin(): void {
    // rcl_wait returns at least this often, ms. Each return costs time; making and destroying subscriptions waits for one.
    rclnodejs.spin(this.native, 50);
  }

  /** Deactivates and cleans up as far as there is need, and destroys the node. */
  async close(): Promise<void> {
    await this.#lifecycle.busy;
    if (this.state === 'active') await this.transition('deactivate');
    if (this.state === 'inactive') await this.transition('cleanup');
    this.#heart.stop();
    this.#link.stop();
    this.#secondly.stop();
    this.diagnostics.close();
    this.destroyEntities();
    this.native.destroy();
  }

  async #work(transition: Transition, from: LifecycleState): Promise<void> {
    switch (transition) {
      case 'configure':
        this.#releaseConfigured = await this.#scoped(() => this.#hooks.configure?.());
        break;
      case 'activate':
        this.#releaseActive = await this.#scoped(() => this.#hooks.activate?.());
        break;
      case 'shutdown':
        if (from === 'active') await this.#deactivate();
        if (from !== 'unconfigured') await this.#cleanup();
        break;
      case 'deactivate':
        await this.#deactivate();
        break;
      case 'cleanup':
        await this.#cleanup();
        break;
    }
  }

  /** Runs a hook. @returns releases what the hook made; when it throws that is done at once */
  async #scoped(hook: () => void | Promise<void>): Promise<() => void> {
    const scope = this.beginScope();
    try {
      await hook();
    } catch (error) {
      scope.end()();
      throw error;
    }
    return scope.end();
  }

  async #deactivate(): Promise<void> {
    await this.#attempt('deactivate', () => this.#hooks.deactivate?.());
    this.#releaseActive();
  }

  async #cleanup(): Promise<void> {
    await this.#attempt('cleanup', () => this.#hooks.cleanup?.());
    this.#releaseConfigured();
  }

  /** The way down goes on whatever happens. */
  async #attempt(what: string, hook: () => void | Promise<void>): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.log.error(`${what}: ${(error as Error).stack ?? error}`);
    }
  }

  /** The heartbeat of which safety_monitor notices soon that it is missing. */
  #startLink(): { stop(): void } {
    const sender = new HeartbeatSender(linkPorts(this.name).monitor);
    const send = () => sender.send(formatHeartbeat({ name: this.name, state: this.state, pid: process.pid }));
    const timer = new PeriodicTimer(HEARTBEAT_LINK_PERIOD, send);
    return {
      stop: () => {
        timer.stop();
        // One that says that it is not at work any more has not died of something.
        send();
        sender.close();
      },
    };
  }

  /** The heartbeat that every node of the graph can hear. */
  #startHeart(): PeriodicTimer {
    const publisher = this.createPublisher('std_msgs/msg/String', HEARTBEAT_TOPIC, sensorData());
    const codec = this.codec('std_msgs/msg/String');
    let state: LifecycleState | undefined;
    let beat: Buffer = Buffer.alloc(0);
    return new PeriodicTimer(HEARTBEAT_PERIOD, () => {
      const now = this.state;
      if (now !== state)
        beat = Buffer.from(codec.encode({ data: formatHeartbeat({ name: this.name, state: now, pid: process.pid }) }));
      state = now;
      publisher.publishRaw(beat);
    });
  }

  #reportState(): void {
    if (this.state === 'finalized') return;
    this.diagnostics.report('lifecycle', this.active ? Level.ok : Level.warning, this.state);
  }

  #reportProcess(): () => void {
    let last = process.cpuUsage();
    let time = performance.now();
    return () => {
      const now = performance.now();
      const { user, system } = process.cpuUsage(last);
      // Microseconds of CPU in milliseconds of time.
      const cores = ((user + system) * 1e-3) / (now - time);
      last = process.cpuUsage();
      time = now;
      const memory = process.memoryUsage.rss() / 2 ** 20;
      this.diagnostics.report('process', Level.ok, 'ok', { cpu_cores: cores, memory_MiB: memory, pid: process.pid });
    };
  }

  #reportInputs(): void {
    const values: Record<string, number> = {};
    const bad: string[] = [];
    for (const { topic, received, malformed } of this.subscriptions) {
      values[topic] = received;
      if (malformed > 0) bad.push(`${topic} (${malformed})`);
    }
    const message = bad.length === 0 ? 'ok' : `messages of another type than declared: ${bad.join(', ')}`;
    this.diagnostics.report('inputs', bad.length === 0 ? Level.ok : Level.warning, message, values);
  }
}
