import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from '@foxglove/rosmsg';
import { MessageWriter } from '@foxglove/rosmsg2-serialization';
import type { RecordedTopic } from '../../src/recorder/bag-metadata.js';
import { type BagMessage, readBag } from '../../src/recorder/bag-reader.js';
import { type BagOptions, BagWriter } from '../../src/recorder/bag-writer.js';
import { zstd } from '../../src/recorder/compression.js';

/** 2026-03-01 12:00 UTC, ns. */
export const START = 1_772_366_400_000_000_000n;
export const MILLISECOND = 1_000_000n;

const QOS = { reliability: 'best_effort', durability: 'volatile', depth: 0 } as const;

export const TEXT: RecordedTopic = {
  name: '/instruction',
  type: 'std_msgs/msg/String',
  definition: 'string data\n',
  typeHash: 'RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18',
  offeredQos: [{ reliability: 'reliable', durability: 'transient_local', depth: 0 }],
};

export const NUMBERS: RecordedTopic = {
  name: '/numbers',
  type: 'test_msgs/msg/Numbers',
  definition: [
    'test_msgs/Part[] parts\nfloat64[<=3] bounded\nuint8[3] fixed\n',
    'MSG: test_msgs/Part\nuint8 KIND=3 # of part\nfloat64[] values\nbool whole true\n',
  ].join(`${'='.repeat(80)}\n`),
  typeHash: '',
  offeredQos: [QOS, { ...QOS, reliability: 'reliable' }],
};

const writers = new Map<string, MessageWriter>();

/** The CDR bytes of a message. */
export function encode({ type, definition }: RecordedTopic, message: unknown): Uint8Array {
  let writer = writers.get(type);
  if (writer === undefined) {
    writer = new MessageWriter(parse(definition, { ros2: true }));
    writers.set(type, writer);
  }
  return writer.writeMessage(message);
}

/** A message of NUMBERS with `count` numbers that do not compress well. */
export function numbers(count: number, seed: number): Uint8Array {
  const values = Float64Array.from({ length: count }, (_, i) => Math.sin((i + 1) * (seed + 0.1) * 1e4));
  const bounded = Float64Array.of(seed);
  return encode(NUMBERS, { parts: [{ values, whole: true }], bounded, fixed: Uint8Array.of(1, 2, seed % 256) });
}

/** A folder of the test's own. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'bag-'));
  readonly bag = join(this.path, 'bag');

  /** A bag in it. */
  async record(options: Partial<BagOptions> = {}): Promise<BagWriter> {
    return new BagWriter(this.bag, {
      splitSize: 0,
      splitDuration: 0,
      memoryLimit: 2 ** 26,
      compression: await zstd(),
      distribution: 'jazzy',
      ...options,
    });
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

/** All messages of a bag. */
export async function readAll(path: string, cutOff?: (file: string) => void): Promise<BagMessage[]> {
  const messages: BagMessage[] = [];
  for await (const message of readBag(path, cutOff)) messages.push(message);
  return messages;
}
