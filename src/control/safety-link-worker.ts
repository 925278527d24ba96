import { createSocket } from 'node:dgram';
import { parentPort, workerData } from 'node:worker_threads';
import type { SharedLayout } from './loop-snapshot.js';
import { CARRIER_PRIORITY, requestRealtimePriority } from './realtime.js';
import { LINK_HOST, SafetyWordReceiver } from './safety-link.js';
import { SharedState } from './shared-state.js';

/** What the thread of the safety link needs; plain data. */
export interface SafetyLinkData {
  readonly port: number;
  readonly layout: SharedLayout;
  readonly buffer: SharedArrayBuffer;
  /** Ask the system for real-time priority. */
  readonly realtime: boolean;
}

/**
 * Entry of the safety link's thread: passes the monitor's words on to the loop, whatever the thread that speaks ROS is
 * busy with. Its end, or that of the monitor, is noticed by the loop's watchdog.
 */
const { port, layout, buffer, realtime } = workerData as SafetyLinkData;
// A stop must not wait for who else wants the processor. Where the system does not permit it, the loop has said so.
if (realtime) requestRealtimePriority(CARRIER_PRIORITY);
const receiver = new SafetyWordReceiver(new SharedState(layout, buffer));
const socket = createSocket('udp4');
socket.on('message', (datagram) => receiver.take(datagram));
socket.once('error', ({ message }) => {
  parentPort?.postMessage(message);
  socket.close();
});
socket.bind(port, LINK_HOST, () => parentPort?.postMessage('ready'));
