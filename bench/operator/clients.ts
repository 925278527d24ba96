import { setPriority } from 'node:os';
import { WebSocket } from 'ws';
import { FoxgloveClient } from '../../src/operator/foxglove.js';

/**
 * Clients of the operator bridge, for bench/operator.ts: `node clients.js PORT CLIENTS TOPIC…`. They read the
 * topics and do nothing with them; for each line on the standard input they write the bytes read so far.
 */
const [port, clients, ...topics] = process.argv.slice(2);
let bytes = 0;

// They stand for other machines, which would not take this one's time.
setPriority(15);
for (let i = 0; i < Number(clients); i++) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, FoxgloveClient.SUPPORTED_SUBPROTOCOL);
  const client = new FoxgloveClient({ ws: socket as never });
  client.on('advertise', (channels) => {
    for (const { id, topic } of channels) if (topics.includes(topic)) client.subscribe(id);
  });
  client.on('message', ({ data }) => {
    bytes += data.byteLength;
  });
}
process.stdin.on('data', () => process.stdout.write(`${bytes}\n`));
process.stdin.on('end', () => process.exit());
