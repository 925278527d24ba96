import { expect } from 'chai';
import { Codec } from '../../src/ros/codec.js';

const JOINTS = 75;

describe('Codec', () => {
  it('reads back what it wrote, numeric arrays as typed arrays', () => {
    const codec = new Codec('sensor_msgs/msg/JointState');
    const position = Float64Array.from({ length: JOINTS }, (_, j) => j / 7);
    const bytes = codec.encode({
      header: { stamp: { sec: 5, nanosec: 7 }, frame_id: 'base_link' },
      name: ['a', 'bc'],
      position,
      velocity: [1, 2],
    });
    const message = codec.decode(bytes);
    expect(message.header).to.deep.equal({ stamp: { sec: 5, nanosec: 7 }, frame_id: 'base_link' });
    expect(message.name).to.deep.equal(['a', 'bc']);
    expect(message.position).to.deep.equal(position);
    expect(message.velocity).to.deep.equal(Float64Array.of(1, 2));
    expect(message.effort).to.have.length(0);
  });

  it('keeps text that is not ASCII, nested and in arrays too', () => {
    const text = new Codec('std_msgs/msg/String');
    expect(text.decode(text.encode({ data: 'Tasse auf Größe 杯子 🤖' })).data).to.equal('Tasse auf Größe 杯子 🤖');
    const state = new Codec('cosmos_humanoid/msg/ControllerState');
    const message = state.decode(
      state.encode({ header: { frame_id: 'ä' }, stop_causes: ['plain', 'ö', ''], hardware: 'x' }),
    );
    expect(message.header.frame_id).to.equal('ä');
    expect(message.stop_causes).to.deep.equal(['plain', 'ö', '']);
    expect(message.hardware).to.equal('x');
  });

  it('leaves the message that it is given as it was', () => {
    const codec = new Codec('std_msgs/msg/Header');
    const message = { stamp: { sec: 1, nanosec: 2 }, frame_id: 'ü' };
    codec.encode(message);
    expect(message).to.deep.equal({ stamp: { sec: 1, nanosec: 2 }, frame_id: 'ü' });
  });

  it('fills what is left out with zeros', () => {
    const codec = new Codec('cosmos_humanoid/msg/ControllerState');
    const message = codec.decode(codec.encode({ mode: 2 }));
    expect(message.mode).to.equal(2);
    expect(message.position).to.deep.equal(new Float64Array(JOINTS));
    expect(message.timing.cycles).to.equal(0n);
  });

  it('reads images without copying them', () => {
    const codec = new Codec('sensor_msgs/msg/Image');
    const bytes = Buffer.from(
      codec.encode({ height: 2, width: 2, encoding: 'rgb8', step: 6, data: new Uint8Array(12) }),
    );
    expect(codec.decode(bytes).data.buffer).to.equal(bytes.buffer);
  });

  it('names a fixed array of the wrong length', () => {
    const codec = new Codec('cosmos_humanoid/msg/ControllerState');
    expect(() => codec.encode({ position: [1, 2, 3] })).to.throw(/75 items.*position.*3/);
  });

  it('refuses bytes that are cut off or claim more than they have', () => {
    const codec = new Codec('sensor_msgs/msg/JointState');
    const bytes = Buffer.from(codec.encode({ name: ['joint'], position: new Float64Array(JOINTS) }));
    expect(() => codec.decode(bytes.subarray(0, 100))).to.throw();
    expect(() => codec.decode(Buffer.alloc(2))).to.throw();
    const greedy = Buffer.from(codec.encode({ position: new Float64Array(JOINTS) }));
    greedy.writeUInt32LE(0xffffffff, greedy.indexOf(Uint8Array.of(JOINTS, 0, 0, 0)));
    expect(() => codec.decode(greedy)).to.throw();
  });

  it('says that a type is not installed', () => {
    expect(() => new Codec('sensor_msgs/msg/JointStat' as 'sensor_msgs/msg/JointState')).to.throw(
      /"sensor_msgs\/msg\/JointStat" is not installed/,
    );
  });
});
