import { setPriority } from 'node:os';
import { WebSocket } from 'ws';

/**
 * A client that sends 100 MB to the operator bridge, at once and in pieces of a message: `node huge-messages.js
 * ADDRESS SUBPROTOCOL`. Prints the codes with which it was closed, as JSON.
 */
const [address, protocol] = process.argv.slice(2) as [string, string];
const HUGE = 100e6;
const PIECE = 1e6;

// It stands for another machine, which would not take this one's time.
setPriority(15);

async function open(): Promise<{ socket: WebSocket; code: Promise<number> }> {
  const socket = new WebSocket(address, protocol).on('error', () => {});
  const code = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => socket.on('open', resolve));
  return { socket, code };
}

const whole = await open();
whole.socket.send(Buffer.alloc(HUGE));
const pieces = await open();
for (let sent = 0; sent < HUGE && pieces.socket.readyState === WebSocket.OPEN; sent += PIECE) {
  await new Promise((resolve) => pieces.socket.send(Buffer.alloc(PIECE), { fin: false }, resolve));
}
process.stdout.write(JSON.stringify([await whole.code, await pieces.code]));
