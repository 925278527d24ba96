import { monotonicSeconds } from '../control/monotonic-clock.js';
import { type AccessRules, isLoopback } from '../operator/access.js';
import { ControlHub } from '../operator/control-hub.js';
import { FoxgloveServer } from '../operator/foxglove.js';
import { OperatorServer, type ServerHooks } from '../operator/operator-server.js';
import { PageFiles } from '../operator/page-files.js';
import { Permissions } from '../operator/permissions.js';
import { StopThread } from '../operator/stop-thread.js';
import { StopWords } from '../operator/stop-words.js';
import { BridgeGraph } from '../ros/bridge-graph.js';
import { BridgeParameters } from '../ros/bridge-parameters.js';
import { BridgePublications } from '../ros/bridge-publications.js';
import { BridgeServices } from '../ros/bridge-services.js';
import { BridgeTopics } from '../ros/bridge-topics.js';
import { Level } from '../ros/diagnostics.js';
import { linkPorts } from '../ros/heartbeat-link.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { InstructionGiver } from '../ros/instruction-giver.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { reliable } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { ServiceClients } from '../ros/service-clients.js';

/** The graph is looked at for what came and went this often, s. */
const DISCOVERY_PERIOD = 1;
/** A port that is taken is tried again after this time, s. */
const RETRY_PERIOD = 2;
/** Time for a service to be found and to answer, s. */
const PATIENCE = 10;
/** Stops that follow one another within this time are one, s: a page sends them in several ways at once. */
const SAME_STOP = 0.5;
/** What may wait for a client beside messages of topics, bytes. */
const CONTROL_MEMORY = 4 * 2 ** 20;

const MEBIBYTE = 2 ** 20;
const TOKEN_VARIABLE = 'COSMOS_OPERATOR_TOKEN';

const PARAMETERS = {
  host: {
    type: 'string',
    default: '127.0.0.1',
    description: `Address to listen on; any other than loopback needs a token in the environment: ${TOKEN_VARIABLE}.`,
  },
  port: { type: 'integer', default: 8765, minimum: 1, maximum: 65535, description: 'Port to listen on.' },
  origins: {
    type: 'string_array',
    default: [''],
    description: 'Origins of pages, beside the own one, that may connect, e.g. https://app.foxglove.dev.',
  },
  allow: {
    type: 'string_array',
    default: ['safety/protective_stop'],
    dynamic: true,
    description:
      'Topics to publish on, services to call, actions, and parameters to set (NODE.PARAMETER), beside the stops, ' +
      'which are always allowed; * stands for any characters.',
  },
  clients: { type: 'integer', default: 16, minimum: 1, maximum: 200, description: 'Most clients at a time.' },
  client_memory: {
    type: 'double',
    default: 8,
    minimum: 1,
    maximum: 512,
    description: 'Most memory of messages that may wait for a client, MiB; a slow one loses the oldest.',
  },
} as const satisfies ParameterDeclarations;

/** Shows the graph to people and their programs, and takes in what they may ask for. */
class OperatorBridgeNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  #page!: PageFiles;
  #token: string | undefined;
  #server: OperatorServer | undefined;
  #emergencyStop: (source: string) => void = () => {};
  /** Tells safety_monitor of a stop. */
  #announceStop: (source: string) => void = () => {};
  #stopped = -Infinity;
  #stopThread: StopThread | undefined;
  /** Why the thread for stops does not run. */
  #stopFailure = '';
  /** Why the port is not open. */
  #failure = '';

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  configure(): void {
    const { host } = this.#node.parameters;
    const token = process.env[TOKEN_VARIABLE];
    if (!isLoopback(host) && !token) {
      throw new Error(`host ${host} is open to others: set ${TOKEN_VARIABLE} to a secret, which they must then name`);
    }
    this.#token = token === '' ? undefined : token;
    this.#page = new PageFiles(packagePath('dist/page'));
  }

  activate(): void {
    const node = this.#node;
    this.#prepareStop();
    const data = new FoxgloveServer({
      name: `cosmos_humanoid ${node.name}`,
      capabilities: ['clientPublish', 'services', 'parameters', 'parametersSubscribe', 'connectionGraph'],
      supportedEncodings: ['cdr'],
      metadata: { ROS_DISTRO: process.env.ROS_DISTRO ?? '' },
    });
    const permissions = () => new Permissions(node.parameters.allow, this.#node.namespace);
    const topics = new BridgeTopics(node, data);
    const clients = new ServiceClients(node);
    const services = new BridgeServices(node, data, clients, permissions);
    const stop = () => this.#emergencyStop('a client of the data protocol');
    const publications = new BridgePublications(node, data, permissions, stop);
    new BridgeParameters(node, data, permissions);
    const graph = new BridgeGraph(node);
    for (const part of [topics, publications]) node.own(() => part.close());
    const hub = this.#makeHub(clients, permissions);
    node.createTimer(DISCOVERY_PERIOD, () => {
      topics.update();
      services.update();
      graph.update();
    });
    const report = () => this.#report({ ...topics.counts, services: services.count, control_clients: hub.clients });
    node.own(node.diagnostics.addSource(report));
    void this.#open(data, hub, {
      subscribed: (channel) => topics.subscribed(channel),
      left: (client) => publications.left(client),
      graph: (send, wanted) => graph.subscribe(send, wanted),
    });
  }

  async deactivate(): Promise<void> {
    const server = this.#server;
    const stopThread = this.#stopThread;
    this.#server = undefined;
    this.#stopThread = undefined;
    await stopThread?.close();
    await server?.close();
  }

  /**
   * Two ways at once: a word on the safety link, which reaches the 1 kHz loop past ROS and past safety_monitor, and the
   * topic, by which safety_monitor learns of it and keeps the robot stopped.
   */
  #prepareStop(): void {
    const node = this.#node;
    const words = new StopWords(linkPorts(node.name).controller);
    node.own(() => words.close());
    const topic = node.createPublisher('std_msgs/msg/Empty', 'safety/emergency_stop', reliable());
    const message = Buffer.from(node.codec('std_msgs/msg/Empty').encode({}));
    this.#emergencyStop = (source) => {
      words.send();
      this.#announceStop(source);
    };
    this.#announceStop = (source) => {
      topic.publishRaw(message);
      this.#stopped = monotonicSeconds();
      node.log.error(`emergency stop by ${source}`);
    };
  }

  #makeHub(clients: ServiceClients, permissions: () => Permissions): ControlHub {
    const node = this.#node;
    const instructions = new InstructionGiver(node, (task) => hub.report(task));
    const hub: ControlHub = new ControlHub(
      {
        emergencyStop: (source) => this.#emergencyStop(source),
        trigger: async (service) => {
          permissions().demand(service);
          node.log.info(`${service} is called by an operator`);
          const { success, message } = await clients.call('std_srvs/srv/Trigger', service, {}, PATIENCE);
          return { success, message };
        },
        instruct: async (instruction) => {
          permissions().demand('execute_instruction');
          node.log.info(`"${instruction}" is asked for by an operator`);
          return instructions.give(instruction);
        },
        cancel: () => {
          permissions().demand('execute_instruction');
          return instructions.cancel();
        },
      },
      this.#node.namespace,
      () => node.parameters.allow,
    );
    return hub;
  }

  /** Opens the port, and tries again while it is taken: by a bridge that is about to end, or for good. */
  async #open(data: FoxgloveServer, hub: ControlHub, hooks: Omit<ServerHooks, 'refused'>): Promise<void> {
    const node = this.#node;
    const { host, port, origins, clients, client_memory } = node.parameters;
    const access = { token: this.#token, origins };
    const limits = { memory: client_memory * MEBIBYTE, controlMemory: CONTROL_MEMORY };
    const server = new OperatorServer({ host, port, access, clients, limits }, this.#page, hub, data, {
      refused: (reason) => node.warn('refused', reason),
      ...hooks,
    });
    this.#server = server;
    await this.#startStopThread(hub, access);
    while (this.#server === server) {
      try {
        await server.listen();
        this.#failure = '';
        const shown = isLoopback(host) ? 'localhost' : host;
        node.log.info(`the operator page is at http://${shown}:${port}${this.#token === undefined ? '' : '/?token=…'}`);
        return;
      } catch (error) {
        const failure = `port ${port} cannot be opened (${(error as Error).message}): end what holds it, or set port`;
        if (failure !== this.#failure) node.log.error(failure);
        this.#failure = failure;
        await new Promise((resolve) => setTimeout(resolve, 1000 * RETRY_PERIOD).unref());
      }
    }
  }

  /** The port after the page's: stops are heard there by a thread of their own, whatever this one is doing. */
  async #startStopThread(hub: ControlHub, access: AccessRules): Promise<void> {
    const node = this.#node;
    const { host, port: pagePort } = node.parameters;
    const port = pagePort + 1;
    const options = { host, port, pagePort, access, linkPort: linkPorts(node.name).controller };
    try {
      const thread = await StopThread.start(options, (source) => {
        if (monotonicSeconds() - this.#stopped < SAME_STOP) return;
        this.#announceStop(source);
        hub.tellStopped();
      });
      // Deactivated meanwhile.
      if (this.#server === undefined) return await thread.close();
      this.#stopThread = thread;
      this.#stopFailure = '';
      hub.stopPort = port;
    } catch (error) {
      this.#stopFailure = `the emergency stop has no port of its own: ${port} cannot be opened (${(error as Error).message})`;
      node.log.error(this.#stopFailure);
    }
  }

  #report(counts: Readonly<Record<string, number>>): void {
    const { diagnostics, parameters } = this.#node;
    if (this.#failure !== '') {
      diagnostics.report('bridge', Level.error, this.#failure);
      return;
    }
    const { clients = 0, sent = 0, dropped = 0, pending = 0 } = this.#server?.status ?? {};
    const values = { clients, ...counts, sent, dropped, waiting_MiB: pending / MEBIBYTE };
    const failure = this.#stopFailure;
    diagnostics.report(
      'bridge',
      failure === '' ? Level.ok : Level.warning,
      failure || `port ${parameters.port}`,
      values,
    );
  }
}

await runNode({
  name: 'operator_bridge',
  niceness: 5,
  images: true,
  parameters: PARAMETERS,
  create: (node) => new OperatorBridgeNode(node),
});
