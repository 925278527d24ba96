import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { encodeSafetyWord, STOP_ONLY } from '../../src/control/safety-link.js';
import { StopMode } from '../../src/control/stop-state.js';
import { StopThread } from '../../src/operator/stop-thread.js';
import { freePort } from '../graph/operator-fixture.js';

/** How long this thread hangs, ms. */
const HANG = 1000;

/** Stands for the loop, which hears the safety link, and for the operator, who sends the stop when told. */
const OTHERS = `
  const { parentPort } = require('node:worker_threads');
  const { createSocket } = require('node:dgram');
  const { WebSocket } = require('ws');
  const loop = createSocket('udp4');
  loop.bind(0, '127.0.0.1', () => parentPort.postMessage({ link: loop.address().port }));
  parentPort.once('message', ({ port }) => {
    const socket = new WebSocket('ws://127.0.0.1:' + port + '/control', 'cosmos.control.v1');
    socket.on('open', () => parentPort.postMessage('connected'));
    parentPort.once('message', () => {
      let answer;
      socket.on('message', (text) => {
        answer = String(text);
      });
      loop.once('message', (word) => {
        const at = Date.now();
        setTimeout(() => {
          parentPort.postMessage({ at, word, answer });
          socket.terminate();
          loop.close();
          parentPort.close();
        }, 50);
      });
      setTimeout(() => socket.send('STOP'), 100);
    });
  });
`;

describe('StopThread', () => {
  const start = async (linkPort: number, told: string[], pagePort = 1) => {
    const port = await freePort();
    const access = { token: undefined, origins: [] };
    const options = { host: '127.0.0.1', port, pagePort, access, linkPort };
    return { port, thread: await StopThread.start(options, (source) => told.push(source)) };
  };

  it('stops the loop while the main thread hangs', async () => {
    const others = new Worker(OTHERS, { eval: true });
    const [{ link }] = await once(others, 'message');
    const told: string[] = [];
    const { port, thread } = await start(link, told);
    others.postMessage({ port });
    await once(others, 'message');
    others.postMessage('stop it');
    const end = Date.now() + HANG;
    while (Date.now() < end);
    expect(told).to.deep.equal([]);
    const [{ at, word, answer }] = await once(others, 'message');
    expect(at).to.be.below(end);
    expect(answer).to.equal('STOPPED');
    const expected = Buffer.alloc(20);
    encodeSafetyWord({ mode: StopMode.damping, speedScale: 1, resets: 0, session: STOP_ONLY }, expected);
    expect(Buffer.from(word)).to.deep.equal(expected);
    // What was sent to this thread meanwhile comes now.
    while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(told).to.have.length(1);
    await thread.close();
  });

  it('keeps no connection of who is refused, or has vanished', async () => {
    const { port, thread } = await start(9, []);
    const dial = (lines: string) =>
      connect({ port, host: '127.0.0.1', allowHalfOpen: true }, function (this: Socket) {
        this.write(`GET /control HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`);
        this.write(`${lines}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
      });
    // Neither ends its side of the connection by itself; the second does not answer pings either.
    const began = Date.now();
    const refused = dial('Sec-WebSocket-Protocol: another,   cosmos.control.v2\r\n');
    const vanished = dial('Sec-WebSocket-Protocol: another , cosmos.control.v1\r\n');
    const taken = once(vanished, 'data');
    for (const socket of [refused, vanished]) socket.on('error', () => {}).resume();
    await once(refused, 'end');
    expect(Date.now() - began).to.be.below(4000);
    expect(String(await taken)).to.match(/^HTTP\/1.1 101 /);
    // Two pings: the first is not answered, the second is not sent any more.
    await once(vanished, 'end');
    for (const socket of [refused, vanished]) socket.destroy();
    await thread.close();
  }).timeout(20_000);

  it('hears the page and programs, not the pages of others', async () => {
    const told: string[] = [];
    const { port, thread } = await start(9, told, 8765);
    const post = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${port}/emergency_stop`, { method: 'POST', headers }).then(({ status }) => status);
    expect(await post({})).to.equal(200);
    const open = (origin: string) =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/control`, 'cosmos.control.v1', { origin });
        socket.on('error', () => {});
        socket.on('open', () => socket.close());
        socket.on('open', () => resolve(true)).on('close', () => resolve(false));
      });
    expect(await open('http://127.0.0.1:8765')).to.equal(true);
    expect(await open('http://127.0.0.1:8766')).to.equal(false);
    expect(await open('https://example.org')).to.equal(false);
    expect(told).to.deep.equal(['127.0.0.1 by HTTP']);
    await thread.close();
  });

  it('says why its port cannot be opened', async () => {
    const { port, thread } = await start(9, []);
    const access = { token: undefined, origins: [] };
    const again = StopThread.start({ host: '127.0.0.1', port, pagePort: 1, access, linkPort: 9 }, () => {});
    expect(await again.catch((error: Error) => error.message)).to.match(/EADDRINUSE/);
    await thread.close();
  });
});
