import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Channel, Parameter, Service, ServiceCallFailure } from '@foxglove/ws-protocol';
import { WebSocket } from 'ws';
import { FoxgloveClient } from '../../src/operator/foxglove.js';

/** A port that is free, as is the next one, which the bridge's stop service takes. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await listenOnce(0);
    if (port !== undefined && (await listenOnce(port + 1)) !== undefined) return port;
  }
}

/** @param wanted port; 0: any @returns a port that can be listened on; undefined where the wanted one is taken */
async function listenOnce(wanted: number): Promise<number | undefined> {
  const server = createServer();
  const opened = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(wanted, '127.0.0.1', () => resolve(true));
  });
  if (!opened) return undefined;
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Longest that a thread hangs, ms: a test that fails does not leave it so. */
const LONGEST_HANG = 20_000;

/** The main thread of a process, which runs nothing but a loop that waits for nobody. */
export interface Hang {
  /** Whether it still does. */
  readonly lasts: boolean;
  /** Lets it go on. */
  end(): void;
}

/**
 * Makes the main thread of a process of Node hang, by its debugger.
 * @param inspector port of its debugger, which it opens once it is sent SIGUSR1: it was started with --inspect-port
 */
export async function hang(pid: number, inspector: number): Promise<Hang> {
  process.kill(pid, 'SIGUSR1');
  let targets: { webSocketDebuggerUrl: string }[] = [];
  while (targets.length === 0) {
    targets = await fetch(`http://127.0.0.1:${inspector}/json`).then(
      (reply) => reply.json() as Promise<typeof targets>,
      () => new Promise((resolve) => setTimeout(() => resolve([]), 20)),
    );
  }
  const debug = new WebSocket(targets[0]!.webSocketDebuggerUrl);
  await new Promise((resolve) => debug.on('open', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'hang-'));
  const [begun, over] = ['begun', 'over'].map((name) => JSON.stringify(join(folder, name))) as [string, string];
  let lasts = true;
  debug.on('message', () => {
    lasts = false;
    debug.close();
    rmSync(folder, { recursive: true });
  });
  const expression = `{
    const { existsSync, writeFileSync } = require("node:fs");
    const end = Date.now() + ${LONGEST_HANG};
    writeFileSync(${begun}, "");
    while (!existsSync(${over}) && Date.now() < end);
  }`;
  const params = { expression, includeCommandLineAPI: true };
  debug.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
  while (!existsSync(join(folder, 'begun'))) await new Promise((resolve) => setTimeout(resolve, 5));
  return {
    get lasts() {
      return lasts;
    },
    end: () => writeFileSync(join(folder, 'over'), ''),
  };
}

/** Foxglove's own client, and what it was told by the bridge. */
export class DataClient {
  readonly socket: WebSocket;
  readonly client: InstanceType<typeof FoxgloveClient>;
  readonly channels = new Map<string, Channel>();
  readonly services = new Map<string, Service>();
  readonly parameters = new Map<string, Parameter['value']>();
  /** Messages of status, in words. */
  readonly complaints: string[] = [];
  readonly messages = new Map<number, Uint8Array[]>();
  #calls = 0;

  constructor(port: number) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/`, FoxgloveClient.SUPPORTED_SUBPROTOCOL);
    this.client = new FoxgloveClient({ ws: this.socket as never });
    const { client, channels, services } = this;
    client.on('error', () => {});
    client.on('advertise', (there) => {
      for (const channel of there) channels.set(channel.topic, channel);
    });
    client.on('unadvertise', (ids) => {
      for (const [name, { id }] of channels) if (ids.includes(id)) channels.delete(name);
    });
    client.on('advertiseServices', (there) => {
      for (const service of there) services.set(service.name, service);
    });
    client.on('parameterValues', ({ parameters }) => {
      for (const { name, value } of parameters) this.parameters.set(name, value);
    });
    client.on('status', ({ message }) => this.complaints.push(message));
    client.on('message', ({ subscriptionId, data }) => {
      this.messages.get(subscriptionId)?.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    });
  }

  /** @returns its messages, to which more are added, and what ends it */
  subscribe(topic: string): { readonly messages: Uint8Array[]; readonly end: () => void } {
    const id = this.client.subscribe(this.channels.get(topic)!.id);
    const messages: Uint8Array[] = [];
    this.messages.set(id, messages);
    return { messages, end: () => this.client.unsubscribe(id) };
  }

  /** @returns the answer's bytes @throws Error with what the bridge said */
  call(service: string, request: Uint8Array): Promise<Uint8Array> {
    const { client } = this;
    const callId = ++this.#calls;
    return new Promise((resolve, reject) => {
      const fail = (failure: ServiceCallFailure) => {
        if (failure.callId === callId) reject(new Error(failure.message));
      };
      client.on('serviceCallFailure', fail);
      client.on('serviceCallResponse', (answer) => {
        const { buffer, byteOffset, byteLength } = answer.data;
        if (answer.callId === callId) resolve(new Uint8Array(buffer, byteOffset, byteLength));
      });
      const serviceId = this.services.get(service)!.id;
      client.sendServiceCallRequest({ serviceId, callId, encoding: 'cdr', data: request });
    });
  }
}
