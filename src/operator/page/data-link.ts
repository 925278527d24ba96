import { parse } from '@foxglove/rosmsg';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import { type Channel, FoxgloveClient, type IWebSocket } from '@foxglove/ws-protocol';
import { bridgeUrl, keepOpen } from './socket.js';

const LEAST_RATE = 2;
/** A page that is this far behind asks for half as many of them, s, … */
const BEHIND = 1.5;
/** … after it has had this time to catch up, ms. */
const PATIENCE = 8000;
/** A clock that was set is forgotten after this time or twice as much, ms. */
const MEMORY = 30_000;

interface Wanted {
  readonly handle: (read: () => never) => void;
  reader: MessageReader | undefined;
  subscription: number | undefined;
  /** When a message last came, ms as of performance.now(). */
  heard: number;
}

/** Topics of the graph, read in the page. Survives the loss of the connection: what is wanted is subscribed to anew. */
export class DataLink {
  #client: FoxgloveClient | undefined;
  readonly #channels = new Map<string, Channel>();
  readonly #wanted = new Map<string, Wanted>();
  #rate: number;
  #opened = performance.now();
  /** From the bridge's clock to this one, and the way between them: the least that was seen of late, and since `#turn`, s. */
  #offset = Infinity;
  #latest = Infinity;
  #turn = performance.now();
  #lag = 0;

  /** @param rate large messages of a topic that the bridge sends at most, Hz: more than eyes can follow only costs */
  constructor(rate: number) {
    this.#rate = rate;
    keepOpen(
      () => bridgeUrl('/', 'ws', { rate: String(this.#rate) }),
      FoxgloveClient.SUPPORTED_SUBPROTOCOL,
      (socket) => this.#attach(socket),
      () => {
        this.#client = undefined;
        this.#channels.clear();
        for (const wanted of this.#wanted.values()) wanted.subscription = undefined;
      },
    );
  }

  /** Hears a topic from now on. @param topic fully qualified */
  hear<T>(topic: string, handle: (message: T) => void): void {
    this.hearUnread<T>(topic, (read) => handle(read()));
  }

  /** The same for a topic of which not every message is looked at: `read` reads the one that came. */
  hearUnread<T>(topic: string, handle: (read: () => T) => void): void {
    this.#wanted.set(topic, { handle, reader: undefined, subscription: undefined, heard: -Infinity });
    this.#subscribe(topic);
  }

  forget(topic: string): void {
    const wanted = this.#wanted.get(topic);
    this.#wanted.delete(topic);
    if (wanted?.subscription !== undefined) this.#client?.unsubscribe(wanted.subscription);
  }

  /** Time since a message of a topic came, s. */
  silence(topic: string): number {
    return (performance.now() - (this.#wanted.get(topic)?.heard ?? -Infinity)) / 1000;
  }

  /** How old what comes is because the page or the network cannot keep up, s. */
  get lag(): number {
    return this.#lag;
  }

  /** @param time at which the bridge had a message, ns since the epoch */
  #keepUp(socket: WebSocket, time: bigint): void {
    const delay = Date.now() / 1000 - 1e-9 * Number(time);
    if (performance.now() > this.#turn + MEMORY) {
      [this.#offset, this.#latest, this.#turn] = [this.#latest, Infinity, performance.now()];
    }
    this.#latest = Math.min(this.#latest, delay);
    this.#offset = Math.min(this.#offset, delay);
    this.#lag = delay - this.#offset;
    if (this.#lag < BEHIND || this.#rate <= LEAST_RATE || performance.now() < this.#opened + PATIENCE) return;
    this.#rate /= 2;
    // What has piled up goes with the connection.
    socket.close();
  }

  #attach(socket: WebSocket): void {
    socket.addEventListener('open', () => {
      this.#opened = performance.now();
      [this.#offset, this.#latest, this.#lag] = [Infinity, Infinity, 0];
    });
    const client = new FoxgloveClient({ ws: socket as unknown as IWebSocket });
    client.on('error', () => {});
    client.on('advertise', (channels) => {
      this.#client = client;
      for (const channel of channels) {
        this.#channels.set(channel.topic, channel);
        this.#subscribe(channel.topic);
      }
    });
    client.on('unadvertise', (ids) => {
      for (const [topic, { id }] of this.#channels) {
        if (!ids.includes(id)) continue;
        this.#channels.delete(topic);
        const wanted = this.#wanted.get(topic);
        if (wanted !== undefined) wanted.subscription = undefined;
      }
    });
    client.on('message', ({ subscriptionId, timestamp, data }) => {
      this.#keepUp(socket, timestamp);
      for (const wanted of this.#wanted.values()) {
        if (wanted.subscription !== subscriptionId) continue;
        wanted.heard = performance.now();
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        const reader = wanted.reader!;
        wanted.handle(() => reader.readMessage(bytes) as never);
      }
    });
  }

  #subscribe(topic: string): void {
    const wanted = this.#wanted.get(topic);
    const channel = this.#channels.get(topic);
    if (wanted === undefined || channel === undefined || wanted.subscription !== undefined) return;
    wanted.reader = new MessageReader(parse(channel.schema, { ros2: true }));
    wanted.subscription = this.#client?.subscribe(channel.id);
  }
}
