import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { BagWriter } from '../recorder/bag-writer.js';
import { type Compression, uncompressed, zstd } from '../recorder/compression.js';
import { type QosProfile, requestedQos } from '../recorder/qos-profile.js';
import { topicFilter } from '../recorder/topic-filter.js';
import { Level } from '../ros/diagnostics.js';
import { type Endpoint, graphTopics, publishersOf, toQos } from '../ros/endpoints.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { readMessageText, readTypeHash } from '../ros/message-definition.js';
import type { MessageType } from '../ros/messages.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { runNode } from '../ros/run-node.js';

/** The graph is looked at for new topics and publishers this often, s. */
const DISCOVERY_PERIOD = 0.5;
/** Messages of a topic that may wait while others are recorded. */
const DEPTH = 100;
/** Not recorded by any pattern: the results and feedback of actions, which are no messages of their own right. */
const HIDDEN = /\/_(?!action\/status$)/;

const MEBIBYTE = 2 ** 20;

const PARAMETERS = {
  directory: {
    type: 'string',
    default: 'out/bags',
    dynamic: true,
    description: 'Where recordings go, each a directory named after its date and time.',
  },
  topics: {
    type: 'string_array',
    default: ['*'],
    dynamic: true,
    description: 'Topics to record; * stands for any characters.',
  },
  exclude: {
    type: 'string_array',
    default: ['*/image_raw', '*/points', '*/heartbeats', '*/parameter_events'],
    dynamic: true,
    description: 'Topics not to record, though `topics` has them; as there.',
  },
  record_at_start: { type: 'boolean', default: true, description: 'Whether to record as soon as the node is active.' },
  split_size: {
    type: 'double',
    default: 1024,
    minimum: 0,
    maximum: 1e6,
    dynamic: true,
    description: 'A file is followed by the next at this size, MiB; 0 for never.',
  },
  split_duration: {
    type: 'double',
    default: 0,
    minimum: 0,
    maximum: 1e6,
    dynamic: true,
    description: 'A file is followed by the next after this time, s; 0 for never.',
  },
  memory_limit: {
    type: 'double',
    default: 64,
    minimum: 2,
    maximum: 4096,
    dynamic: true,
    description: 'Most memory that may wait for the disk, MiB; messages beyond are dropped and counted.',
  },
  compression: {
    type: 'string',
    default: 'zstd',
    choices: ['zstd', 'none'],
    dynamic: true,
    description: 'How the chunks of the files are compressed.',
  },
} as const satisfies ParameterDeclarations;

/** A topic that is being recorded. */
interface Recorded {
  readonly handle: number;
  readonly type: string;
  readonly qos: QosProfile;
  /** Ends the subscription. */
  readonly end: () => void;
}

/** Records topics, as bytes, into bags that `ros2 bag`, Foxglove and others read. */
class RecorderNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  #zstd!: Compression;
  #bag: BagWriter | undefined;
  #recorded = new Map<string, Recorded>();
  /** Topics that cannot be recorded, and why. */
  readonly #problems = new Map<string, string>();
  #failure = '';
  #last: BagWriter['status'] | undefined;
  /** The bag that was recorded last is being completed. */
  #closing: Promise<void> | undefined;

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  async configure(): Promise<void> {
    this.#zstd = await zstd();
  }

  activate(): void {
    const node = this.#node;
    node.createService('std_srvs/srv/Trigger', 'recorder/start', () => {
      if (this.#bag !== undefined) return { success: false, message: `already recording to ${this.#bag.directory}` };
      return { success: true, message: this.#start() };
    });
    node.createService('std_srvs/srv/Trigger', 'recorder/stop', async () => {
      if (this.#bag === undefined) return { success: false, message: 'nothing is being recorded' };
      return { success: true, message: await this.#stop() };
    });
    node.createService('std_srvs/srv/Trigger', 'recorder/split', () => {
      if (this.#bag === undefined) return { success: false, message: 'nothing is being recorded' };
      this.#bag.split();
      const { error } = this.#bag.status;
      if (error !== undefined) return { success: false, message: `nothing is recorded any more: ${error.message}` };
      return { success: true, message: `file ${this.#bag.status.files} of ${this.#bag.directory}` };
    });
    node.createTimer(DISCOVERY_PERIOD, () => this.#tick());
    node.own(node.diagnostics.addSource(() => this.#report()));
    if (node.parameters.record_at_start) this.#start();
  }

  async deactivate(): Promise<void> {
    if (this.#bag !== undefined) await this.#stop();
    await this.#closing;
  }

  /** @returns the bag's directory @throws Error where it cannot be made */
  #start(): string {
    const { directory, split_size, split_duration, memory_limit, compression } = this.#node.parameters;
    this.#failure = '';
    this.#problems.clear();
    const bag = new BagWriter(newBag(directory), {
      splitSize: split_size * MEBIBYTE,
      splitDuration: split_duration,
      memoryLimit: memory_limit * MEBIBYTE,
      compression: compression === 'zstd' ? this.#zstd : uncompressed,
      distribution: process.env.ROS_DISTRO ?? '',
    });
    this.#bag = bag;
    this.#node.log.info(`recording to ${bag.directory}`);
    this.#discover();
    return bag.directory;
  }

  /** @returns what was recorded, in words @throws Error where it could not all be written */
  async #stop(): Promise<string> {
    const bag = this.#bag!;
    this.#bag = undefined;
    for (const { end } of this.#recorded.values()) end();
    this.#recorded.clear();
    const closed = bag.close();
    this.#closing = closed.catch(() => {});
    try {
      await closed;
    } catch (error) {
      this.#failure = (error as Error).message;
      throw error;
    } finally {
      this.#last = bag.status;
    }
    const { messages, dropped, size } = bag.status;
    const text = `${bag.directory}: ${messages} messages, ${(size / MEBIBYTE).toFixed(1)} MiB, ${dropped} dropped`;
    this.#node.log.info(text);
    return text;
  }

  #tick(): void {
    const bag = this.#bag;
    if (bag === undefined) return;
    const { error } = bag.status;
    if (error !== undefined) {
      this.#node.log.error(`recording ends: ${error.message}`);
      void this.#stop().catch(() => {});
      return;
    }
    bag.tick(this.#now());
    this.#discover();
  }

  /** Subscribes to topics that are new, and anew to those whose publishers now offer something else. */
  #discover(): void {
    const node = this.#node;
    const { topics, exclude } = node.parameters;
    const isWanted = topicFilter(topics, exclude, node.namespace);
    for (const { name, types } of graphTopics(node)) {
      const type = types[0];
      if (type === undefined || HIDDEN.test(name) || this.#problems.has(name) || !isWanted(name)) continue;
      const publishers = publishersOf(node, name);
      if (publishers.length === 0) continue;
      try {
        this.#record(name, type, publishers);
      } catch (error) {
        this.#problems.set(name, (error as Error).message);
        node.log.warn(`${name} (${type}) is not recorded: ${(error as Error).message}`);
      }
    }
  }

  #record(name: string, type: string, publishers: readonly Endpoint[]): void {
    const node = this.#node;
    const bag = this.#bag!;
    const offeredQos = publishers.map(({ qos }) => qos);
    const qos = requestedQos(offeredQos, DEPTH);
    const known = this.#recorded.get(name);
    if (known !== undefined && known.qos.reliability === qos.reliability && known.qos.durability === qos.durability) {
      return;
    }
    known?.end();
    const handle =
      known?.handle ??
      bag.addTopic({ name, type, definition: readMessageText(type), typeHash: readTypeHash(type), offeredQos });
    const scope = node.beginScope();
    node.createRawSubscription(type as MessageType, name, toQos(qos), (bytes) => bag.write(handle, this.#now(), bytes));
    this.#recorded.set(name, { handle, type, qos, end: scope.end() });
  }

  /** ROS time, ns since the epoch. */
  #now(): bigint {
    return this.#node.native.now().nanoseconds;
  }

  #report(): void {
    const { diagnostics } = this.#node;
    const status = this.#bag?.status ?? this.#last;
    const problems = [...this.#problems.keys()];
    const values = {
      topics: this.#recorded.size,
      messages: status?.messages ?? 0,
      dropped: status?.dropped ?? 0,
      files: status?.files ?? 0,
      size_MiB: (status?.size ?? 0) / MEBIBYTE,
      waiting_MiB: (status?.pending ?? 0) / MEBIBYTE,
    };
    if (this.#failure !== '') diagnostics.report('recording', Level.error, this.#failure, values);
    else if (values.dropped > 0) {
      const remedy = 'the disk is too slow: record fewer topics or raise memory_limit';
      diagnostics.report('recording', Level.warning, `messages were dropped; ${remedy}`, values);
    } else if (problems.length > 0) {
      diagnostics.report('recording', Level.warning, `not recorded: ${problems.join(', ')}; see the log`, values);
    } else {
      const message = this.#bag === undefined ? 'nothing is being recorded' : `recording to ${this.#bag.directory}`;
      diagnostics.report('recording', Level.ok, message, values);
    }
  }
}

/** A directory that does not exist yet, e.g. 'bag_2026_03_01-14_05_09'. */
function newBag(directory: string): string {
  const date = new Date();
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  const times = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const join = (numbers: readonly number[]) => numbers.map((number) => String(number).padStart(2, '0')).join('_');
  const path = resolve(directory, `bag_${join(parts)}-${join(times)}`);
  for (let number = 1; ; number++) {
    const free = number === 1 ? path : `${path}-${number}`;
    if (!existsSync(free)) return free;
  }
}

await runNode({
  name: 'recorder',
  niceness: 2,
  images: true,
  // What waits for a slow disk; a launcher ends programs by force a second later.
  shutdownTime: 9,
  parameters: PARAMETERS,
  create: (node) => new RecorderNode(node),
});
