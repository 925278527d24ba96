import { expect } from 'chai';
import { createJointCommand, createRobotState } from '../../src/control/hardware.js';
import { MockHardware } from '../../src/control/mock-hardware.js';
import { makeParameters } from './joint-parameters-fixture.js';

describe('MockHardware', () => {
  it('follows the command with a first-order lag, and stands upright', () => {
    const hardware = new MockHardware(makeParameters(1), { timeConstant: 0.02 });
    const state = createRobotState(1);
    const command = createJointCommand(1);
    hardware.activate(state);
    expect([...state.linearAcceleration]).to.deep.equal([0, 0, 9.81]);
    command.position[0] = 1;
    command.kp[0] = 10;
    for (let k = 0; k < 20; k++) hardware.write(command);
    hardware.read(state);
    expect(state.position[0]).to.be.closeTo(1 - Math.exp(-1), 0.02);
    expect(state.velocity[0]).to.be.greaterThan(0);
  });

  it('stays where it is in damping', () => {
    const hardware = new MockHardware(makeParameters(1));
    const state = createRobotState(1);
    const command = createJointCommand(1);
    command.position[0] = 1;
    hardware.write(command);
    hardware.read(state);
    expect(state.position[0]).to.equal(0);
  });

  it('starts within the limits', () => {
    const hardware = new MockHardware(makeParameters(1, { lower: 0.05 }));
    const state = createRobotState(1);
    hardware.activate(state);
    expect(state.position[0]).to.equal(0.05);
  });
});
