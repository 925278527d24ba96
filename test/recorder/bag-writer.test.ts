import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { bagFiles, summariseBag } from '../../src/recorder/bag-reader.js';
import { uncompressed, zstd } from '../../src/recorder/compression.js';
import { encode, Folder, MILLISECOND, NUMBERS, numbers, readAll, START, TEXT } from './bag-fixture.js';

const PYTHON = resolve('.ros/test-venv/bin/python3');

/** What other people's readers find in a bag. */
function askPeers(bag: string) {
  const { error, status, stdout, stderr } = spawnSync(PYTHON, ['-I', resolve('test/recorder/peers/read_bag.py'), bag]);
  if (error !== undefined) throw new Error(`${error.message}: run npm test once, it installs rosbags`);
  expect(status, stderr.toString()).to.equal(0);
  return JSON.parse(stdout.toString());
}

describe('BagWriter', () => {
  let folder: Folder;
  beforeEach(() => {
    folder = new Folder();
  });
  afterEach(() => folder.remove());

  for (const compression of ['zstd', 'none']) {
    it(`writes bags that rosbags and mcap-ros2-support read to the last byte, compression ${compression}`, async () => {
      const bag = await folder.record({ compression: compression === 'zstd' ? await zstd() : uncompressed });
      const handles = [bag.addTopic(TEXT), bag.addTopic(NUMBERS), bag.addTopic({ ...TEXT, name: '/silent' })];
      const checksums = [0, 0];
      const put = (topic: 0 | 1, time: bigint, data: Uint8Array) => {
        bag.write(handles[topic]!, time, data);
        checksums[topic] = crc32(data, checksums[topic]);
      };
      for (let i = 0; i < 200; i++) {
        const time = START + BigInt(i) * 10n * MILLISECOND;
        put(1, time, numbers(2000 + i, i));
        if (i % 50 === 0) put(0, time + 1n, encode(TEXT, { data: `step ${i} of a péché mignon` }));
      }
      await bag.close();
      expect(bag.status).to.include({ messages: 204, dropped: 0, files: 1, pending: 0, error: undefined });
      expect(bag.status.size).to.equal(statSync(bagFiles(folder.bag)[0]!).size);

      const topics = {
        '/instruction': { type: TEXT.type, messages: 4, checksum: checksums[0] },
        '/numbers': { type: NUMBERS.type, messages: 200, checksum: checksums[1] },
      };
      const { rosbags, mcap, metadata } = askPeers(folder.bag);
      expect(rosbags).to.deep.equal(topics);
      expect(mcap).to.deep.equal(topics);
      expect(metadata).to.deep.equal({
        messages: 204,
        start: String(START),
        duration: Number(1990n * MILLISECOND) + 1,
        files: ['bag_0.mcap'],
        qos: {
          '/instruction': [['RELIABLE', 'TRANSIENT_LOCAL']],
          '/numbers': [
            ['BEST_EFFORT', 'VOLATILE'],
            ['RELIABLE', 'VOLATILE'],
          ],
          '/silent': [['RELIABLE', 'TRANSIENT_LOCAL']],
        },
        hashes: { '/instruction': TEXT.typeHash, '/numbers': '', '/silent': TEXT.typeHash },
      });
    });
  }

  it('splits by size: no message is lost, and each file stands on its own', async () => {
    const bag = await folder.record({ splitSize: 3 * 2 ** 20 });
    const handle = bag.addTopic(NUMBERS);
    const written: Uint8Array[] = [];
    for (let i = 0; i < 100; i++) {
      const data = numbers(16_000, i);
      written.push(data);
      bag.write(handle, START + BigInt(i), data);
      await new Promise((done) => setImmediate(done));
    }
    await bag.close();
    const files = bagFiles(folder.bag);
    expect(files.length).to.be.within(3, 6);
    for (const file of files.slice(0, -1)) expect(statSync(file).size).to.be.within(3 * 2 ** 20, 5 * 2 ** 20);
    const read = await readAll(folder.bag);
    expect(read.map(({ data }) => Buffer.compare(data, written.shift()!))).to.deep.equal(Array(100).fill(0));
    const { rosbags, mcap, metadata } = askPeers(folder.bag);
    expect(rosbags).to.deep.equal(mcap);
    expect(metadata).to.include({ messages: 100 });
    expect(metadata.files).to.have.length(files.length);
    for (const file of files) expect((await summariseBag(file)).topics).to.have.length(1);
  });

  it('splits by time and when it is told to', async () => {
    const bag = await folder.record({ splitDuration: 2 });
    const handle = bag.addTopic(TEXT);
    for (let i = 0; i < 50; i++) {
      const time = START + BigInt(i) * 100n * MILLISECOND;
      bag.write(handle, time, encode(TEXT, { data: String(i) }));
      bag.tick(time);
    }
    bag.split();
    bag.write(handle, START + 5000n * MILLISECOND, encode(TEXT, { data: '50' }));
    await bag.close();
    const counts = await Promise.all(bagFiles(folder.bag).map(async (file) => (await summariseBag(file)).messages));
    expect(counts).to.deep.equal([22, 22, 6, 1]);
    expect(await summariseBag(folder.bag)).to.include({ messages: 51, start: START, end: START + 5000n * MILLISECOND });
  });

  it('closes chunks in time, so that what was recorded can be read while the recording goes on', async () => {
    const bag = await folder.record();
    const handle = bag.addTopic(TEXT);
    bag.write(handle, START, encode(TEXT, { data: 'first' }));
    bag.tick(START + 999n * MILLISECOND);
    bag.write(handle, START + 1n, encode(TEXT, { data: 'second' }));
    expect(await readAll(folder.bag)).to.have.length(0);
    bag.tick(START + 1000n * MILLISECOND);
    bag.write(handle, START + 1001n * MILLISECOND, encode(TEXT, { data: 'third' }));
    while (bag.status.pending > 0) await new Promise((done) => setImmediate(done));
    const cutOff: string[] = [];
    expect(await readAll(folder.bag, (file) => cutOff.push(file))).to.have.length(2);
    expect(cutOff).to.deep.equal(bagFiles(folder.bag));
    await bag.close();
    expect(await readAll(folder.bag)).to.have.length(3);
  });

  it('drops and counts what would need more memory than allowed, and goes on when the disk has caught up', async () => {
    const bag = await folder.record({ memoryLimit: 2 ** 21, compression: uncompressed });
    const handle = bag.addTopic(NUMBERS);
    // Nothing reaches the disk while this loop does not pause.
    for (let i = 0; i < 100; i++) bag.write(handle, START + BigInt(i), numbers(10_000, i));
    const { messages, dropped, pending } = bag.status;
    expect(messages + dropped).to.equal(100);
    expect(dropped).to.be.within(70, 80);
    expect(pending).to.be.at.most(2 ** 21);
    while (bag.status.pending > 0) await new Promise((done) => setImmediate(done));
    bag.write(handle, START + 100n, numbers(10_000, 100));
    await bag.close();
    expect(bag.status).to.include({ dropped, messages: messages + 1 });
    expect(await readAll(folder.bag)).to.have.length(messages + 1);
  });

  it('says why nothing can be written any more', async () => {
    const bag = await folder.record();
    const { path, remove } = { path: folder.bag, remove: () => folder.remove() };
    const handle = bag.addTopic(TEXT);
    remove();
    bag.split();
    expect(bag.status.error?.message).to.match(/ENOENT.*bag_1\.mcap/);
    bag.write(handle, START, encode(TEXT, { data: 'lost' }));
    let message = '';
    await bag.close().catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.match(/ENOENT/);
    expect(existsSync(path)).to.equal(false);
    folder = new Folder();
  });

  it('does not write into a bag that exists', async () => {
    await (await folder.record()).close();
    const before = readFileSync(join(folder.bag, 'metadata.yaml'));
    let message = '';
    await folder.record().catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.match(/EEXIST/);
    expect(Buffer.compare(readFileSync(join(folder.bag, 'metadata.yaml')), before)).to.equal(0);
    expect(await summariseBag(folder.bag)).to.include({ messages: 0, start: 0n, end: 0n });
  });
});
