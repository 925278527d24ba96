import { expect } from 'chai';
import { CYCLE_RING_CAPACITY, CycleRing, cycleRingSize } from '../../src/control/cycle-ring.js';
import { createRobotState } from '../../src/control/hardware.js';
import { Codec } from '../../src/ros/codec.js';
import { CycleCollector, CycleReader } from '../../src/ros/cycle-messages.js';
import { toStamp } from '../../src/ros/time.js';

describe('ControllerCycles', () => {
  const names = ['a', 'b', 'c', 'd'];
  const codec = new Codec('cosmos_humanoid/msg/ControllerCycles');
  const words = new Int32Array(new SharedArrayBuffer(4));
  const ring = new CycleRing(words, 0, new Float64Array(new SharedArrayBuffer(8 * cycleRingSize(4))), 4);
  const collector = new CycleCollector(ring, names, Int32Array.of(3, 1));
  const state = createRobotState(4);
  let written = 0;

  const write = (cycles: number) => {
    for (let k = 0; k < cycles; k++, written++) {
      state.time = 1 + written * 1e-3;
      state.position.fill(written);
      state.velocity.fill(-written);
      state.angularVelocity.set([written, 1, 2]);
      state.rightFootWrench[2] = 10 * written;
      ring.write(state, 1e-3);
    }
  };
  const collect = () => {
    const message = collector.collect(toStamp, 'base_link');
    return message === undefined ? undefined : codec.decode(codec.encode(message));
  };

  it('carries every cycle once, from the loop to the reader', () => {
    expect(collect()).to.equal(undefined);
    write(10);
    const message = collect()!;
    expect(message.first_cycle).to.equal(0);
    expect(message.joint_names).to.deep.equal(['d', 'b']);
    expect(message.header).to.deep.include({ frame_id: 'base_link' });
    const read = createRobotState(4);
    const seen: number[][] = [];
    const reader = new CycleReader(names);
    reader.read(message, read, (index, elapsed) => {
      seen.push([
        index,
        read.time,
        elapsed,
        ...read.position,
        read.velocity[3],
        read.angularVelocity[0],
        read.rightFootWrench[2],
      ]);
    });
    expect(seen).to.have.length(10);
    expect(seen[4]).to.deep.equal([4, 1 + 4e-3, 1e-3, 0, 4, 0, 4, -4, 4, 40]);
    write(3);
    expect(collect()).to.deep.include({ first_cycle: 10 });
    write(5);
    collector.skip();
    write(2);
    expect(collect()).to.deep.include({ first_cycle: 18 });
  });

  it('says by the number of the first cycle which were lost', () => {
    write(200);
    const message = collect()!;
    expect(message.first_cycle + message.time.length).to.equal(written);
    expect(message.time.length).to.equal(CYCLE_RING_CAPACITY - 2);
  });

  it('refuses what does not fit together', () => {
    write(2);
    const message = collect()!;
    const reader = new CycleReader(names);
    const take = () => undefined;
    expect(() => reader.read({ ...message, velocity: message.velocity.slice(1) }, state, take)).to.throw(
      'velocity has 3 numbers, 2 cycles need 4',
    );
    expect(() => reader.read({ ...message, joint_names: ['d', 'tail'] }, state, take)).to.throw(
      "joint 'tail' is not the robot's",
    );
    expect(() => reader.read({ ...message, orientation: new Float64Array(7) }, state, take)).to.throw(
      'orientation has 7',
    );
  });
});
