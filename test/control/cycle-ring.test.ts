import { expect } from 'chai';
import { CYCLE_RING_CAPACITY, CycleRing, createMeasuredCycle, cycleRingSize } from '../../src/control/cycle-ring.js';
import { createRobotState } from '../../src/control/hardware.js';

describe('CycleRing', () => {
  const joints = 3;
  const words = new Int32Array(new SharedArrayBuffer(16));
  const doubles = new Float64Array(new SharedArrayBuffer(8 * cycleRingSize(joints)));
  const [writer, reader] = [new CycleRing(words, 2, doubles, joints), new CycleRing(words, 2, doubles, joints)];
  const state = createRobotState(joints);
  const out = createMeasuredCycle(joints);

  const write = (cycle: number) => {
    state.time = cycle;
    let next = cycle;
    for (const vector of [state.position, state.velocity, state.orientation, state.angularVelocity]) {
      for (let k = 0; k < vector.length; k++) vector[k] = next++;
    }
    for (const vector of [state.linearAcceleration, state.leftFootWrench, state.rightFootWrench]) {
      for (let k = 0; k < vector.length; k++) vector[k] = next++;
    }
    writer.write(state, 0.001 * cycle);
  };

  it('gives back what was measured, for as long as it is there', () => {
    expect(reader.read(0, out)).to.equal(false);
    for (let cycle = 0; cycle < 200; cycle++) {
      write(cycle);
      expect(reader.count).to.equal(cycle + 1);
      expect(reader.read(cycle + 1, out)).to.equal(false);
      expect(reader.read(cycle, out)).to.equal(true);
      expect(out.elapsed).to.equal(0.001 * cycle);
      const { effort: _, ...measured } = out.state;
      const { effort: __, ...expected } = state;
      expect(measured).to.deep.equal(expected);
    }
    expect(reader.read(200 - CYCLE_RING_CAPACITY, out)).to.equal(false);
    expect(reader.read(201 - CYCLE_RING_CAPACITY, out)).to.equal(true);
    expect(out.state.time).to.equal(201 - CYCLE_RING_CAPACITY);
  });
});
