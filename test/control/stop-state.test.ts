import { expect } from 'chai';
import { describeStopCauses, nameStopCauses, StopCause, StopMode, StopState } from '../../src/control/stop-state.js';

describe('StopState', () => {
  it('latches, escalates and never falls back by itself', () => {
    const stop = new StopState();
    expect(stop.mode).to.equal(StopMode.running);
    stop.raise(StopCause.referenceSilent);
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
    stop.raise(StopCause.monitorSilent);
    stop.beginCycle();
    stop.raise(StopCause.monitorSilent);
    expect(stop.reset()).to.equal(StopCause.monitorSilent);
    expect(stop.mode).to.equal(StopMode.damping);
    stop.beginCycle();
    expect(stop.reset()).to.equal(0);
    expect(stop.mode).to.equal(StopMode.running);
    expect(stop.causes).to.equal(0);
  });

  it('passes through the crouch to damping, and leaves it upwards', () => {
    const stop = new StopState();
    stop.raise(StopCause.protectiveStop);
    stop.raise(StopCause.controlledStop);
    expect(stop.mode).to.equal(StopMode.crouch);
    stop.finishCrouch();
    expect(stop.mode).to.equal(StopMode.damping);
    stop.beginCycle();
    expect(stop.reset()).to.equal(0);
    stop.raise(StopCause.controlledStop);
    expect(stop.mode).to.equal(StopMode.crouch);
    stop.raise(StopCause.emergencyStop);
    expect(stop.mode).to.equal(StopMode.damping);
  });

  it('reacts to each cause as configured', () => {
    const stop = new StopState({ crouch: StopCause.monitorSilent, damping: StopCause.referenceSilent });
    stop.raise(StopCause.stateNotFinite);
    expect(stop.mode).to.equal(StopMode.hold);
    stop.raise(StopCause.monitorSilent);
    expect(stop.mode).to.equal(StopMode.crouch);
    stop.raise(StopCause.referenceSilent);
    expect(stop.mode).to.equal(StopMode.damping);
  });

  it('names causes', () => {
    expect(describeStopCauses(0)).to.deep.equal([]);
    expect(describeStopCauses(StopCause.referenceSilent | StopCause.emergencyStop)).to.deep.equal([
      'emergency stop requested',
      'no joint trajectory arrived in time',
    ]);
    expect(nameStopCauses(StopCause.stateNotFinite | StopCause.shutdown)).to.deep.equal([
      'state_not_finite',
      'shutdown',
    ]);
  });
});
