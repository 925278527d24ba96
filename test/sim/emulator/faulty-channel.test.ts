import { expect } from 'chai';
import { FaultyChannel } from '../../../src/sim/emulator/faulty-channel.js';

const BYTES = 40;
const message = (value: number) => new Uint8Array(BYTES).fill(value);

/** What arrives by `now`. */
function drain(channel: FaultyChannel, now: number): number[][] {
  const all: number[][] = [];
  for (let bytes = channel.receive(now); bytes !== undefined; bytes = channel.receive(now)) all.push([...bytes]);
  return all;
}

describe('FaultyChannel', () => {
  it('passes messages on, in order', () => {
    const channel = new FaultyChannel(BYTES, 1);
    for (let k = 0; k < 5; k++) channel.send(message(k), 0);
    expect(drain(channel, 0).map(([first]) => first)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(channel.receive(1)).to.equal(undefined);
  });

  it('passes on how long a message was, up to one byte more than there should be', () => {
    const channel = new FaultyChannel(BYTES, 1);
    const lengths = [BYTES, 3, 0, BYTES + 1, 10 * BYTES];
    channel.faults.bitErrors = 1;
    for (const length of lengths) channel.send(new Uint8Array(length), 0);
    expect(drain(channel, 0).map(({ length }) => length)).to.deep.equal([BYTES, 3, 0, BYTES + 1, BYTES + 1]);
  });

  it('delays', () => {
    const channel = new FaultyChannel(BYTES, 1);
    channel.faults.latency = 0.01;
    channel.send(message(1), 5);
    expect(channel.receive(5.009)).to.equal(undefined);
    expect(channel.receive(5.0101)).to.deep.equal(message(1));
  });

  it('loses a share of the messages, the same ones for the same seed', () => {
    const arrived = [1, 1, 2].map((seed) => {
      const channel = new FaultyChannel(BYTES, seed);
      channel.faults.loss = 0.25;
      const values: (number | undefined)[] = [];
      for (let k = 0; k < 2000; k++) {
        channel.send(message(k & 0xff), k);
        values.push(channel.receive(k)?.[0]);
      }
      return values;
    });
    const count = arrived[0]!.filter((value) => value !== undefined).length;
    expect(count).to.be.within(1400, 1600);
    expect(arrived[1]).to.deep.equal(arrived[0]);
    expect(arrived[2]).to.not.deep.equal(arrived[0]);
  });

  it('turns one bit over, behind the encapsulation', () => {
    const channel = new FaultyChannel(BYTES, 7);
    channel.faults.bitErrors = 1;
    for (let k = 0; k < 200; k++) {
      channel.send(message(0), k);
      const bytes = channel.receive(k)!;
      expect([...bytes.subarray(0, 4)]).to.deep.equal([0, 0, 0, 0]);
      const ones = bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
      expect(ones).to.equal(1);
    }
  });

  it('overflows without growing', () => {
    const channel = new FaultyChannel(BYTES, 1);
    channel.faults.latency = 1;
    for (let k = 0; k < 1000; k++) channel.send(message(k & 0xff), 0);
    expect(drain(channel, 2)).to.have.length(256);
  });
});
