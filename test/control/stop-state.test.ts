import { expect } from 'chai';
import { describeStopCauses, StopCause, StopMode, StopState } from '../../src/control/stop-state.js';

describe('StopState', () => {
  it('latches, escalates and never falls back by itself', () => {
    const stop = new StopState();
    expect(stop.mode).to.equal(StopMode.running);
    stop.raise(StopCause.referenceTimeout);
    expect(stop.mode).to.equal(StopMode.hold);
    stop.beginCycle();
    expect(stop.mode).to.equal(StopMode.hold);
    stop.raise(StopCause.emergencyStop);
    expect(stop.mode).to.equal(StopMode.damping);
    stop.beginCycle();
    stop.raise(StopCause.protectiveStop);
    expect(stop.mode).to.equal(StopMode.damping);
  });

  it('resets only when every cause is gone', () => {
    const stop = new StopState();
    stop.raise(StopCause.emergencyStop);
    stop.raise(StopCause.heartbeatTimeout);
    stop.beginCycle();
    stop.raise(StopCause.heartbeatTimeout);
    expect(stop.reset()).to.equal(StopCause.heartbeatTimeout);
    expect(stop.mode).to.equal(StopMode.damping);
    stop.beginCycle();
    expect(stop.reset()).to.equal(0);
    expect(stop.mode).to.equal(StopMode.running);
    expect(stop.causes).to.equal(0);
  });

  it('names causes', () => {
    expect(describeStopCauses(0)).to.deep.equal([]);
    expect(describeStopCauses(StopCause.referenceTimeout | StopCause.emergencyStop)).to.deep.equal([
      'emergency stop requested',
      'no joint trajectory arrived in time',
    ]);
  });
});
