import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { StopMode } from '../../src/control/stop-state.js';
import { FoxgloveClient } from '../../src/operator/foxglove.js';
import { packagePath } from '../../src/ros/package-path.js';
import { reliable, sensorData } from '../../src/ros/qos.js';
import { DataClient, freePort } from './operator-fixture.js';
import { type Latest, TestGraph } from './test-graph.js';

const DATA = FoxgloveClient.SUPPORTED_SUBPROTOCOL;
const CONTROL = 'cosmos.control.v1';
const TEXT = 'std_msgs/msg/String';
const MEGABYTE = 1e6;
/** Most that the bridge may grow by, whatever clients do, bytes. */
const GROWTH = 96 * MEGABYTE;

describe('graph: operator bridge and clients that mean no good', function () {
  this.timeout(240_000);

  let graph: TestGraph;
  let port: number;
  let controller: Latest<'cosmos_humanoid/msg/ControllerState'>;
  let joints: Latest<'sensor_msgs/msg/JointState'>;
  /** One that behaves, whom nothing of this may trouble. */
  let peer: DataClient;
  let memory: number;

  before(async () => {
    port = await freePort();
    const ports = { port: String(port), inspector: '0', controller_inspector: '0' };
    graph = await TestGraph.start('test/graph/operator.launch.xml', ports);
    await graph.until('all nodes are active', async () => (await graph.call('lifecycle_manager/is_active')).success);
    controller = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData());
    joints = graph.listen('sensor_msgs/msg/JointState', 'joint_states', sensorData());
    await graph.until('the bridge takes a client in', async () => {
      peer = new DataClient(port);
      const { socket } = peer;
      return new Promise((resolve) => socket.on('open', () => resolve(true)).on('close', () => resolve(false)));
    });
    await graph.until('it has been told of topics', () => peer.channels.has('/joint_states'));
  });

  after(() => graph.stop());

  const pid = () => graph.launcher.pids.get('operator_bridge')!;

  /** Memory of the bridge, bytes; the most that it ever had where `peak`. */
  const memoryOf = (peak: boolean): number => {
    const pattern = peak ? /VmHWM:\s+(\d+)/ : /VmRSS:\s+(\d+)/;
    return 1024 * Number(pattern.exec(readFileSync(`/proc/${pid()}/status`, 'utf8'))![1]);
  };

  let heard: { readonly messages: Uint8Array[]; readonly end: () => void };
  let bridge: number;
  let told: number;
  let came: number;
  let begin: number;

  beforeEach(async () => {
    await graph.until('a reset is accepted', async () => (await graph.call('safety/reset')).success);
    await graph.until('the robot runs', () => controller.message?.mode === StopMode.running);
    heard = peer.subscribe('/joint_states');
    await graph.until('joint states come', () => heard.messages.length > 0);
    bridge = pid();
    memory = memoryOf(false);
    [told, came, begin] = [joints.count, heard.messages.length, performance.now()];
  });

  /** The bridge is still the same one and hardly larger; the robot runs, and joint states go on to come. */
  afterEach(() => {
    const seconds = (performance.now() - begin) / 1000;
    expect(pid(), 'the bridge was not started anew').to.equal(bridge);
    expect(memoryOf(true) - memory, 'memory').to.be.below(GROWTH);
    expect(controller.message?.mode, 'mode of the loop').to.equal(StopMode.running);
    expect((joints.count - told) / seconds, 'joint states in the graph, Hz').to.be.above(50);
    expect((heard.messages.length - came) / seconds, 'joint states by the bridge, Hz').to.be.above(50);
    heard.end();
  });

  function dial(protocol: string): WebSocket {
    const path = protocol === CONTROL ? '/control' : '/';
    return new WebSocket(`ws://127.0.0.1:${port}${path}`, protocol).on('error', () => {});
  }

  const opened = (socket: WebSocket) => new Promise((resolve) => socket.on('open', resolve));

  const closed = (socket: WebSocket) => new Promise<number>((resolve) => socket.on('close', resolve));

  it('closes with code 1007 what is malformed or unknown, two hundred times', async () => {
    const frames = ['{', 'null', '[]', '{"op":"fly"}', '{"op":"subscribe"}', '{"op":"subscribe","subscriptions":7}'];
    const binary = [Buffer.alloc(0), Buffer.from([9, 9, 9]), Buffer.from([1, 255]), Buffer.from([2, 1, 0])];
    const all = [...frames, ...binary];
    for (let i = 0; i < 200; i++) {
      const socket = dial(i % 4 === 0 ? CONTROL : DATA);
      await opened(socket);
      socket.send(all[i % all.length]!);
      expect(await closed(socket), String(all[i % all.length])).to.equal(1007);
    }
  });

  it('closes with code 1009 a message of 100 MB, whole or in pieces, whatever it is for', async () => {
    const program = packagePath('dist/test/graph/peers/huge-messages.js');
    for (const [protocol, path] of [
      [DATA, `${port}/`],
      [CONTROL, `${port}/control`],
      [CONTROL, `${port + 1}/control`],
    ] as const) {
      const { stdout } = await promisify(execFile)(process.execPath, [program, `ws://127.0.0.1:${path}`, protocol]);
      expect(JSON.parse(stdout), path).to.deep.equal([1009, 1009]);
    }
  });

  it('holds out against a thousand connections, idle or not, and stops the robot meanwhile', async () => {
    const control = dial(CONTROL);
    await opened(control);
    const idle = Array.from({ length: 1000 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    const codes: number[] = [];
    const clients = Array.from({ length: 1000 }, (_, i) => {
      return dial(i % 2 === 0 ? DATA : CONTROL).on('unexpected-response', (request, { statusCode = 0 }) => {
        codes.push(statusCode);
        request.destroy();
      });
    });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    control.send('STOP');
    await graph.until('the loop damps', () => controller.message?.mode === StopMode.damping);
    expect(clients.filter(({ readyState }) => readyState === WebSocket.OPEN).length).to.be.at.most(12);
    expect([...new Set(codes)]).to.deep.equal(codes.length === 0 ? [] : [503]);
    for (const socket of idle) socket.destroy();
    for (const socket of [...clients, control]) socket.terminate();
    await graph.until('it takes clients in again', async () => {
      const socket = dial(DATA);
      const isOpen = await new Promise((resolve) =>
        socket.on('open', () => resolve(true)).on('close', () => resolve(false)),
      );
      socket.terminate();
      return isOpen as boolean;
    });
    await graph.until('a reset is accepted', async () => (await graph.call('safety/reset')).success);
    await graph.until('the robot runs', () => controller.message?.mode === StopMode.running);
  });

  it('bears a client that subscribes to all and never reads', async () => {
    const publisher = graph.node.createPublisher(TEXT, 'test/large', reliable());
    const silent = new DataClient(port);
    await graph.until('it has been told of topics', () => silent.channels.has('/test/large'));
    for (const topic of silent.channels.keys()) silent.subscribe(topic);
    await graph.until('the bridge listens', () => publisher.subscriptionCount > 0);
    silent.socket.pause();
    const bytes = Buffer.from(graph.node.codec(TEXT).encode({ data: 'x'.repeat(MEGABYTE / 2) }));
    // In all 150 times what may wait for a client here.
    for (let i = 0; i < 300; i++) {
      publisher.publishRaw(bytes);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    silent.socket.terminate();
  });
});
