import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageMeter } from '../src/cli/start/process-usage.js';
import { Random } from '../src/math/random.js';
import { summariseBag } from '../src/recorder/bag-reader.js';
import { BagWriter } from '../src/recorder/bag-writer.js';
import { type Compression, uncompressed, zstd } from '../src/recorder/compression.js';
import { findPackageExecutable } from '../src/ros/launcher/package-index.js';
import { readMessageText } from '../src/ros/message-definition.js';
import type { MessageType } from '../src/ros/messages.js';
import { openNode } from '../src/ros/open-node.js';
import { packagePath } from '../src/ros/package-path.js';
import { reliable, sensorData } from '../src/ros/qos.js';
import type { RosNode } from '../src/ros/ros-node.js';

const PYTHON = packagePath('.ros/test-venv/bin/python3');
/** Of the graph that is recorded, s. */
const DURATION = 5;
const CAMERAS = 3;
const [WIDTH, HEIGHT] = [320, 240];
const JOINTS = 75;
const POINTS = 20;
const MEGABYTE = 1e6;

/** What is recorded, and how often, Hz: what a graph with three RGB-D cameras publishes. */
const TOPICS = [
  { name: '/camera_fusion/observation', type: 'cosmos_humanoid/msg/FusedObservation', rate: 15 },
  { name: '/joint_states', type: 'sensor_msgs/msg/JointState', rate: 100 },
  { name: '/motion_planner/joint_trajectory', type: 'trajectory_msgs/msg/JointTrajectory', rate: 100 },
] as const satisfies readonly { name: string; type: MessageType; rate: number }[];

interface Entry {
  readonly topic: number;
  /** s */
  readonly time: number;
  readonly data: Buffer;
}

/**
 * Writes five seconds of a graph with three cameras into a bag, with this package's writer and with that of rosbags,
 * both uncompressed and with zstd (MB/s of messages per second of CPU time, and the size); then records the same
 * messages from the graph with the recorder (share of a core, MB/s, messages that did not arrive).
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const { node, close } = await openNode('bench_recorder');
  const folder = mkdtempSync(join(tmpdir(), 'bench-recorder-'));
  try {
    const entries = makeMessages(node);
    const bytes = entries.reduce((sum, { data }) => sum + data.length, 0);
    const figures: Record<string, number> = { stream_MB_per_s: bytes / MEGABYTE / DURATION };
    const ratios: Record<string, number> = {};
    for (const compression of [uncompressed, await zstd()]) {
      const name = compression.name || 'uncompressed';
      const ours = await writeOurs(join(folder, `ours_${name}`), entries, compression);
      figures[`${name}_ours_MB_per_cpu_s`] = bytes / MEGABYTE / ours.cpu;
      figures[`${name}_ours_size`] = ours.size / bytes;
      const peer = writePeer(join(folder, `peer_${name}`), entries, compression.name);
      if (peer === undefined) continue;
      figures[`${name}_rosbags_MB_per_cpu_s`] = bytes / MEGABYTE / peer.cpu;
      figures[`${name}_rosbags_size`] = peer.size / bytes;
      ratios[`${name}_cpu_rosbags_over_ours`] = peer.cpu / ours.cpu;
    }
    Object.assign(figures, await recordLive(node, folder, entries));
    return { figures, ratios };
  } finally {
    rmSync(folder, { recursive: true });
    close();
  }
}

function makeMessages(node: RosNode): Entry[] {
  const random = new Random(1);
  const names = Array.from({ length: JOINTS }, (_, j) => `left_hand_index_finger_joint_${j}`);
  const wave = (time: number) => Float64Array.from(names, (_, j) => Math.sin(time + j) + random.normal(0, 1e-4));
  const pixels = WIDTH * HEIGHT;
  const images = (time: number) => {
    const color = Uint8Array.from(
      { length: 3 * pixels },
      (_, p) => 128 + 90 * Math.sin(p / 3e3 + time) + 4 * random.uniform(),
    );
    const depth = Float32Array.from(
      { length: pixels },
      (_, p) => 1 + 0.5 * Math.sin(p / 5e3 + time) + random.normal(0, 1e-3),
    );
    const size = { width: WIDTH, height: HEIGHT };
    return {
      color: { ...size, encoding: 'rgb8', step: 3 * WIDTH, data: color },
      depth: { ...size, encoding: '32FC1', step: 4 * WIDTH, data: new Uint8Array(depth.buffer) },
    };
  };
  const point = (time: number) => ({ positions: wave(time), velocities: wave(time) });
  const content = (topic: (typeof TOPICS)[number], time: number): object => {
    if (topic.type === 'sensor_msgs/msg/JointState') return { name: names, position: wave(time), velocity: wave(time) };
    if (topic.type === 'trajectory_msgs/msg/JointTrajectory') {
      return { joint_names: names, points: Array.from({ length: POINTS }, (_, k) => point(time + 0.01 * k)) };
    }
    return { cameras: Array.from({ length: CAMERAS }, () => images(time)), joint_positions: wave(time) };
  };
  return TOPICS.flatMap((topic, i) =>
    Array.from({ length: topic.rate * DURATION }, (_, k) => {
      const time = k / topic.rate;
      const data = Buffer.from(node.codec(topic.type as MessageType).encode(content(topic, time) as never));
      return { topic: i, time, data };
    }),
  ).sort((a, b) => a.time - b.time);
}

async function writeOurs(directory: string, entries: readonly Entry[], compression: Compression) {
  const options = { splitSize: 0, splitDuration: 0, memoryLimit: 2 ** 28, distribution: 'jazzy', compression };
  const begin = process.cpuUsage();
  const bag = new BagWriter(directory, options);
  const handles = TOPICS.map(({ name, type }) =>
    bag.addTopic({ name, type, definition: readMessageText(type), typeHash: '', offeredQos: [] }),
  );
  for (const { topic, time, data } of entries) {
    bag.write(handles[topic]!, BigInt(Math.round(time * 1e9)), data);
    if (bag.status.pending > 2 ** 26) await new Promise((done) => setImmediate(done));
  }
  await bag.close();
  const { user, system } = process.cpuUsage(begin);
  if (bag.status.dropped > 0) throw new Error('messages were dropped');
  return { cpu: (user + system) * 1e-6, size: bag.status.size };
}

/** @returns undefined where rosbags is not installed */
function writePeer(directory: string, entries: readonly Entry[], compression: string) {
  if (!existsSync(PYTHON)) {
    console.log('rosbags is not installed, so it is not measured: npm test installs it');
    return undefined;
  }
  const header = (topic: number, time: number, length: number) => {
    const bytes = Buffer.alloc(13);
    bytes.writeUInt8(topic, 0);
    bytes.writeDoubleLE(time, 1);
    bytes.writeUInt32LE(length, 9);
    return bytes;
  };
  const file = `${directory}.messages`;
  writeFileSync(
    file,
    Buffer.concat(entries.flatMap(({ topic, time, data }) => [header(topic, time, data.length), data])),
  );
  const topics = TOPICS.map(({ name, type }) => ({ name, type, definition: readMessageText(type) }));
  const program = packagePath('bench/recorder_peer.py');
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-I', program, directory, file, compression], {
    input: JSON.stringify(topics),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`rosbags: ${stderr}`);
  return JSON.parse(stdout) as { cpu: number; size: number };
}

/** Publishes the messages in real time to a recorder in a process of its own. */
async function recordLive(node: RosNode, folder: string, entries: readonly Entry[]): Promise<Record<string, number>> {
  const publishers = TOPICS.map(({ name, type }, i) =>
    node.createPublisher(type, name, i === 0 ? sensorData() : reliable()),
  );
  const executable = findPackageExecutable('cosmos_humanoid', 'recorder', process.env);
  const names = TOPICS.map(({ name }) => name).join(',');
  const parameters = ['autostart:=true', `directory:=${folder}/live`, `topics:=[${names}]`].flatMap((p) => ['-p', p]);
  const child = spawn(executable, ['--ros-args', ...parameters], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  while (publishers.some(({ subscriptionCount }) => subscriptionCount === 0)) await pause(0.1);
  await pause(1);
  const usage = new UsageMeter(new Map([['recorder', child.pid!]]));
  const begin = performance.now();
  for (const { topic, time, data } of entries) {
    const wait = time - (performance.now() - begin) * 1e-3;
    if (wait > 0) await pause(wait);
    publishers[topic]!.publishRaw(data);
  }
  const { cpu_cores, memory_mb } = usage.read().recorder!;
  await pause(1);
  child.kill('SIGINT');
  await ended;
  const { messages } = await summariseBag(join(folder, 'live', readdirSync(join(folder, 'live'))[0]!));
  return { live_cores: cpu_cores, live_memory_MB: memory_mb, live_lost_messages: entries.length - messages };
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1e3 * seconds));
}
