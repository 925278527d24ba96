import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { KserveClient } from '../../../src/cosmos/served/kserve-client.js';
import { float32Array, numericArray, toFloat64 } from '../../../src/cosmos/served/numeric-array.js';
import type { PolicyRequest } from '../../../src/cosmos/served/policy-client.js';

const request: PolicyRequest = {
  images: new Map([['image', numericArray('|u1', [1, 1, 2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6))]]),
  states: new Map([['joints', float32Array([0.5, -0.25], [2])]]),
  instruction: ['text', 'grüß'],
};

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe('KserveClient', () => {
  let server: Server;
  let url: string;
  let infer: (body: Buffer, headerLength: number) => { status?: number; json: unknown; binary?: Buffer };

  before(async () => {
    server = createServer(async (message, reply) => {
      const body = await bodyOf(message);
      if (message.url === '/v2/health/ready') return reply.end();
      if (message.url === '/v2/models/arm') {
        const inputs = [
          { name: 'image', datatype: 'UINT8', shape: [-1, 1, 1, 2, 3] },
          { name: 'joints', datatype: 'FP32', shape: [-1, 2] },
        ];
        return reply.end(JSON.stringify({ name: 'arm', inputs, outputs: [{ name: 'action', datatype: 'FP32' }] }));
      }
      if (message.url !== '/v2/models/arm/infer') return reply.writeHead(404).end('unknown model');
      const length = Number(message.headers['inference-header-content-length']);
      const { status = 200, json, binary } = infer(body, length);
      const header = Buffer.from(JSON.stringify(json));
      const headers = binary ? { 'inference-header-content-length': String(header.length) } : {};
      return reply.writeHead(status, headers).end(binary ? Buffer.concat([header, binary]) : header);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  it('says what the model takes and gives', async () => {
    const { images, states, actions } = await new KserveClient({ url, timeout: 2 }, { name: 'arm' }).connect();
    expect({ images, states, actions }).to.deep.equal({ images: ['image'], states: ['joints'], actions: ['action'] });
  });

  it('sends and receives arrays in the binary extension', async () => {
    const bytes = new Uint8Array(Float32Array.of(1.5, 2, -3, 4).buffer);
    infer = (body, length) => {
      const { inputs } = JSON.parse(body.toString('utf8', 0, length));
      expect(inputs).to.deep.equal([
        { name: 'image', shape: [1, 1, 1, 2, 3], datatype: 'UINT8', parameters: { binary_data_size: 6 } },
        { name: 'joints', shape: [1, 2], datatype: 'FP32', parameters: { binary_data_size: 8 } },
        { name: 'text', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: 10 } },
      ]);
      const data = body.subarray(length);
      expect([...data.subarray(0, 6)]).to.deep.equal([1, 2, 3, 4, 5, 6]);
      expect([data.readFloatLE(6), data.readFloatLE(10)]).to.deep.equal([0.5, -0.25]);
      expect(data.readUInt32LE(14)).to.equal(6);
      expect(data.toString('utf8', 18)).to.equal('grüß');
      const outputs = [{ name: 'action', shape: [1, 2, 2], datatype: 'FP32', parameters: { binary_data_size: 16 } }];
      return { json: { outputs }, binary: Buffer.from(bytes) };
    };
    const action = (await new KserveClient({ url, timeout: 2 }, { name: 'arm' }).ask(request)).get('action')!;
    expect(action.shape).to.deep.equal([2, 2]);
    expect([...toFloat64(action)]).to.deep.equal([1.5, 2, -3, 4]);
  });

  it('also reads arrays in JSON', async () => {
    infer = () => ({ json: { outputs: [{ name: 'action', shape: [1, 2, 1], datatype: 'FP32', data: [0.25, 7] }] } });
    const action = (await new KserveClient({ url, timeout: 2 }, { name: 'arm' }).ask(request)).get('action')!;
    expect([...toFloat64(action)]).to.deep.equal([0.25, 7]);
  });

  it('passes on what the server says when it fails', async () => {
    infer = () => ({ status: 503, json: { error: 'no instance is free' } });
    const failure = await new KserveClient({ url, timeout: 2 }, { name: 'arm' })
      .ask(request)
      .catch((error: Error) => error.message);
    expect(failure).to.match(/answered 503: .*no instance is free/);
    const unknown = await new KserveClient({ url, timeout: 2 }, { name: 'leg' })
      .connect()
      .catch((error: Error) => error.message);
    expect(unknown).to.match(/models\/leg: the inference server answered 404: unknown model/);
  });

  it('takes in no answer of a gigabyte', async () => {
    const huge = createServer((_, reply) => reply.writeHead(200, { 'content-length': String(1e9) }).flushHeaders());
    huge.listen(0, '127.0.0.1');
    await once(huge, 'listening');
    const { port } = huge.address() as AddressInfo;
    const client = new KserveClient({ url: `http://127.0.0.1:${port}`, timeout: 2 }, { name: 'arm' });
    const message = await client.ask(request).then(
      () => 'an answer',
      (error: Error) => error.message,
    );
    huge.closeAllConnections();
    huge.close();
    expect(message).to.match(/answer is larger than/);
  });

  it('says that nobody answers', async () => {
    const client = new KserveClient({ url: 'http://127.0.0.1:1', timeout: 2 }, { name: 'arm' });
    expect(await client.connect().catch((error: Error) => error.message)).to.match(/127.0.0.1:1: .*cannot be reached/);
  });
});
