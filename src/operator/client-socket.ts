import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Whether a client offers to speak a subprotocol. */
export function offersProtocol({ headers }: IncomingMessage, protocol: string): boolean {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',');
  return offered.some((name) => name.trim() === protocol);
}

/** Ends the connections of clients that have not answered the ping before, and asks the others. @param answered those who have */
export function dropDeadClients(clients: Iterable<WebSocket>, answered: WeakSet<WebSocket>): void {
  for (const client of clients) {
    if (!answered.delete(client)) client.terminate();
    else client.ping();
  }
}

/** Answers who is refused, who then does not keep the connection either. @param response HTTP, whole */
export function refuseUpgrade(socket: Duplex, response: string): void {
  socket.once('finish', () => socket.destroy());
  socket.end(response);
}
