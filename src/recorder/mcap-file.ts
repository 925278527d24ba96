import { closeSync, openSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { McapChunkBuilder, type McapConstants, McapRecordBuilder, type McapTypes } from '@mcap/core';
import type { Compression } from './compression.js';

const writeFile = promisify(write);

type GroupOpcode = (typeof McapConstants.Opcode)[keyof typeof McapConstants.Opcode];
/** Records of the summary, as the MCAP specification numbers them. */
const Group = {
  schema: 0x03,
  channel: 0x04,
  chunkIndex: 0x08,
  statistics: 0x0b,
  metadataIndex: 0x0d,
} as const satisfies Record<string, GroupOpcode>;

/** Bytes of a footer record before its checksum: opcode, length, two offsets. */
const FOOTER_PREFIX = 25;

/**
 * An MCAP file that is being written. Differs from the writer of @mcap/core in that a chunk can be closed at any time,
 * which is what a file that is cut off is readable up to, and that nobody has to wait for the disk: what is not yet
 * written is counted in `pending`.
 */
export class McapFile {
  readonly path: string;
  readonly statistics: McapTypes.Statistics = {
    messageCount: 0n,
    schemaCount: 0,
    channelCount: 0,
    attachmentCount: 0,
    metadataCount: 0,
    chunkCount: 0,
    messageStartTime: 0n,
    messageEndTime: 0n,
    channelMessageCounts: new Map(),
  };
  readonly #file: number;
  readonly #compression: Compression;
  readonly #records = new McapRecordBuilder();
  readonly #chunk = new McapChunkBuilder({ useMessageIndex: true });
  readonly #schemas: McapTypes.Schema[] = [];
  readonly #channels: McapTypes.Channel[] = [];
  readonly #chunkIndices: McapTypes.ChunkIndex[] = [];
  readonly #metadataIndices: McapTypes.MetadataIndex[] = [];
  #position = 0;
  #checksum = 0;
  #pending = 0;
  #written: Promise<void> = Promise.resolve();
  #error: Error | undefined;

  /** Creates the file. @throws Error where it exists or cannot be created */
  constructor(path: string, compression: Compression) {
    this.path = path;
    this.#compression = compression;
    this.#file = openSync(path, 'wx');
    this.#records.writeMagic();
    this.#records.writeHeader({ profile: 'ros2', library: 'cosmos_humanoid' });
    this.#output();
  }

  /** Bytes handed to the disk, or waiting for it. */
  get size(): number {
    return this.#position;
  }

  /** Bytes in the open chunk, unpacked. */
  get chunkSize(): number {
    return this.#chunk.byteLength;
  }

  /** Bytes that wait for the disk. */
  get pending(): number {
    return this.#pending;
  }

  /** Why nothing can be written any more. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** @param text the definition, with those of nested types @returns id */
  addSchema(name: string, text: string): number {
    const schema = { id: this.#schemas.length + 1, name, encoding: 'ros2msg', data: Buffer.from(text) };
    this.#schemas.push(schema);
    this.#chunk.addSchema(schema);
    this.statistics.schemaCount++;
    return schema.id;
  }

  /** @returns id */
  addChannel(schemaId: number, topic: string, metadata: ReadonlyMap<string, string>): number {
    const id = this.#channels.length;
    const channel = { id, schemaId, topic, messageEncoding: 'cdr', metadata: new Map(metadata) };
    this.#channels.push(channel);
    this.#chunk.addChannel(channel);
    this.statistics.channelCount++;
    return id;
  }

  /** Takes a message into the open chunk. @param time ns since the epoch */
  addMessage(channelId: number, sequence: number, time: bigint, data: Uint8Array): void {
    const { statistics } = this;
    if (statistics.messageCount === 0n || time < statistics.messageStartTime) statistics.messageStartTime = time;
    if (time > statistics.messageEndTime) statistics.messageEndTime = time;
    statistics.messageCount++;
    const count = statistics.channelMessageCounts.get(channelId) ?? 0n;
    statistics.channelMessageCounts.set(channelId, count + 1n);
    this.#chunk.addMessage({ channelId, sequence, logTime: time, publishTime: time, data });
  }

  /** Closes the open chunk, if there is anything in it, and hands it to the disk. */
  closeChunk(): void {
    const chunk = this.#chunk;
    if (chunk.numMessages === 0) return;
    const bytes = chunk.buffer;
    const { messageStartTime, messageEndTime } = chunk;
    const { name: compression, pack } = this.#compression;
    const records = pack(bytes);
    const sizes = { uncompressedSize: BigInt(bytes.length), compression };
    const times = { messageStartTime, messageEndTime };
    const chunkStartOffset = BigInt(this.#position);
    const chunkLength = this.#records.writeChunk({ ...times, ...sizes, uncompressedCrc: crc32(bytes), records });
    const messageIndexOffsets = new Map<number, bigint>();
    const messageIndexStart = chunkStartOffset + chunkLength;
    let messageIndexLength = 0n;
    for (const index of chunk.indices) {
      messageIndexOffsets.set(index.channelId, messageIndexStart + messageIndexLength);
      messageIndexLength += this.#records.writeMessageIndex(index);
    }
    this.#chunkIndices.push({
      ...times,
      ...sizes,
      chunkStartOffset,
      chunkLength,
      messageIndexOffsets,
      messageIndexLength,
      compressedSize: BigInt(records.length),
    });
    this.statistics.chunkCount++;
    chunk.reset();
    this.#output();
  }

  /** Writes what remains, summary and index; then the file is complete. Rejects where it could not all be written. */
  async close(metadata: McapTypes.Metadata): Promise<void> {
    this.closeChunk();
    const offset = BigInt(this.#position);
    const length = this.#records.writeMetadata(metadata);
    this.#metadataIndices.push({ name: metadata.name, offset, length });
    this.statistics.metadataCount++;
    this.#output();
    this.#records.writeDataEnd({ dataSectionCrc: this.#checksum });
    this.#output();
    this.#writeSummary();
    await this.#written;
    closeSync(this.#file);
    if (this.#error !== undefined) throw this.#error;
  }

  #writeSummary(): void {
    const records = this.#records;
    const summaryStart = BigInt(this.#position);
    const offsets: McapTypes.SummaryOffset[] = [];
    const group = (groupOpcode: GroupOpcode, writeGroup: () => void) => {
      const groupStart = summaryStart + BigInt(records.length);
      writeGroup();
      const groupLength = summaryStart + BigInt(records.length) - groupStart;
      if (groupLength > 0n) offsets.push({ groupOpcode, groupStart, groupLength });
    };
    group(Group.schema, () => {
      for (const schema of this.#schemas) records.writeSchema(schema);
    });
    group(Group.channel, () => {
      for (const channel of this.#channels) records.writeChannel(channel);
    });
    group(Group.statistics, () => records.writeStatistics(this.statistics));
    group(Group.metadataIndex, () => {
      for (const index of this.#metadataIndices) records.writeMetadataIndex(index);
    });
    group(Group.chunkIndex, () => {
      for (const index of this.#chunkIndices) records.writeChunkIndex(index);
    });
    const summaryOffsetStart = summaryStart + BigInt(records.length);
    for (const offset of offsets) records.writeSummaryOffset(offset);

    // The checksum covers the summary and the footer up to the checksum itself.
    const footer = new McapRecordBuilder();
    footer.writeFooter({ summaryStart, summaryOffsetStart, summaryCrc: 0 });
    const summaryCrc = crc32(footer.buffer.subarray(0, FOOTER_PREFIX), crc32(records.buffer));
    records.writeFooter({ summaryStart, summaryOffsetStart, summaryCrc });
    records.writeMagic();
    this.#output();
  }

  /** Hands the records made so far to the disk, after those before. */
  #output(): void {
    const bytes = this.#records.buffer;
    this.#records.reset();
    this.#position += bytes.length;
    this.#checksum = crc32(bytes, this.#checksum);
    this.#pending += bytes.length;
    this.#written = this.#written.then(async () => {
      try {
        for (let at = 0; at < bytes.length && this.#error === undefined; ) {
          const { bytesWritten } = await writeFile(this.#file, bytes, at, bytes.length - at);
          at += bytesWritten;
        }
      } catch (error) {
        this.#error ??= new Error(`${this.path}: ${(error as Error).message}`);
      } finally {
        this.#pending -= bytes.length;
      }
    });
  }
}
