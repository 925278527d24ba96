import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { expect } from 'chai';
import { WebSocketServer } from 'ws';
import { OpenpiClient } from '../../../src/cosmos/served/openpi-client.js';

describe('OpenpiClient', () => {
  it('takes in no message of a gigabyte', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    // A binary frame that says that 10⁹ bytes follow.
    server.on('connection', (socket) => {
      (socket as unknown as { _socket: Socket })._socket.write(Buffer.from('827f000000003b9aca00', 'hex'));
    });
    const client = new OpenpiClient({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, timeout: 2 });
    const message = await client.connect().then(
      () => 'connected',
      (error: Error) => error.message,
    );
    await client.close();
    for (const socket of server.clients) socket.terminate();
    server.close();
    expect(message).to.match(/Max payload size exceeded/);
  });
});
