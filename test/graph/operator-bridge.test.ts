import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parse } from '@foxglove/rosmsg';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { StopMode } from '../../src/control/stop-state.js';
import { graphTopics, publishersOf, subscriptionsOf } from '../../src/ros/endpoints.js';
import { packagePath } from '../../src/ros/package-path.js';
import { latched, reliable, sensorData } from '../../src/ros/qos.js';
import { toSeconds } from '../../src/ros/time.js';
import { SafetyLevel } from '../../src/safety/findings.js';
import { DataClient, freePort, hang } from './operator-fixture.js';
import { TestGraph } from './test-graph.js';

const TEXT = 'std_msgs/msg/String';
/** Those of the launch file, which all have parameters. */
const NODES = ['/joint_controller', '/lifecycle_manager', '/operator_bridge', '/robot_description', '/safety_monitor'];
/** A message without fields: the header of CDR and a byte. */
const EMPTY = Uint8Array.from([0, 1, 0, 0, 0]);

describe('graph: operator bridge', function () {
  this.timeout(240_000);

  let graph: TestGraph;
  let port: number;
  /** Ports of debuggers. */
  let inspectors: { readonly bridge: number; readonly controller: number };
  let peer: DataClient;
  const clients: DataClient[] = [];

  before(async () => {
    port = await freePort();
    inspectors = { bridge: await freePort(), controller: await freePort() };
    const ports = {
      port: String(port),
      inspector: String(inspectors.bridge),
      controller_inspector: String(inspectors.controller),
    };
    graph = await TestGraph.start('test/graph/operator.launch.xml', ports);
    await graph.until('all nodes are active', async () => (await graph.call('lifecycle_manager/is_active')).success);
    peer = await connect();
  });

  after(async () => {
    for (const { socket } of clients) socket.terminate();
    await graph.stop();
  });

  async function connect(): Promise<DataClient> {
    let client: DataClient | undefined;
    await graph.until('the bridge takes a client in', async () => {
      client = new DataClient(port);
      const { socket } = client;
      return new Promise<boolean>((resolve) =>
        socket.on('open', () => resolve(true)).on('close', () => resolve(false)),
      );
    });
    clients.push(client!);
    await graph.until('it has been told of topics', () => client!.channels.has('/joint_states'));
    return client!;
  }

  /** Reads with the schema that the bridge sent along. */
  function reader<T>(client: DataClient, topic: string): (bytes: Uint8Array) => T {
    const { schema, schemaEncoding, encoding } = client.channels.get(topic)!;
    expect([schemaEncoding, encoding]).to.deep.equal(['ros2msg', 'cdr']);
    const messages = new MessageReader<T>(parse(schema, { ros2: true }));
    return (bytes) => messages.readMessage(bytes);
  }

  /** Answers to requests of the control channel; `send` resolves with the one to a request. */
  async function control() {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/control`, 'cosmos.control.v1');
    const events: { op: string; id?: number; success?: boolean; message?: string }[] = [];
    socket.on('message', (text) => events.push(JSON.parse(String(text))));
    await graph.until('the bridge says welcome', () => events.length > 0);
    let id = 0;
    return {
      socket,
      events,
      ask: async (request: object) => {
        id++;
        socket.send(JSON.stringify({ ...request, id }));
        await graph.until('there is an answer', () => events.some((event) => event.id === id));
        return events.find((event) => event.id === id)!;
      },
    };
  }

  it('passes every topic on as the bytes that it has, while somebody wants them', async () => {
    for (const topic of ['/diagnostics', '/robot_description', '/rosout', '/safety/state', '/tf_static']) {
      await graph.until(`${topic} is there`, () => peer.channels.has(topic));
    }
    const listeners = () => subscriptionsOf(graph.node, '/test/text').map(({ node }) => node);
    const publisher = graph.node.createPublisher(TEXT, 'test/text', reliable());
    await graph.until('it is told of a new one', () => peer.channels.has('/test/text'));
    expect(listeners()).to.deep.equal([]);
    const { messages, end } = peer.subscribe('/test/text');
    await graph.until('it listens', () => publisher.subscriptionCount === 1);
    // Whose endpoint it is comes by another message.
    await graph.until('it is known who listens', () => !listeners().includes('an unknown node'));
    expect(listeners()).to.deep.equal(['/operator_bridge']);
    const bytes = Buffer.from(graph.node.codec(TEXT).encode({ data: 'grüß dich' }));
    publisher.publishRaw(bytes);
    await graph.until('it arrives', () => messages.length === 1);
    expect(Buffer.from(messages[0]!).subarray(0, bytes.length)).to.deep.equal(bytes);
    expect(reader(peer, '/test/text')(messages[0]!)).to.deep.equal({ data: 'grüß dich' });
    end();
    await graph.until('it listens no longer', () => publisher.subscriptionCount === 0);
    const joints = peer.subscribe('/joint_states');
    await graph.until('joint states come', () => joints.messages.length > 10);
    joints.end();
    const { name } = reader<{ name: string[] }>(peer, '/joint_states')(joints.messages[0]!);
    expect(name).to.have.lengthOf(75);
  });

  it('gives what is latched to those who come late, too', async () => {
    const first = peer.subscribe('/robot_description');
    await graph.until('the first has it', () => first.messages.length === 1);
    const late = await connect();
    await graph.until('it knows the topic', () => late.channels.has('/robot_description'));
    const second = late.subscribe('/robot_description');
    await graph.until('the second has it', () => second.messages.length === 1);
    expect(reader<{ data: string }>(late, '/robot_description')(second.messages[0]!).data).to.include('<robot');
    late.socket.close();
    first.end();
  });

  it('publishes what is allowed and well-formed, and says why it does not', async () => {
    const heard = graph.listen(TEXT, 'test/order', reliable());
    const secret = graph.listen(TEXT, 'secret', reliable());
    const channel = { encoding: 'cdr', schemaName: TEXT };
    const allowed = peer.client.advertise({ ...channel, topic: '/test/order' });
    const forbidden = peer.client.advertise({ ...channel, topic: '/secret' });
    const bytes = new Uint8Array(graph.node.codec(TEXT).encode({ data: 'go' }));
    await graph.until('it is refused', () => peer.complaints.length === 1);
    expect(peer.complaints[0]).to.match(/^\/secret is not allowed: list it in the parameter allow/);
    await graph.until('it arrives', () => {
      peer.client.sendMessage(allowed, bytes);
      return heard.count > 0;
    });
    expect(heard.message).to.deep.equal({ data: 'go' });
    peer.client.sendMessage(forbidden, bytes);
    peer.client.sendMessage(allowed, bytes.subarray(0, 7));
    peer.client.advertise({ ...channel, topic: '/test/other', encoding: 'json' });
    peer.client.advertise({ ...channel, topic: '/test/order', schemaName: 'std_msgs/msg/Empty' });
    await graph.until('all is refused', () => peer.complaints.length >= 5);
    expect(peer.complaints.splice(0).slice(1)).to.deep.equal([
      '/secret is not allowed: list it in the parameter allow of operator_bridge',
      '/test/order: these 7 bytes are no std_msgs/msg/String',
      '/test/other: messages are encoded as cdr here, not as json',
      '/test/order is of type std_msgs/msg/String, not std_msgs/msg/Empty',
    ]);
    expect(secret.count).to.equal(0);
  });

  it('publishes no more on what no client publishes on any more', async () => {
    const topic = '/test/withdrawn';
    const channel = { topic, encoding: 'cdr', schemaName: TEXT };
    const bytes = new Uint8Array(graph.node.codec(TEXT).encode({ data: 'go' }));
    const heard = graph.listen(TEXT, topic, reliable());
    const publishers = () => publishersOf(graph.node, topic).map(({ node }) => node);
    const other = await connect();
    const first = peer.client.advertise(channel);
    const second = other.client.advertise(channel);
    await graph.until('it arrives', () => {
      other.client.sendMessage(second, bytes);
      return heard.count > 0;
    });
    peer.client.unadvertise(first);
    const { count } = heard;
    await graph.until('the other one goes on', () => {
      other.client.sendMessage(second, bytes);
      return heard.count > count + 3;
    });
    expect(publishers()).to.have.lengthOf(1);
    other.socket.close();
    await graph.until('it publishes no more', () => publishers().length === 0);
  });

  it('tells the parameters of all nodes, and sets those that are allowed', async () => {
    peer.client.getParameters([], 'all');
    await graph.until('they are told', () => peer.parameters.size > 30);
    expect(peer.parameters.get('/safety_monitor.speed_scale')).to.equal(1);
    expect(peer.parameters.get('/operator_bridge.port')).to.equal(port);
    peer.client.setParameters([{ name: '/safety_monitor.speed_scale', value: 0.5 }]);
    await graph.until('it is set', () => peer.parameters.get('/safety_monitor.speed_scale') === 0.5);
    peer.client.setParameters([{ name: '/safety_monitor.speed_scale', value: 7 }]);
    peer.client.setParameters([{ name: '/safety_monitor.speed_scale', value: 'fast' }]);
    peer.client.setParameters([{ name: '/operator_bridge.allow', value: ['*'] }]);
    await graph.until('the others are refused', () => peer.complaints.length === 3);
    expect(peer.complaints.splice(0)).to.deep.equal([
      '/safety_monitor.speed_scale: speed_scale: needs 0 to 1',
      '/safety_monitor.speed_scale needs a value of type double',
      '/operator_bridge.allow is not allowed: list it in the parameter allow of operator_bridge',
    ]);
    peer.client.setParameters([{ name: '/safety_monitor.speed_scale', value: 1 }]);
  });

  it('stops the loop by one frame, keeps it stopped, and resets where that is allowed', async () => {
    const controller = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData());
    const safety = graph.listen('cosmos_humanoid/msg/SafetyState', 'safety/state', latched());
    const { socket, ask, events } = await control();
    expect((await ask({ op: 'trigger', service: 'safety/reset' })).success).to.equal(true);
    await graph.until('the robot runs', () => controller.message?.mode === StopMode.running);
    socket.send('STOP');
    await graph.until('the loop damps', () => controller.message?.mode === StopMode.damping);
    await graph.until('the monitor knows', () => safety.message?.level === SafetyLevel.emergencyStop);
    expect(safety.message?.reasons.join()).to.include('safety/emergency_stop');
    expect(events.some(({ op }) => op === 'stopped')).to.equal(true);
    expect(await ask({ op: 'trigger', service: 'lifecycle_manager/shutdown' })).to.deep.include({
      success: false,
      message: 'lifecycle_manager/shutdown is not allowed: list it in the parameter allow of operator_bridge',
    });
    expect(await ask({ op: 'instruct', instruction: 'wave' })).to.deep.include({ success: false });
    await graph.until(
      'a reset is accepted',
      async () => (await ask({ op: 'trigger', service: 'safety/reset' })).success!,
    );
    await graph.until('the robot runs', () => controller.message?.mode === StopMode.running);
    socket.close();
  });

  it('stops the loop by a message and a service of the data protocol, too; calls what is allowed', async () => {
    const controller = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData());
    await graph.until('it is told of services', () => peer.services.has('/safety/reset'));
    const { request, response, type } = peer.services.get('/safety/reset')!;
    expect(type).to.equal('std_srvs/srv/Trigger');
    expect(request!.schemaEncoding).to.equal('ros2msg');
    const answers = new MessageReader<{ success: boolean }>(parse(response!.schema, { ros2: true }));
    const reset = () =>
      graph.until('a reset is accepted', async () => {
        return answers.readMessage(await peer.call('/safety/reset', EMPTY)).success;
      });
    const topic = { topic: '/safety/emergency_stop', encoding: 'cdr', schemaName: 'std_msgs/msg/Empty' };
    peer.client.sendMessage(peer.client.advertise(topic), EMPTY);
    await graph.until('the loop damps', () => controller.message?.mode === StopMode.damping);
    await reset();
    await graph.until('the robot runs', () => controller.message?.mode === StopMode.running);
    expect(answers.readMessage(await peer.call('/safety/emergency_stop', EMPTY)).success).to.equal(true);
    await graph.until('the loop damps', () => controller.message?.mode === StopMode.damping);
    await reset();
    const refused = await peer.call('/lifecycle_manager/is_active', EMPTY).catch((error: Error) => error.message);
    expect(refused).to.match(/is not allowed: list it/);
    peer.complaints.length = 0;
  });

  it('serves a client of the protocol that others have written, in all that it offers', async () => {
    const heard = graph.listen(TEXT, 'test/order', reliable());
    const program = [packagePath('test/graph/peers/foxglove_client.py'), String(port)];
    const { stdout } = await promisify(execFile)(packagePath('.ros/test-venv/bin/python3'), program);
    const { '/robot_description': urdf, topics, services, read, nodes, ...result } = JSON.parse(stdout);
    expect(urdf).to.match(/^<\?xml/);
    // What rcl tells of the graph; names that begin with an underscore are hidden by convention.
    const visible = (there: readonly { readonly name: string }[]) =>
      there.map(({ name }) => name).filter((name) => !name.includes('/_'));
    expect(topics).to.include.members(visible(graphTopics(graph.node)));
    expect(services).to.include.members(visible(graph.node.native.getServiceNamesAndTypes()));
    expect(read).to.include.members([
      '/diagnostics',
      '/imu/data',
      '/joint_controller/state',
      '/joint_states',
      '/left_foot/wrench',
      '/robot_description',
      '/safety/state',
      '/tf',
      '/tf_static',
    ]);
    expect(nodes).to.include.members(NODES);
    expect(result).to.deep.equal({
      capabilities: ['clientPublish', 'services', 'parameters', 'parametersSubscribe', 'connectionGraph'],
      '/joint_states': 75,
      parameter: 0.5,
      publishers: ['/joint_controller'],
      providers: ['/safety_monitor'],
      stop: true,
    });
    expect(heard.message).to.deep.equal({ data: 'from another client' });
    await graph.until('a reset is accepted', async () => (await graph.call('safety/reset')).success);
  });

  it('tells of parameters that change, and of nodes that come and go', async () => {
    const speed = '/safety_monitor.speed_scale';
    const graphs: { publishedTopics: { name: string; publisherIds: string[] }[]; removedTopics: string[] }[] = [];
    peer.client.on('connectionGraphUpdate', (update) => graphs.push(update));
    peer.client.subscribeConnectionGraph();
    const publishers = (topic: string) =>
      graphs.flatMap(({ publishedTopics }) => publishedTopics).find(({ name }) => name === topic)?.publisherIds;
    await graph.until('it is told of all', () => publishers('/joint_states')?.[0] === '/joint_controller');
    const scope = graph.node.beginScope();
    graph.node.createPublisher(TEXT, 'test/passing', reliable());
    const end = scope.end();
    await graph.until('it is told of a new one', () => publishers('/test/passing')?.length === 1);
    end();
    await graph.until('it is gone', () => graphs.some(({ removedTopics }) => removedTopics.includes('/test/passing')));
    peer.client.unsubscribeConnectionGraph();

    peer.client.subscribeParameterUpdates([speed]);
    const other = await connect();
    await graph.until('the change is told to who has not asked for it', () => {
      other.client.setParameters([{ name: speed, value: 0.75 }]);
      return peer.parameters.get(speed) === 0.75;
    });
    peer.client.unsubscribeParameterUpdates([speed]);
    other.client.setParameters([{ name: speed, value: 1 }]);
    other.socket.close();
  });

  it('stops the loop while its own main thread hangs', async () => {
    const controller = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData());
    await graph.until('a reset is accepted', async () => (await graph.call('safety/reset')).success);
    await graph.until('the robot runs', () => controller.message?.mode === StopMode.running);
    const hanging = await hang(graph.launcher.pids.get('operator_bridge')!, inspectors.bridge);
    const silent = async () =>
      fetch(`http://127.0.0.1:${port}/access`, { signal: AbortSignal.timeout(500) }).then(
        () => false,
        () => true,
      );
    await graph.until('its main thread hangs', silent);
    const { status } = await fetch(`http://127.0.0.1:${port + 1}/emergency_stop`, { method: 'POST' });
    expect(status).to.equal(200);
    await graph.until('the loop damps', () => controller.message?.mode === StopMode.damping);
    expect(hanging.lasts).to.equal(true);
    expect(await silent()).to.equal(true);
    hanging.end();
    // It then tells safety_monitor too.
    const safety = graph.listen('cosmos_humanoid/msg/SafetyState', 'safety/state', latched());
    const told = () => safety.message?.reasons.join().includes('safety/emergency_stop') === true;
    await graph.until('its main thread goes on', () => !hanging.lasts && told());
    await graph.until('a reset is accepted', async () => (await graph.call('safety/reset')).success);
  });

  it('stops the loop while the thread of joint_controller that speaks ROS hangs', async () => {
    const controller = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData());
    await graph.until('the robot runs', () => controller.message?.mode === StopMode.running);
    const hanging = await hang(graph.launcher.pids.get('joint_controller')!, inspectors.controller);
    // What it said before may be on its way.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { count } = controller;
    const pressed = graph.node.now();
    const { status } = await fetch(`http://127.0.0.1:${port}/emergency_stop`, { method: 'POST' });
    expect(status).to.equal(200);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(controller.count).to.equal(count);
    expect(hanging.lasts).to.equal(true);
    const released = graph.node.now();
    hanging.end();
    await graph.until('it says that the loop damps', () => controller.message?.mode === StopMode.damping);
    expect(toSeconds(controller.message!.mode_since)).to.be.within(pressed, released);
    await graph.until('a reset is accepted', async () => (await graph.call('safety/reset')).success);
  });

  it('stops the loop while safety_monitor hangs', async () => {
    const controller = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData());
    await graph.until('the robot runs', () => controller.message?.mode === StopMode.running);
    const pid = graph.launcher.pids.get('safety_monitor')!;
    process.kill(pid, 'SIGSTOP');
    const { status } = await fetch(`http://127.0.0.1:${port}/emergency_stop`, { method: 'POST' });
    expect(status).to.equal(200);
    await graph.until('the loop damps', () => controller.message?.mode === StopMode.damping);
    process.kill(pid, 'SIGCONT');
  });

  it('is there again after it was killed, on the same port', async () => {
    let closed = false;
    peer.socket.on('close', () => {
      closed = true;
    });
    process.kill(graph.launcher.pids.get('operator_bridge')!, 'SIGKILL');
    await graph.until('the client knows', () => closed);
    const again = await connect();
    const joints = again.subscribe('/joint_states');
    await graph.until('joint states come', () => joints.messages.length > 0);
  });
});
