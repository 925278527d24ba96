import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { bagMetadata, type FileSummary, type RecordedTopic } from './bag-metadata.js';
import type { Compression } from './compression.js';
import { McapFile } from './mcap-file.js';
import { describeQos } from './qos-profile.js';

/** A chunk is closed when it holds this much, bytes … */
const CHUNK_SIZE = 2 ** 20;
/** … or this long after its first message, ns: what a recording that is cut off loses at most. */
const CHUNK_DURATION = 1_000_000_000n;

/** How a bag is recorded. */
export interface BagOptions {
  /** A file of the bag is followed by the next at this size, bytes; 0 for never. */
  readonly splitSize: number;
  /** And after this time, s; 0 for never. */
  readonly splitDuration: number;
  /** Most memory that may wait for the disk, bytes; messages beyond are dropped and counted. */
  readonly memoryLimit: number;
  readonly compression: Compression;
  /** ROS distribution, for the metadata. */
  readonly distribution: string;
}

/** Figures of a recording. */
export interface BagStatus {
  readonly files: number;
  readonly messages: number;
  /** Of the messages, unpacked. */
  readonly bytes: number;
  /** Of the files. */
  readonly size: number;
  readonly dropped: number;
  /** Bytes that wait for the disk. */
  readonly pending: number;
  /** Why nothing can be written any more. */
  readonly error: Error | undefined;
}

interface Channel {
  readonly topic: RecordedTopic;
  readonly metadata: ReadonlyMap<string, string>;
  /** In the current file; undefined while it holds no message of the topic. */
  id: number | undefined;
  sequence: number;
  messages: bigint;
}

/**
 * Records messages into a bag as rosbag2 lays it out: a directory with metadata.yaml and MCAP files NAME_0.mcap,
 * NAME_1.mcap, … Nothing waits for the disk: where that is too slow, messages are dropped and counted.
 */
export class BagWriter {
  readonly directory: string;
  readonly #options: BagOptions;
  readonly #channels: Channel[] = [];
  readonly #done: FileSummary[] = [];
  readonly #closing = new Set<Promise<void>>();
  /** The one being written; undefined once the bag is closed. */
  #file: McapFile | undefined;
  /** By type, in the current file. */
  #schemas = new Map<string, number>();
  #chunkStart = 0n;
  #messages = 0;
  #bytes = 0;
  #size = 0;
  #dropped = 0;
  #closingBytes = 0;
  #error: Error | undefined;

  /**
   * Creates the bag.
   * @param directory must not exist
   * @throws Error where it exists or cannot be made
   */
  constructor(directory: string, options: BagOptions) {
    this.directory = directory;
    this.#options = options;
    mkdirSync(join(directory, '..'), { recursive: true });
    mkdirSync(directory);
    this.#file = this.#openFile();
    this.#writeMetadata();
  }

  get status(): BagStatus {
    const file = this.#file;
    return {
      files: this.#done.length + (file === undefined ? 0 : 1),
      messages: this.#messages,
      bytes: this.#bytes,
      size: this.#size + (file?.size ?? 0),
      dropped: this.#dropped,
      pending: this.#closingBytes + (file?.pending ?? 0),
      error: this.#error ?? file?.error,
    };
  }

  /** Makes a topic known. @returns its handle */
  addTopic(topic: RecordedTopic): number {
    const metadata = new Map([
      ['offered_qos_profiles', stringify(topic.offeredQos.map(describeQos))],
      ['topic_type_hash', topic.typeHash],
    ]);
    this.#channels.push({ topic, metadata, id: undefined, sequence: 0, messages: 0n });
    return this.#channels.length - 1;
  }

  /**
   * Records a message, or drops it where too much waits for the disk.
   * @param handle from `addTopic`
   * @param time when it was received, ns since the epoch
   * @param data CDR bytes; copied
   */
  write(handle: number, time: bigint, data: Uint8Array): void {
    const file = this.#file;
    if (file === undefined) return;
    const channel = this.#channels[handle]!;
    channel.sequence++;
    const waiting = this.#closingBytes + file.pending + file.chunkSize;
    if (waiting + data.length > this.#options.memoryLimit || file.error !== undefined || this.#error !== undefined) {
      this.#dropped++;
      return;
    }
    if (file.chunkSize === 0) this.#chunkStart = time;
    channel.id ??= this.#openChannel(file, channel);
    file.addMessage(channel.id, channel.sequence, time, data);
    channel.messages++;
    this.#messages++;
    this.#bytes += data.length;
    if (file.chunkSize >= CHUNK_SIZE) this.#closeChunk(file, time);
  }

  /** To be called now and then, so that chunks are closed and files split where no message comes. @param time as above */
  tick(time: bigint): void {
    if (this.#file !== undefined && time - this.#chunkStart >= CHUNK_DURATION) this.#closeChunk(this.#file, time);
  }

  /** Goes on in a new file. */
  split(): void {
    if (this.#file === undefined) return;
    this.#closeFile(this.#file);
    try {
      this.#file = this.#openFile();
    } catch (error) {
      this.#error ??= error as Error;
    }
    this.#writeMetadata();
  }

  /** Completes the bag. Rejects where it could not all be written. */
  async close(): Promise<void> {
    if (this.#file !== undefined) this.#closeFile(this.#file);
    await Promise.all(this.#closing);
    this.#writeMetadata();
    if (this.#error !== undefined) throw this.#error;
  }

  #openChannel(file: McapFile, { topic, metadata }: Channel): number {
    let schema = this.#schemas.get(topic.type);
    if (schema === undefined) {
      schema = file.addSchema(topic.type, topic.definition);
      this.#schemas.set(topic.type, schema);
    }
    return file.addChannel(schema, topic.name, metadata);
  }

  #closeChunk(file: McapFile, time: bigint): void {
    file.closeChunk();
    const { splitSize, splitDuration } = this.#options;
    const { messageCount, messageStartTime } = file.statistics;
    if (messageCount === 0n) return;
    const duration = Number(time - messageStartTime) * 1e-9;
    const isFull = splitSize > 0 && file.size >= splitSize;
    if (isFull || (splitDuration > 0 && duration >= splitDuration)) this.split();
  }

  #openFile(): McapFile {
    this.#schemas = new Map();
    for (const channel of this.#channels) channel.id = undefined;
    const { directory } = this;
    return new McapFile(join(directory, `${basename(directory)}_${this.#done.length}.mcap`), this.#options.compression);
  }

  #closeFile(file: McapFile): void {
    this.#file = undefined;
    const summary = summarise(file);
    this.#done.push(summary);
    const topics = this.#channels.filter(({ id }) => id !== undefined);
    const counts = topics.map(({ id }) => file.statistics.channelMessageCounts.get(id!) ?? 0n);
    const text = this.#metadata(topics, counts, [summary]);
    const closed = file.close({ name: 'rosbag2', metadata: new Map([['serialized_metadata', text]]) });
    const waiting = file.pending;
    this.#closingBytes += waiting;
    this.#size += file.size;
    const settled = closed
      .catch((error: Error) => {
        this.#error ??= error;
      })
      .finally(() => {
        this.#closingBytes -= waiting;
        this.#closing.delete(settled);
      });
    this.#closing.add(settled);
  }

  #metadata(channels: readonly Channel[], counts: readonly bigint[], files: readonly FileSummary[]): string {
    const topics = channels.map(({ topic }) => topic);
    return bagMetadata(topics, counts, files, this.#options.distribution);
  }

  /** Replaces metadata.yaml in one go: a crash leaves the old one or the new one. */
  #writeMetadata(): void {
    const current = this.#file === undefined ? [] : [summarise(this.#file)];
    const counts = this.#channels.map(({ messages }) => messages);
    const path = join(this.directory, 'metadata.yaml');
    try {
      writeFileSync(`${path}.new`, this.#metadata(this.#channels, counts, [...this.#done, ...current]));
      renameSync(`${path}.new`, path);
    } catch (error) {
      this.#error ??= error as Error;
    }
  }
}

function summarise({ path, statistics }: McapFile): FileSummary {
  const { messageStartTime: start, messageEndTime: end, messageCount: messages } = statistics;
  return { name: basename(path), start, duration: end - start, messages };
}
