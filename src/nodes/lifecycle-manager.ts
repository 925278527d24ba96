import { monotonicSeconds } from '../control/monotonic-clock.js';
import { Level } from '../ros/diagnostics.js';
import { HEARTBEAT_TOPIC, parseHeartbeat } from '../ros/heartbeat.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import type { LifecycleState, Transition } from '../ros/lifecycle.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { SAFETY_PARAMETERS } from '../ros/safety-parameters.js';
import type { ServiceClient } from '../ros/service-client.js';

const SUPERVISION_PERIOD = 0.1;
/** A node that is silent for longer, times the patience, counts as gone, s. */
const SILENCE = 2;
/** Time between attempts after a transition that failed, s. */
const RETRY = 2;

/** Identifiers of lifecycle_msgs/msg/Transition. */
const TRANSITION_IDS: Readonly<Record<Exclude<Transition, 'shutdown'>, number>> = {
  configure: 1,
  cleanup: 2,
  activate: 3,
  deactivate: 4,
};

const PARAMETERS = {
  node_names: {
    type: 'string_array',
    default: [],
    description: 'Nodes, of the same namespace, in the order in which they are configured and activated.',
  },
  transition_timeout: {
    type: 'double',
    default: 60,
    minimum: 1,
    maximum: 600,
    description: 'Longest time for a transition of a node, s.',
  },
  patience: SAFETY_PARAMETERS.patience,
} as const satisfies ParameterDeclarations;

/** A node under supervision. */
interface Managed {
  readonly name: string;
  readonly client: ServiceClient<'lifecycle_msgs/srv/ChangeState'>;
  state: LifecycleState | undefined;
  pid: number;
  heard: number;
  /** Counts the transitions asked for; an answer to an older one is out of date. */
  request: number;
  busy: boolean;
  /** Not before this time is the next transition tried, s. */
  retryAt: number;
  wasActive: boolean;
}

/** Brings the nodes up in order, keeps them up (one that is started anew is brought up again), and down in reverse. */
class LifecycleManagerNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  #managed: Managed[] = [];
  #down = false;
  #complete = false;

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  activate(): void {
    const node = this.#node;
    const { namespace } = node;
    this.#down = false;
    this.#complete = false;
    this.#managed = node.parameters.node_names.map((name) => ({
      name: `${namespace}${name}`,
      client: node.createClient('lifecycle_msgs/srv/ChangeState', `${namespace}${name}/change_state`),
      state: undefined,
      pid: 0,
      heard: Number.NEGATIVE_INFINITY,
      request: 0,
      busy: false,
      retryAt: 0,
      wasActive: false,
    }));
    const byName = new Map(this.#managed.map((managed) => [managed.name, managed]));
    node.createSubscription('std_msgs/msg/String', HEARTBEAT_TOPIC, sensorData(50), ({ data }) => {
      const beat = parseHeartbeat(data);
      const managed = beat === undefined ? undefined : byName.get(beat.name);
      if (beat !== undefined && managed !== undefined) this.#hear(managed, beat.state, beat.pid);
    });
    node.createTimer(SUPERVISION_PERIOD, () => this.#supervise());
    this.#serve();
  }

  #hear(managed: Managed, state: LifecycleState, pid: number): void {
    if (managed.pid !== pid && managed.pid !== 0) {
      this.#node.log.warn(`${managed.name} was started anew`);
      this.#forget(managed);
    }
    managed.pid = pid;
    managed.state = state;
    managed.heard = monotonicSeconds();
  }

  /** Its process is gone: whatever was asked of it will not be answered. */
  #forget(managed: Managed): void {
    managed.request++;
    managed.busy = false;
    managed.retryAt = 0;
    managed.state = undefined;
  }

  #supervise(): void {
    const now = monotonicSeconds();
    const silence = SILENCE * this.#node.parameters.patience;
    for (const managed of this.#managed) {
      // A node that loads a model, say, may be silent over a transition, which has a time limit of its own.
      if (managed.state === undefined || managed.busy || now - managed.heard <= silence) continue;
      this.#node.log.error(`${managed.name} is gone: silent for ${silence} s`);
      this.#forget(managed);
    }
    if (!this.#down) this.#bringUp(now);
    this.#report();
  }

  /** At first strictly in order; later each node on its own. */
  #bringUp(now: number): void {
    for (const managed of this.#managed) {
      const { state, busy, retryAt } = managed;
      if (!busy && now >= retryAt) {
        if (state === 'unconfigured') void this.#change(managed, 'configure');
        else if (state === 'inactive') void this.#change(managed, 'activate');
        else if (state === 'active') managed.wasActive = true;
      }
      if (!managed.wasActive && !this.#complete) return;
    }
    if (!this.#complete) this.#node.log.info(`all ${this.#managed.length} nodes are active`);
    this.#complete = true;
  }

  /** @returns whether the transition was made */
  async #change(managed: Managed, transition: keyof typeof TRANSITION_IDS): Promise<boolean> {
    const request = ++managed.request;
    managed.busy = true;
    const begin = monotonicSeconds();
    let success = false;
    let problem = 'the node refused, see its log';
    try {
      const id = TRANSITION_IDS[transition];
      const timeout = this.#node.parameters.transition_timeout;
      ({ success } = await managed.client.call({ transition: { id, label: '' } }, timeout));
    } catch (error) {
      problem = (error as Error).message;
    }
    if (managed.request !== request) return false;
    managed.busy = false;
    const time = monotonicSeconds() - begin;
    if (success) {
      managed.state = AFTER[transition];
      this.#node.log.info(`${managed.name}: ${transition} done in ${time.toFixed(2)} s`);
    } else {
      managed.retryAt = monotonicSeconds() + RETRY;
      this.#node.log.error(`${managed.name}: ${transition} failed: ${problem}; trying again in ${RETRY} s`);
    }
    return success;
  }

  #serve(): void {
    const node = this.#node;
    node.createService('std_srvs/srv/Trigger', 'lifecycle_manager/is_active', () => {
      const missing = this.#missing();
      return {
        success: missing.length === 0,
        message: missing.length === 0 ? 'all nodes are active' : missing.join(', '),
      };
    });
    node.createService('std_srvs/srv/Trigger', 'lifecycle_manager/startup', () => {
      this.#down = false;
      return { success: true, message: 'bringing the nodes up' };
    });
    node.createService('std_srvs/srv/Trigger', 'lifecycle_manager/shutdown', async () => {
      this.#down = true;
      this.#complete = false;
      const failed: string[] = [];
      for (const managed of this.#managed.toReversed()) {
        managed.wasActive = false;
        if (managed.state === 'active' && !(await this.#change(managed, 'deactivate'))) failed.push(managed.name);
        if (managed.state === 'inactive' && !(await this.#change(managed, 'cleanup'))) failed.push(managed.name);
      }
      // One that is silent may have ended, or hang while it is active.
      const silent = this.#managed.filter(({ state }) => state === undefined).map(({ name }) => name);
      const problems = [
        ...(failed.length > 0 ? [`not down: ${failed.join(', ')}`] : []),
        ...(silent.length > 0 ? [`not heard, and so perhaps not down: ${silent.join(', ')}`] : []),
      ];
      return { success: problems.length === 0, message: problems.join('; ') || 'all nodes are down' };
    });
  }

  /** Nodes that are not active, and what they are instead. */
  #missing(): string[] {
    return this.#managed
      .filter(({ state }) => state !== 'active')
      .map(({ name, state }) => `${name}: ${state ?? 'gone'}`);
  }

  #report(): void {
    const missing = this.#missing();
    const message = missing.length === 0 ? 'all nodes are active' : missing.join(', ');
    this.#node.diagnostics.report('nodes', missing.length === 0 ? Level.ok : Level.warning, message);
  }
}

const AFTER: Readonly<Record<keyof typeof TRANSITION_IDS, LifecycleState>> = {
  configure: 'inactive',
  activate: 'active',
  deactivate: 'inactive',
  cleanup: 'unconfigured',
};

const create = (node: HumanoidNode<typeof PARAMETERS>): NodeHooks => new LifecycleManagerNode(node);
await runNode({ name: 'lifecycle_manager', parameters: PARAMETERS, autostart: true, create });
