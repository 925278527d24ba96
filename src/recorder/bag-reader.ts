import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { McapIndexedReader, McapStreamReader, type McapTypes } from '@mcap/core';
import { decompressors } from './compression.js';
import { type QosProfile, readQos } from './qos-profile.js';

/** Bytes read at once. */
const BLOCK = 2 ** 20;
/** A record that claims to be longer is taken for damaged, bytes. */
const GREATEST_RECORD = 2 ** 29;

/** A topic of a bag. */
export interface BagTopic {
  readonly name: string;
  readonly type: string;
  /** Definition of the type, with those of nested types. */
  readonly definition: string;
  readonly qos: QosProfile;
  /** Why its messages cannot be understood; '' where they can. */
  readonly unreadable: string;
}

/** A message of a bag. */
export interface BagMessage {
  readonly topic: BagTopic;
  /** When it was recorded, ns since the epoch. */
  readonly time: bigint;
  /** CDR bytes, valid for as long as they are held. */
  readonly data: Uint8Array;
}

/** What is in a bag. */
export interface BagSummary {
  readonly topics: readonly (BagTopic & { readonly messages: number })[];
  /** ns since the epoch; 0 for a bag without messages. */
  readonly start: bigint;
  readonly end: bigint;
  readonly messages: number;
  /** Files that were cut off: they are read to their last whole chunk. */
  readonly cutOff: readonly string[];
}

/**
 * The files of a bag, in order.
 * @param path an MCAP file, or a directory with files NAME_0.mcap, NAME_1.mcap, …
 * @throws Error where there is none
 */
export function bagFiles(path: string): string[] {
  if (!existsSync(path)) throw new Error(`there is no bag ${path}`);
  if (!statSync(path).isDirectory()) return [path];
  const files = readdirSync(path).filter((name) => name.endsWith('.mcap'));
  if (files.length === 0) throw new Error(`${path} holds no .mcap file`);
  const number = (name: string) => Number(/(\d+)\.mcap$/.exec(name)?.[1] ?? 0);
  return files.sort((a, b) => number(a) - number(b)).map((name) => join(path, name));
}

/**
 * Reads the messages of a bag in the order in which they were recorded. A file that was cut off is read to its last
 * whole chunk.
 * @param path as for `bagFiles`
 * @param cutOff called with each file that was cut off
 * @throws Error that names the file, where it is no MCAP file or is damaged
 */
export async function* readBag(path: string, cutOff: (file: string) => void = () => {}): AsyncGenerator<BagMessage> {
  for (const file of bagFiles(path)) yield* readFile(file, cutOff);
}

async function* readFile(path: string, cutOff: (file: string) => void): AsyncGenerator<BagMessage> {
  const reader = new McapStreamReader({ decompressHandlers: await decompressors(), validateCrcs: true });
  const schemas = new Map<number, McapTypes.Schema>();
  const topics = new Map<number, BagTopic>();
  const stream = createReadStream(path, { highWaterMark: BLOCK });
  let read = 0;
  let messages = 0;
  try {
    for await (const block of stream) {
      reader.append(block as Buffer);
      read += (block as Buffer).length;
      for (;;) {
        const record = reader.nextRecord();
        if (record === undefined) break;
        if (record.type === 'Schema') schemas.set(record.id, record);
        else if (record.type === 'Channel') topics.set(record.id, describe(record, schemas));
        else if (record.type === 'Message') {
          messages++;
          yield { topic: topics.get(record.channelId)!, time: record.logTime, data: record.data };
        }
      }
      if (reader.bytesRemaining() > GREATEST_RECORD) throw new Error(`a record of more than ${GREATEST_RECORD} bytes`);
      if (reader.done()) break;
    }
  } catch (error) {
    const { message } = error as Error;
    if (/magic/i.test(message) && messages === 0 && read <= BLOCK) throw new Error(`${path} is no MCAP file`);
    throw new Error(`${path} is damaged after ${messages} messages: ${message}`);
  } finally {
    stream.destroy();
  }
  if (read === 0) throw new Error(`${path} is empty`);
  if (!reader.done()) cutOff(path);
}

function describe({ topic: name, schemaId, messageEncoding, metadata }: McapTypes.Channel, schemas: Schemas): BagTopic {
  const schema = schemas.get(schemaId);
  const qos = readQos(metadata.get('offered_qos_profiles'));
  if (messageEncoding !== 'cdr' || schema?.encoding !== 'ros2msg') {
    const encoding = `${messageEncoding || 'unknown'} with schema ${schema?.encoding || 'none'}`;
    const unreadable = `it is encoded as ${encoding}; only cdr with schema ros2msg can be read`;
    return { name, type: schema?.name ?? '', definition: '', qos, unreadable };
  }
  const definition = Buffer.from(schema.data).toString();
  return { name, type: schema.name, definition, qos, unreadable: '' };
}

type Schemas = ReadonlyMap<number, McapTypes.Schema>;

/**
 * Tells what is in a bag: from its index, or where that is missing by reading it.
 * @throws Error as `readBag`
 */
export async function summariseBag(path: string): Promise<BagSummary> {
  const topics = new Map<string, BagTopic & { messages: number }>();
  const cutOff: string[] = [];
  let [start, end, messages] = [0n, 0n, 0];
  const count = (topic: BagTopic, number: number) => {
    const entry = topics.get(topic.name) ?? { ...topic, messages: 0 };
    entry.messages += number;
    messages += number;
    topics.set(topic.name, entry);
  };
  const extend = (from: bigint, to: bigint) => {
    if (start === 0n || from < start) start = from;
    if (to > end) end = to;
  };
  for (const file of bagFiles(path)) {
    const index = await readIndex(file);
    if (index === undefined) {
      for await (const { topic, time } of readFile(file, (name) => cutOff.push(name))) {
        count(topic, 1);
        extend(time, time);
      }
    } else if (index.statistics.messageCount > 0n) {
      for (const [id, number] of index.statistics.channelMessageCounts) {
        count(describe(index.channels.get(id)!, index.schemas), Number(number));
      }
      extend(index.statistics.messageStartTime, index.statistics.messageEndTime);
    }
  }
  return { topics: [...topics.values()], start, end, messages, cutOff };
}

/** What the index of a file says; undefined where it has none that can be read. */
async function readIndex(path: string) {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const readable = {
      size: async () => BigInt(size),
      read: async (offset: bigint, length: bigint) => {
        const bytes = new Uint8Array(Number(length));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, Number(offset));
        if (bytesRead < bytes.length) throw new Error('the file is shorter than its index says');
        return bytes;
      },
    };
    const { statistics, channelsById, schemasById } = await McapIndexedReader.Initialize({ readable });
    return statistics && { statistics, channels: channelsById, schemas: schemasById };
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}
