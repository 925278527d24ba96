import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { readConsistent, SequenceLock } from '../../src/control/sequence-lock.js';

describe('SequenceLock', () => {
  it('gives up while a write is unfinished, and reads when it is done', () => {
    const lock = new SequenceLock(new Int32Array(new SharedArrayBuffer(4)), 0);
    let copies = 0;
    const copy = () => {
      copies++;
    };
    lock.beginWrite();
    expect(readConsistent(lock, copy)).to.equal(-1);
    expect(copies).to.equal(0);
    lock.endWrite();
    expect(readConsistent(lock, copy)).to.equal(2);
    expect(copies).to.equal(1);
  });

  it('never lets a torn copy through while another thread writes', async () => {
    const memory = new SharedArrayBuffer(8 + 8 * 64);
    const words = new Int32Array(memory, 0, 2);
    const data = new Float64Array(memory, 8);
    const module = new URL('../../src/control/sequence-lock.js', import.meta.url).href;
    const writer = new Worker(
      `const { workerData } = require('node:worker_threads');
       import(workerData.module).then(({ SequenceLock }) => {
         const words = new Int32Array(workerData.memory, 0, 2);
         const data = new Float64Array(workerData.memory, 8);
         const lock = new SequenceLock(words, 0);
         for (let n = 1; Atomics.load(words, 1) === 0; n++) { lock.beginWrite(); data.fill(n); lock.endWrite(); for (let i = 0; i < 500; i++); }
       });`,
      { eval: true, workerData: { memory, module } },
    );
    const lock = new SequenceLock(words, 0);
    const copy = new Float64Array(64);
    let consistent = 0;
    const until = Date.now() + 2000;
    while (consistent < 300 && Date.now() < until) {
      if (readConsistent(lock, () => copy.set(data)) <= 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      consistent++;
      expect(new Set(copy).size).to.equal(1);
    }
    Atomics.store(words, 1, 1);
    await new Promise((resolve) => writer.once('exit', resolve));
    expect(consistent).to.be.greaterThan(10);
  }).timeout(8000);
});
