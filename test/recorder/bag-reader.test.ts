import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { McapWriter } from '@mcap/core';
import { expect } from 'chai';
import { bagFiles, summariseBag } from '../../src/recorder/bag-reader.js';
import { encode, Folder, MILLISECOND, NUMBERS, numbers, readAll, START, TEXT } from './bag-fixture.js';

describe('readBag', () => {
  let folder: Folder;
  let file: string;
  /** Of the file. */
  let bytes: Buffer;

  beforeEach(async () => {
    folder = new Folder();
    const bag = await folder.record();
    const [text, number] = [bag.addTopic(TEXT), bag.addTopic(NUMBERS)];
    for (let i = 0; i < 30; i++) {
      const time = START + BigInt(i) * 100n * MILLISECOND;
      bag.write(text, time, encode(TEXT, { data: `message ${i}` }));
      bag.write(number, time + 1n, numbers(10_000, i));
    }
    await bag.close();
    file = bagFiles(folder.bag)[0]!;
    bytes = readFileSync(file);
  });
  afterEach(() => folder.remove());

  /** The message of the error that reading ends with. */
  const failure = async (path: string) => {
    try {
      await readAll(path);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error(`${path} was read without an error`);
  };

  it('gives messages in order, with topic, type, quality of service, time and bytes', async () => {
    const messages = await readAll(folder.bag);
    expect(messages).to.have.length(60);
    const { topic, time, data } = messages[10]!;
    expect(topic).to.deep.equal({
      name: '/instruction',
      type: 'std_msgs/msg/String',
      definition: TEXT.definition,
      qos: { reliability: 'reliable', durability: 'transient_local', depth: 0 },
      unreadable: '',
    });
    expect(time).to.equal(START + 500n * MILLISECOND);
    expect(Buffer.compare(data, encode(TEXT, { data: 'message 5' }))).to.equal(0);
    expect(messages[11]!.topic.qos).to.include({ reliability: 'best_effort', durability: 'volatile' });
    expect(await readAll(file)).to.deep.equal(messages);
  });

  it('tells what is in a bag, from its index or without', async () => {
    const summary = await summariseBag(folder.bag);
    expect(summary.topics.map(({ name, messages }) => [name, messages])).to.deep.equal([
      ['/instruction', 30],
      ['/numbers', 30],
    ]);
    expect(summary).to.include({ messages: 60, start: START, end: START + 2900n * MILLISECOND + 1n });
    expect(summary.cutOff).to.deep.equal([]);
    truncateSync(file, bytes.length - 1);
    expect(await summariseBag(folder.bag)).to.deep.equal({ ...summary, cutOff: [file] });
  });

  it('reads a file that was cut off anywhere to its last whole chunk, and says so', async () => {
    const whole = await readAll(file);
    let most = 0;
    for (let length = 9; length < bytes.length; length += Math.ceil(bytes.length / 61)) {
      writeFileSync(file, bytes.subarray(0, length));
      const cutOff: string[] = [];
      const read = await readAll(file, (name) => cutOff.push(name));
      expect(read).to.deep.equal(whole.slice(0, read.length));
      expect(read.length).to.be.at.least(most);
      most = read.length;
      expect(cutOff).to.deep.equal([file]);
    }
    expect(most).to.be.within(40, whole.length);
  });

  it('names the file that is damaged, and where', async () => {
    bytes[Math.round(bytes.length / 2)]! ^= 0xff;
    writeFileSync(file, bytes);
    expect(await failure(folder.bag)).to.match(/bag_0\.mcap is damaged after \d+ messages: .+/);
  });

  it('refuses a record that is impossibly long, without the memory for it', async () => {
    const record = Buffer.alloc(9 + 2 ** 21);
    record[0] = 0x06;
    record.writeBigUInt64LE(2n ** 60n, 1);
    const header = 8 + 9 + Number(bytes.readBigUInt64LE(9));
    writeFileSync(file, Buffer.concat([bytes.subarray(0, header), record]));
    expect(await failure(file)).to.match(/damaged after 0 messages: .*too large/);
  });

  it('refuses what is no bag', async () => {
    const at = (name: string, content: string | Uint8Array) => {
      const path = join(folder.path, name);
      writeFileSync(path, content);
      return path;
    };
    expect(await failure(at('text.mcap', 'name: value\n'.repeat(100)))).to.match(/text\.mcap is no MCAP file/);
    expect(await failure(at('empty.mcap', ''))).to.match(/empty\.mcap is empty/);
    expect(await failure(join(folder.path, 'none'))).to.match(/there is no bag .*none/);
    mkdirSync(join(folder.path, 'folder'));
    expect(await failure(join(folder.path, 'folder'))).to.match(/folder holds no \.mcap file/);
    copyFileSync(file, join(folder.path, 'folder', 'other.mcap'));
    expect(await readAll(join(folder.path, 'folder'))).to.have.length(60);
  });

  it('tells topics whose messages are not those of ROS 2 from the others', async () => {
    const chunks: Uint8Array[] = [];
    let position = 0n;
    const writer = new McapWriter({
      writable: {
        write: async (chunk) => {
          chunks.push(chunk.slice());
          position += BigInt(chunk.length);
        },
        position: () => position,
      },
    });
    await writer.start();
    const schemaId = await writer.registerSchema({ name: 'text', encoding: 'jsonschema', data: Buffer.from('{}') });
    const channel = { schemaId, topic: '/notes', messageEncoding: 'json', metadata: new Map() };
    const channelId = await writer.registerChannel(channel);
    await writer.addMessage({ channelId, sequence: 0, logTime: 1n, publishTime: 1n, data: Buffer.from('{}') });
    await writer.end();
    writeFileSync(file, Buffer.concat(chunks));
    const { topics } = await summariseBag(file);
    expect(topics[0]).to.include({ name: '/notes', messages: 1 });
    expect(topics[0]!.unreadable).to.match(/encoded as json with schema jsonschema; only cdr/);
    expect((await readAll(file))[0]!.topic.unreadable).to.equal(topics[0]!.unreadable);
  });
});
