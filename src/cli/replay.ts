import { isDeepStrictEqual } from 'node:util';
import { parse } from '@foxglove/rosmsg';
import { type BagSummary, type BagTopic, readBag, summariseBag } from '../recorder/bag-reader.js';
import { play } from '../recorder/player.js';
import { topicFilter } from '../recorder/topic-filter.js';
import { publishersOf, subscriptionsOf, toQos } from '../ros/endpoints.js';
import { readMessageDefinition } from '../ros/message-definition.js';
import type { MessageType } from '../ros/messages.js';
import { openNode } from '../ros/open-node.js';
import type { Publisher } from '../ros/publisher.js';
import type { RosNode } from '../ros/ros-node.js';
import { parseOptions } from './options.js';

const usage = `
npm run replay -- BAG [options]

Plays a recording back into the ROS graph: the bytes that were recorded, with their stamps and the quality of service
of their publishers. BAG is a directory or an .mcap file, of this recorder or of 'ros2 bag record'. A topic that has a
publisher already is refused: leave it out with --topics, or stop its node.

  --rate R         1 as fast as recorded, 2 twice as fast (1)
  --loop           start again at the end, until Ctrl-C
  --topics T,...   only these topics; * stands for any characters
`;

const { values, positionals } = parseOptions(
  usage,
  {
    rate: { type: 'string', default: '1' },
    loop: { type: 'boolean', default: false },
    topics: { type: 'string', default: '*' },
  },
  true,
);

/** Time in which the nodes of a graph usually find each other, ms, and the longest to wait for listeners. */
const DISCOVERY = 1000;
const PATIENCE = 5000;
/** Messages kept for listeners that are slower than the replay, and where the recording does not tell a number. */
const DEPTH = 1000;
const PROGRESS_PERIOD = 200;
/** Other publishers are looked for this often, ms. */
const GUARD_PERIOD = 250;

/** Topics on which every node publishes. */
const SHARED = ['/rosout', '/diagnostics', '/tf', '/tf_static', '/parameter_events', '/heartbeats'];

async function main(): Promise<void> {
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) throw new Error(`needs one BAG\n\n${usage.trim()}`);
  const rate = Number(values.rate);
  if (!(rate > 0 && rate < Number.POSITIVE_INFINITY)) throw new Error(`--rate: '${values.rate}' is no number above 0`);

  const summary = await summariseBag(path);
  const isWanted = topicFilter(values.topics.split(','), []);
  const wanted = summary.topics.filter(({ name }) => isWanted(name));
  const topics = wanted.filter(({ unreadable }) => unreadable === '');
  for (const { name, unreadable } of wanted) if (unreadable !== '') console.log(`${name} is left out: ${unreadable}`);
  if (topics.length === 0) {
    const there = summary.topics.map(({ name }) => name).join(', ') || 'none';
    throw new Error(`--topics: the bag has no topic ${values.topics}; it has ${there}`);
  }
  for (const file of summary.cutOff) console.log(`${file} was cut off; it is played to its last whole chunk`);
  for (const topic of topics) compareDefinition(topic);

  const { node, close } = await openNode('replay');
  const stop = new AbortController();
  process.on('SIGINT', () => stop.abort());
  process.on('SIGTERM', () => stop.abort());
  let guard: NodeJS.Timeout | undefined;
  try {
    await pause(DISCOVERY);
    refuseBusy(node, topics);
    // On a busy machine it takes seconds until other nodes are known, and others may start meanwhile.
    guard = setInterval(() => {
      try {
        refuseBusy(node, topics);
      } catch (error) {
        stop.abort(error);
      }
    }, GUARD_PERIOD);
    const publishers = openPublishers(node, topics);
    await meetListeners(node, publishers);
    do await playOnce(path, summary, publishers, rate, stop.signal);
    while (values.loop && !stop.signal.aborted);
    for (const publisher of publishers.values()) publisher.waitForAllAcked(PATIENCE);
  } finally {
    clearInterval(guard);
    close();
  }
  const { aborted, reason } = stop.signal;
  if (aborted && reason.name !== 'AbortError') throw reason;
}

/** @throws Error where the type is not installed, or as another one than was recorded: the bytes would be misread */
function compareDefinition({ name, type, definition }: BagTopic): void {
  const fields = (definitions: ReturnType<typeof parse>) =>
    definitions.map(({ definitions: parts }) => parts.filter(({ isConstant }) => isConstant !== true));
  const recorded = fields(parse(definition, { ros2: true }));
  if (isDeepStrictEqual(recorded, fields(readMessageDefinition(type)))) return;
  throw new Error(
    `${name}: ${type} was recorded with other fields than the installed one has; leave it out (--topics)`,
  );
}

/** @throws Error where somebody else publishes on one of the topics */
function refuseBusy(node: RosNode, topics: readonly BagTopic[]): void {
  for (const { name } of topics) {
    const others = SHARED.includes(name) ? [] : publishersOf(node, name).filter((other) => other.node !== node.name);
    if (others.length > 0) {
      const nodes = others.map((other) => other.node).join(', ');
      throw new Error(`${name} is published by ${nodes} already: stop that, or leave the topic out with --topics`);
    }
  }
}

function openPublishers(node: RosNode, topics: readonly BagTopic[]): Map<string, Publisher<MessageType>> {
  return new Map(
    topics.map(({ name, type, qos }) => [
      name,
      node.createPublisher(
        type as MessageType,
        name,
        toQos({ ...qos, depth: qos.durability === 'volatile' ? Math.max(qos.depth, DEPTH) : qos.depth || DEPTH }),
      ),
    ]),
  );
}

/** Waits for a listener, and until those who are known are connected: they would miss the first messages. */
async function meetListeners(node: RosNode, publishers: ReadonlyMap<string, Publisher<MessageType>>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    await pause(DISCOVERY);
    let [connected, known] = [0, 0];
    for (const [topic, publisher] of publishers) {
      connected += publisher.subscriptionCount;
      known += subscriptionsOf(node, topic).length;
    }
    if (connected > 0 && connected >= known) return;
    if (performance.now() > deadline) {
      console.log(known === 0 ? 'nobody listens yet' : `${known - connected} of ${known} listeners do not connect`);
      return;
    }
  }
}

async function playOnce(
  path: string,
  { start, end }: BagSummary,
  publishers: ReadonlyMap<string, Publisher<MessageType>>,
  rate: number,
  signal: AbortSignal,
): Promise<void> {
  let count = 0;
  let time = start;
  const seconds = (span: bigint) => (Number(span) * 1e-9).toFixed(1);
  const tell = () =>
    process.stdout.write(`\r${seconds(time - start)} of ${seconds(end - start)} s, ${count} messages `);
  const progress = setInterval(tell, PROGRESS_PERIOD);
  try {
    await play(readBag(path), { rate, start, signal }, ({ topic, time: now, data }) => {
      time = now;
      const publisher = publishers.get(topic.name);
      if (publisher === undefined) return;
      publisher.publishRaw(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      count++;
    });
  } finally {
    clearInterval(progress);
    tell();
    process.stdout.write('\n');
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

await main().catch((error: Error) => {
  console.error(`replay: ${error.message}`);
  process.exitCode = 1;
});
