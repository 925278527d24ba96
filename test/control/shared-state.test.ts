import { expect } from 'chai';
import { createJointCommand, createRobotState } from '../../src/control/hardware.js';
import { JointController } from '../../src/control/joint-controller.js';
import { createLoopSnapshot } from '../../src/control/loop-snapshot.js';
import { SharedState } from '../../src/control/shared-state.js';
import { makeParameters } from './joint-parameters-fixture.js';

const layout = { joints: 4, groundTruthSize: 5 };

describe('SharedState', () => {
  it('carries a whole cycle to the other side', () => {
    const loop = new SharedState(layout);
    const other = new SharedState(layout, loop.buffer);
    const controller = new JointController(makeParameters(4), loop.trajectory);
    const state = createRobotState(4);
    const command = createJointCommand(4);
    const snapshot = createLoopSnapshot(layout);
    expect(other.readSnapshot(snapshot)).to.equal(false);

    const vectors = [state, command].flatMap((record) => Object.values(record)).filter((v) => typeof v !== 'number');
    vectors.forEach((vector: Float64Array, n) => {
      for (let i = 0; i < vector.length; i++) vector[i] = 100 * (n + 1) + i;
    });
    // The other side learns what is asked for, not what of it the drives get.
    controller.asked.set(command.position);
    command.position.fill(-1);
    state.time = 12.5;
    loop.publish(state, command, controller, Float64Array.of(1, 2, 3, 4, 5));
    expect(other.readSnapshot(snapshot)).to.equal(true);
    expect(snapshot.state).to.deep.equal(state);
    expect(snapshot.command).to.deep.equal({ ...command, position: controller.asked });
    expect([...snapshot.groundTruth]).to.deep.equal([1, 2, 3, 4, 5]);
    expect([...snapshot.torque]).to.deep.equal([0, 0, 0, 0]);
  });

  it('refuses memory of another layout', () => {
    const { buffer } = new SharedState(layout);
    expect(() => new SharedState({ ...layout, joints: 5 }, buffer)).to.throw(RangeError, 'this layout needs');
  });
});
