import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { type BagMessage, bagFiles, readBag, summariseBag } from '../../src/recorder/bag-reader.js';
import { publishersOf, subscriptionsOf } from '../../src/ros/endpoints.js';
import type { MessageType } from '../../src/ros/messages.js';
import { latched, type Qos, reliable, sensorData } from '../../src/ros/qos.js';
import { TestGraph } from './test-graph.js';

const PYTHON = resolve('.ros/test-venv/bin/python3');
const TEXT = 'std_msgs/msg/String';
/** Topics of the graph that a recording must have. */
const TOPICS = [
  '/diagnostics',
  '/imu/data',
  '/joint_controller/state',
  '/joint_states',
  '/robot_description',
  '/rosout',
  '/safety/state',
  '/tf_static',
];

/** What a Python program of test/recorder/peers finds in a bag. */
function askPeer(program: string, path: string) {
  const peer = resolve('test/recorder/peers', program);
  const { error, status, stdout, stderr } = spawnSync(PYTHON, ['-I', peer, path], { maxBuffer: 2 ** 26 });
  if (error !== undefined) throw new Error(`${error.message}: run npm test once, it installs rosbags`);
  expect(status, stderr.toString()).to.equal(0);
  return JSON.parse(stdout.toString());
}

async function messagesOf(bag: string, topic: string): Promise<BagMessage[]> {
  const found: BagMessage[] = [];
  for await (const message of readBag(bag)) if (message.topic.name === topic) found.push(message);
  return found;
}

describe('graph: recorder and replay', function () {
  this.timeout(240_000);

  let directory: string;
  let graph: TestGraph;
  /** The first recording. */
  let bag: string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'recorder-'));
    graph = await TestGraph.start('test/graph/recorder.launch.xml', { directory });
    await graph.until('all nodes are active', async () => (await graph.call('lifecycle_manager/is_active')).success);
  });

  after(async () => {
    await graph.stop();
    rmSync(directory, { recursive: true });
  });

  const text = (number: number) => Buffer.from(graph.node.codec(TEXT).encode({ data: `number ${number}` }));

  /** The numbers of the texts that a bag holds; the middleware may have padded their bytes. */
  async function numbersOf(path: string, topic: string): Promise<number[]> {
    const messages = await messagesOf(path, topic);
    return messages.map(({ data }) => Number(graph.node.codec(TEXT).decode(data).data.slice('number '.length)));
  }

  function publisher(topic: string, qos: Qos) {
    return graph.node.createPublisher(TEXT, topic, qos);
  }

  /** Runs `npm run replay` without npm. */
  async function replay(...args: string[]): Promise<{ code: number; output: string }> {
    const child = spawn(process.execPath, ['dist/src/cli/replay.js', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += String(data);
      });
    }
    const code = await new Promise<number>((done) => child.on('close', done));
    return { code, output };
  }

  it('records every topic of the graph, so that rosbags and mcap-ros2-support read every message', async () => {
    const scope = graph.node.beginScope();
    const early = publisher('test/early', latched());
    const [many, image] = [publisher('test/many', reliable(100)), publisher('test/image_raw', sensorData())];
    const removePublishers = scope.end();
    early.publishRaw(text(0));
    const { success, message } = await graph.call('recorder/start');
    expect(success, message).to.equal(true);
    bag = message;
    expect(await graph.call('recorder/start')).to.include({ success: false });
    await graph.until('it listens', () => many.subscriptionCount === 1 && early.subscriptionCount === 1);
    // robot_description comes up by itself: it may be later than all that lifecycle_manager waits for.
    for (const topic of TOPICS) {
      await graph.until(`it listens to ${topic}`, () =>
        subscriptionsOf(graph.node, topic).some(({ node }) => node === '/recorder'),
      );
    }
    for (let i = 0; i < 100; i++) {
      many.publishRaw(text(i));
      image.publishRaw(text(i));
      await new Promise((done) => setTimeout(done, 10));
    }
    const stopped = await graph.call('recorder/stop');
    removePublishers();
    expect(stopped.success, stopped.message).to.equal(true);
    expect(stopped.message).to.match(/\d+ messages, [\d.]+ MiB, 0 dropped$/);
    expect(await graph.call('recorder/stop')).to.include({ success: false });

    const { rosbags, mcap, metadata } = askPeer('read_bag.py', bag);
    expect(rosbags).to.deep.equal(mcap);
    const { topics, messages, cutOff } = await summariseBag(bag);
    expect(cutOff).to.deep.equal([]);
    expect(metadata.messages).to.equal(messages);
    for (const { name, messages: count } of topics) expect(rosbags[name].messages, name).to.equal(count);
    expect(topics.map(({ name }) => name)).to.include.members([...TOPICS, '/test/early', '/test/many']);
    expect(topics.map(({ name }) => name)).to.not.include.members(['/test/image_raw', '/heartbeats']);
    expect(metadata.qos).to.deep.include({
      '/test/early': [['RELIABLE', 'TRANSIENT_LOCAL']],
      '/test/many': [['RELIABLE', 'VOLATILE']],
      '/joint_states': [['BEST_EFFORT', 'VOLATILE']],
    });
    expect(metadata.hashes['/joint_states']).to.match(/^RIHS01_[0-9a-f]{64}$/);
    expect(await numbersOf(bag, '/test/many')).to.deep.equal(Array.from({ length: 100 }, (_, i) => i));
    expect(await numbersOf(bag, '/test/early')).to.deep.equal([0]);
  });

  it('hears a best-effort publisher that joins a reliable one', async () => {
    const { message } = await graph.call('recorder/start');
    const first = publisher('test/mixed', reliable());
    await graph.until('it listens', () => first.subscriptionCount === 1);
    first.publishRaw(text(1));
    const second = publisher('test/mixed', sensorData());
    await graph.until('it listens to both', () => second.subscriptionCount === 1);
    second.publishRaw(text(2));
    await new Promise((done) => setTimeout(done, 300));
    await graph.call('recorder/stop');
    expect(await numbersOf(message, '/test/mixed')).to.deep.equal([1, 2]);
  });

  it('leaves a bag that is readable to its last chunk when it is killed', async () => {
    const { message } = await graph.call('recorder/start');
    const joints = graph.listen('sensor_msgs/msg/JointState', 'joint_states', sensorData());
    await graph.until('three seconds of joint states', () => joints.count > 300);
    process.kill(graph.launcher.pids.get('recorder') as number, 'SIGKILL');
    await graph.until('it is gone', () => graph.exits.has('recorder'));
    const { topics, cutOff } = await summariseBag(message);
    expect(cutOff).to.deep.equal(bagFiles(message));
    const counts = Object.fromEntries(topics.map(({ name, messages }) => [name, messages]));
    expect(counts['/joint_states']).to.be.at.least(50);
    expect(askPeer('read_cut_off.py', bagFiles(message)[0]!)).to.deep.equal(counts);
  });

  it('does not play onto a topic that somebody publishes', async () => {
    const { code, output } = await replay(bag, '--topics', '/joint_states');
    expect(code).to.equal(1);
    expect(output).to.match(/\/joint_states is published by .+ already/);
  });

  it('plays a bag back byte for byte, at another speed, to those who listen', async () => {
    await graph.launcher.stop();
    await graph.until('the graph is down', () => publishersOf(graph.node, '/joint_states').length === 0);
    const heard = new Map<string, Buffer[]>();
    const listen = (topic: string, type: MessageType, qos: Qos) => {
      const list: Buffer[] = [];
      heard.set(topic, list);
      graph.node.createRawSubscription(type, topic, qos, (bytes) => list.push(bytes));
    };
    listen('/test/many', TEXT, reliable(1000));
    listen('/robot_description', TEXT, latched());
    listen('/joint_states', 'sensor_msgs/msg/JointState', sensorData(1000));
    const { code, output } = await replay(bag, '--rate', '3', '--topics', 'joint_states,robot_*,test/many');
    expect(code, output).to.equal(0);
    expect(output).to.match(/([\d.]+) of \1 s, \d+ messages \n$/);
    const recorded = async (topic: string) => (await messagesOf(bag, topic)).map(({ data }) => Buffer.from(data));
    for (const topic of ['/test/many', '/robot_description']) {
      expect(heard.get(topic), topic).to.deep.equal(await recorded(topic));
    }
    // Of what is sent with best effort, a busy machine may lose some.
    const texts = (await recorded('/joint_states')).map((bytes) => bytes.toString('hex'));
    let last = -1;
    for (const bytes of heard.get('/joint_states') ?? []) {
      const at = texts.indexOf(bytes.toString('hex'), last + 1);
      expect(at, 'recorded, and in the same order').to.be.greaterThan(last);
      last = at;
    }
    expect(last).to.be.greaterThan(0);
  });

  it('says what is wrong with a bag or an option', async () => {
    const said = async (...args: string[]) => {
      const { code, output } = await replay(...args);
      expect(code).to.equal(1);
      return output;
    };
    expect(await said(join(directory, 'none'))).to.match(/^replay: there is no bag/);
    expect(await said(bag, '--rate', '0')).to.match(/--rate: '0' is no number above 0/);
    expect(await said(bag, '--topics', '/nothing')).to.match(/the bag has no topic \/nothing; it has .*\/joint_states/);
    expect(await said()).to.match(/needs one BAG/);
  });
});
