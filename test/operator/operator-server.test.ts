import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import type { AccessRules } from '../../src/operator/access.js';
import { ControlHub } from '../../src/operator/control-hub.js';
import type { Answer, ControlEvent } from '../../src/operator/control-protocol.js';
import { FoxgloveClient, FoxgloveServer } from '../../src/operator/foxglove.js';
import { OperatorServer } from '../../src/operator/operator-server.js';
import { PageFiles } from '../../src/operator/page-files.js';

const DATA = FoxgloveServer.SUPPORTED_SUBPROTOCOL;
const CONTROL = 'cosmos.control.v1';
const MEMORY = 2 ** 20;

describe('OperatorServer', () => {
  let directory: string;
  let data: FoxgloveServer;
  let server: OperatorServer;
  let hub: ControlHub;
  let port: number;
  /** What was asked for, in order. */
  let asked: string[];
  let refusals: string[];
  const sockets: WebSocket[] = [];

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'page-'));
    writeFileSync(join(directory, 'index.html'), '<title>the page</title>');
    for (const name of ['app.js', 'app.css']) writeFileSync(join(directory, name), '');
  });

  after(() => rmSync(directory, { recursive: true }));

  beforeEach(() => start({ token: undefined, origins: [] }));

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.terminate();
    await server.close();
  });

  async function start(access: AccessRules): Promise<void> {
    asked = [];
    refusals = [];
    const did = (what: string): Promise<Answer> => {
      asked.push(what);
      return Promise.resolve({ success: true, message: what });
    };
    hub = new ControlHub(
      {
        emergencyStop: () => void did('stop'),
        trigger: (service) => {
          if (service === 'hanging') return new Promise(() => {});
          return service === 'broken' ? Promise.reject(new Error('it is broken')) : did(service);
        },
        instruct: did,
        cancel: () => did('cancel'),
      },
      '/',
      () => ['safety/reset'],
    );
    data = new FoxgloveServer({
      name: 'test',
      capabilities: ['clientPublish', 'parametersSubscribe'],
      supportedEncodings: ['cdr'],
    });
    const limits = { memory: MEMORY, controlMemory: MEMORY };
    const options = { host: '127.0.0.1', port: 0, access, clients: 3, limits };
    server = new OperatorServer(options, new PageFiles(directory), hub, data, {
      refused: (reason) => refusals.push(reason),
      subscribed: () => {},
      left: () => {},
      graph: () => {},
    });
    port = await server.listen();
  }

  function dial(protocol: string | string[], path = '/', headers: Record<string, string> = {}): WebSocket {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocol, { headers });
    sockets.push(socket);
    socket.on('error', () => {});
    return socket;
  }

  /** HTTP status of a WebSocket that is refused; 101 for one that is not. */
  function statusOf(socket: WebSocket): Promise<number> {
    return new Promise((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('open', () => resolve(101));
    });
  }

  function opened(socket: WebSocket): Promise<void> {
    return new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  }

  function closed(socket: WebSocket): Promise<{ code: number; reason: string }> {
    return new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })));
  }

  async function until(what: string, holds: () => boolean): Promise<void> {
    for (let i = 0; i < 500; i++) {
      if (holds()) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`never came true: ${what}`);
  }

  function controlClient(path = '/control') {
    const socket = dial(CONTROL, path);
    const events: ControlEvent[] = [];
    socket.on('message', (text) => events.push(JSON.parse(String(text))));
    return { socket, events };
  }

  /** A client of Foxglove's own, and what it was told. */
  async function dataClient(path = '/') {
    const socket = dial(DATA, path);
    const client = new FoxgloveClient({ ws: socket as never });
    const channels: { id: number; topic: string }[] = [];
    const received: number[] = [];
    client.on('advertise', (there) => channels.push(...there));
    client.on('message', (event) =>
      received.push(new DataView(event.data.buffer, event.data.byteOffset).getUint32(0, true)),
    );
    await until('it is connected', () => socket.readyState === WebSocket.OPEN);
    return { socket, client, channels, received };
  }

  const channel = { topic: '/numbers', encoding: 'cdr', schemaName: 'x', schema: '', schemaEncoding: 'ros2msg' };

  it('serves the page, which loads nothing from elsewhere, and nothing else', async () => {
    const page = await fetch(`http://127.0.0.1:${port}/?token=x`);
    expect(page.status).to.equal(200);
    expect(await page.text()).to.include('the page');
    expect(page.headers.get('content-security-policy')).to.include("frame-ancestors 'none'");
    for (const path of ['/none', '/../package.json', '/%2e%2e/package.json']) {
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status, path).to.equal(404);
    }
    expect((await fetch(`http://127.0.0.1:${port}/`, { method: 'POST' })).status).to.equal(405);
  });

  it('stops the robot by a frame of four letters, and by HTTP', async () => {
    const { socket, events } = controlClient();
    await opened(socket);
    socket.send('STOP');
    await until('it stops', () => asked.length === 1);
    expect((await fetch(`http://127.0.0.1:${port}/emergency_stop`, { method: 'POST' })).status).to.equal(200);
    expect((await fetch(`http://127.0.0.1:${port}/emergency_stop`)).status).to.equal(405);
    expect(asked).to.deep.equal(['stop', 'stop']);
    await until('everybody is told', () => events.filter(({ op }) => op === 'stopped').length === 2);
  });

  it('stops the robot while what the same client asked for earlier hangs', async () => {
    const { socket } = controlClient();
    await opened(socket);
    socket.send(JSON.stringify({ op: 'trigger', id: 1, service: 'hanging' }));
    socket.send('STOP');
    await until('it stops', () => asked.includes('stop'));
  });

  it('answers each request, and tells everybody of instructions', async () => {
    const [first, second] = [controlClient(), controlClient()];
    await Promise.all([opened(first.socket), opened(second.socket)]);
    first.socket.send(JSON.stringify({ op: 'trigger', id: 1, service: 'safety/reset' }));
    first.socket.send(JSON.stringify({ op: 'trigger', id: 2, service: 'broken' }));
    first.socket.send(JSON.stringify({ op: 'instruct', id: 3, instruction: 'lift it' }));
    await until('there are answers', () => first.events.length === 4);
    expect(first.events[0]).to.deep.equal({ op: 'welcome', namespace: '/', allowed: ['safety/reset'], history: [] });
    expect(first.events.slice(1)).to.deep.include.members([
      { op: 'answer', id: 1, success: true, message: 'safety/reset' },
      { op: 'answer', id: 2, success: false, message: 'it is broken' },
      { op: 'answer', id: 3, success: true, message: 'lift it' },
    ]);
    const task = { instruction: 'lift it', stage: 'reaching', progress: 0.1, confidence: 0.9, elapsed: 1 };
    hub.report({ ...task, started: 5, outcome: undefined });
    hub.report({ ...task, started: 5, outcome: { success: true, message: 'done' } });
    await until('the other knows', () => second.events.length === 3);
    expect(hub.history).to.have.lengthOf(1);
    for (let started = 10; started < 100; started++) hub.report({ ...task, started, outcome: undefined });
    expect(hub.history).to.have.lengthOf(50);
    expect(hub.history.at(-1)!.started).to.equal(99);
  });

  it('closes with a code of its own what is no request', async () => {
    for (const text of ['stop', '{', 'null', '{"op":"instruct","id":1}', '{"op":"cancel","id":1,"more":1}']) {
      const { socket } = controlClient();
      await opened(socket);
      socket.send(text);
      expect((await closed(socket)).code, text).to.equal(1007);
    }
    const frames = ['{', 'null', '[]', '{"op":"fly"}', '{"op":"subscribe"}', '{"op":"subscribe","subscriptions":7}'];
    const further = ['{"op":"subscribe","subscriptions":[null]}', '{"op":"advertise","channels":[{"id":1,"topic":2}]}'];
    for (const frame of [...frames, ...further, Buffer.from([9]), Buffer.from([1, 255]), Buffer.alloc(0)]) {
      const { socket } = await dataClient();
      socket.send(frame);
      expect((await closed(socket)).code, String(frame)).to.equal(1007);
    }
    const { socket } = await dataClient();
    socket.send(Buffer.alloc(2 ** 20 + 1));
    expect((await closed(socket)).code).to.equal(1009);
    expect(asked).to.deep.equal([]);
  });

  it('closes with a code of its own who has it remember too much, and forgets that', async () => {
    const names = (from: number) => Array.from({ length: 4096 }, (_, i) => `/node.parameter${from + i}`);
    const told: string[][] = [];
    data.on('subscribeParameterUpdates', (parameters) => told.push(parameters));
    data.on('unsubscribeParameterUpdates', (parameters) => told.push(parameters));
    const first = await dataClient();
    first.client.subscribeParameterUpdates(names(0));
    first.client.subscribeParameterUpdates(names(1));
    expect((await closed(first.socket)).code).to.equal(1008);
    await until('they are forgotten', () => told.length === 2);
    expect(told[1]).to.include.members(told[0]!);

    const second = await dataClient();
    for (let i = 0; i < 257; i++) second.client.advertise({ topic: `/t${i}`, encoding: 'cdr', schemaName: 'x' });
    expect(await closed(second.socket)).to.deep.equal({ code: 1008, reason: 'more than 256 channels' });
  });

  it('refuses other sites, other protocols and more clients than it may have', async () => {
    expect(await statusOf(dial(DATA, '/', { origin: 'http://evil.example' }))).to.equal(403);
    expect(await statusOf(dial(CONTROL, '/control', { origin: 'null' }))).to.equal(403);
    expect(await statusOf(dial(DATA, '/', { host: 'evil.example' }))).to.equal(403);
    expect(await statusOf(dial('other'))).to.equal(400);
    expect(await statusOf(dial(DATA, '/control'))).to.equal(400);
    const evil = { method: 'POST', headers: { origin: 'http://evil.example' } };
    expect((await fetch(`http://127.0.0.1:${port}/emergency_stop`, evil)).status).to.equal(403);
    expect(asked).to.deep.equal([]);
    const there = await Promise.all([dataClient(), dataClient(), dataClient()]);
    expect(await statusOf(dial(DATA))).to.equal(503);
    const { socket } = controlClient();
    await opened(socket);
    there[0].socket.close();
    await until('there is room', () => server.status.clients === 2);
    expect(await statusOf(dial([DATA, 'foxglove.sdk.v1']))).to.equal(101);
    expect(refusals).to.have.lengthOf(6);
    expect(refusals[0]).to.match(/a page of http:\/\/evil\.example may not connect; list it/);
  });

  it('asks for the token', async () => {
    await server.close();
    await start({ token: 'sesame', origins: [] });
    expect(await statusOf(dial(DATA))).to.equal(401);
    expect(await statusOf(dial(CONTROL, '/control?token=wrong'))).to.equal(401);
    expect(await statusOf(dial(CONTROL, '/control?token=sesame'))).to.equal(101);
    expect(await statusOf(dial(DATA, '/?token=sesame'))).to.equal(101);
    const stop = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST' });
    expect((await stop('/emergency_stop')).status).to.equal(401);
    expect((await stop('/emergency_stop?token=sesame')).status).to.equal(200);
    const why = await fetch(`http://127.0.0.1:${port}/access?token=wrong`);
    expect(await why.text()).to.match(/the token is missing or wrong/);
  });

  it('lets a slow client lose the oldest messages, and nobody else', async () => {
    const id = data.addChannel(channel);
    const [slow, fast] = await Promise.all([dataClient(), dataClient()]);
    await until('both know the topic', () => slow.channels.length === 1 && fast.channels.length === 1);
    slow.client.subscribe(id);
    fast.client.subscribe(id);
    let subscribed = 0;
    data.on('subscribe', () => subscribed++);
    await new Promise((resolve) => setTimeout(resolve, 100));
    slow.socket.pause();
    const count = 400;
    const payload = Buffer.alloc(100_000);
    for (let i = 0; i < count; i++) {
      payload.writeUInt32LE(i);
      data.sendMessage(id, BigInt(i), new Uint8Array(payload));
      expect(server.status.pending).to.be.at.most(2 * MEMORY);
      while (fast.received.length < i - 5) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await until('the fast one has all', () => fast.received.length === count);
    expect(fast.received).to.deep.equal(Array.from({ length: count }, (_, i) => i));
    expect(server.status.dropped).to.be.greaterThan(100);
    slow.socket.resume();
    await until('the slow one has the last', () => slow.received.at(-1) === count - 1);
    expect(slow.received.length).to.equal(2 * count - server.status.dropped - fast.received.length);
    expect(slow.received).to.deep.equal([...slow.received].sort((a, b) => a - b));
    expect(server.status.pending).to.equal(0);
  });

  it('thins large messages out for a client that asks for that, to the newest; small ones come all', async () => {
    const [large, small] = [data.addChannel(channel), data.addChannel({ ...channel, topic: '/small' })];
    const { client, channels, received } = await dataClient('/?rate=5');
    await until('it knows the topics', () => channels.length === 2);
    const subscription = client.subscribe(large);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let i = 0; i < 40; i++) {
      data.sendMessage(large, 0n, new Uint8Array(new Uint32Array([i, ...Array(3000).fill(0)]).buffer));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until('the newest comes', () => received.at(-1) === 39);
    expect(received[0]).to.equal(0);
    expect(received.length).to.be.lessThan(20);
    client.unsubscribe(subscription);
    received.length = 0;
    client.subscribe(small);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let i = 0; i < 40; i++) data.sendMessage(small, 0n, new Uint8Array(new Uint32Array([i]).buffer));
    await until('all come', () => received.length === 40);
  });

  it('cuts off a client that asks much and reads nothing', async () => {
    for (let i = 0; i < 20; i++) data.addChannel({ ...channel, topic: `/topic${i}`, schema: 'x'.repeat(10_000) });
    const { socket } = await dataClient();
    socket.pause();
    let gone = false;
    socket.on('close', () => {
      gone = true;
    });
    // Each of these is answered, by a warning that such a subscription is unknown.
    const request = JSON.stringify({ op: 'unsubscribe', subscriptionIds: Array.from({ length: 20_000 }, (_, i) => i) });
    for (let i = 0; i < 20 && server.status.clients > 0; i++) {
      socket.send(request);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until('it is cut off', () => server.status.clients === 0);
    socket.resume();
    await until('it knows', () => gone);
  });

  it('survives a thousand connections that say nothing', async () => {
    const idle = Array.from({ length: 1000 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const socket of idle) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await fetch(`http://127.0.0.1:${port}/emergency_stop`, { method: 'POST' })).status).to.equal(200);
  });
});
