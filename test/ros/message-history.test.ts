import { expect } from 'chai';
import { Codec } from '../../src/ros/codec.js';
import { MessageHistory } from '../../src/ros/message-history.js';

describe('MessageHistory', () => {
  const codec = new Codec('sensor_msgs/msg/JointState');

  /** A history of messages at 1.00, 1.01 … s; each has its number as its position. */
  function filled(count: number, length: number): MessageHistory<'sensor_msgs/msg/JointState'> {
    const history = new MessageHistory(codec, length);
    for (let k = 0; k < count; k++) {
      const stamp = { sec: 1, nanosec: k * 10_000_000 };
      history.push(Buffer.from(codec.encode({ header: { stamp }, position: [k] })));
    }
    return history;
  }

  it('gives the message nearest in time', () => {
    const history = filled(10, 20);
    expect(history.nearest(1.034, 0.02)?.position[0]).to.equal(3);
    expect(history.nearest(1.036, 0.02)?.position[0]).to.equal(4);
    expect(history.nearest(0.99, 0.02)?.position[0]).to.equal(0);
    expect(history.newest).to.be.closeTo(1.09, 1e-9);
  });

  it('gives none where none is near enough, or nothing came', () => {
    expect(filled(10, 20).nearest(1.2, 0.02)).to.equal(undefined);
    expect(filled(0, 20).nearest(1, 0.02)).to.equal(undefined);
  });

  it('forgets the oldest', () => {
    expect(filled(10, 3).nearest(1, 1)?.position[0]).to.equal(7);
  });

  it('passes over bytes that are no such message', () => {
    const history = new MessageHistory(codec, 3);
    history.push(Buffer.from([0, 1, 0]));
    history.push(Buffer.concat([Buffer.from([0, 1, 0, 0, 1, 0, 0, 0]), Buffer.alloc(4), Buffer.alloc(8, 0xff)]));
    expect(history.nearest(1, 1)).to.equal(undefined);
  });
});
