import { expect } from 'chai';
import { ControlLoop } from '../../src/control/control-loop.js';
import type { JointCommand, RobotState } from '../../src/control/hardware.js';
import { JointController } from '../../src/control/joint-controller.js';
import { MockHardware } from '../../src/control/mock-hardware.js';
import { SharedState } from '../../src/control/shared-state.js';
import { StopCause, StopMode } from '../../src/control/stop-state.js';
import { makeParameters } from './joint-parameters-fixture.js';

const JOINTS = 3;
const parameters = makeParameters(JOINTS);

/** Hardware built to fail in the cycle and call it is told to. */
class FailingHardware extends MockHardware {
  cycles = 0;
  deactivated = false;
  last: { kp: number; kd: number } | undefined;
  constructor(
    readonly failing: 'read' | 'write' | 'activate' | 'never',
    readonly shared: SharedState,
  ) {
    super(parameters);
  }
  override activate(state: RobotState): void {
    if (this.failing === 'activate') throw new Error('no motor answers');
    super.activate(state);
  }
  override read(state: RobotState): void {
    if (++this.cycles === 10) {
      if (this.failing === 'read') throw new Error('the bus is gone');
      if (this.failing === 'never') this.shared.requestShutdown();
    }
    super.read(state);
  }
  override write(command: JointCommand): void {
    this.last = { kp: command.kp[0], kd: command.kd[0] };
    if (this.failing === 'write' && this.cycles === 10) throw new Error('the bus is gone');
    super.write(command);
  }
  override deactivate(): void {
    this.deactivated = true;
  }
}

function makeLoop(failing: FailingHardware['failing']) {
  const shared = new SharedState({ joints: JOINTS, groundTruthSize: 0 });
  const hardware = new FailingHardware(failing, shared);
  const controller = new JointController(parameters, shared.trajectory);
  return { hardware, shared, loop: new ControlLoop(hardware, controller, shared) };
}

describe('ControlLoop', () => {
  for (const failing of ['read', 'write'] as const) {
    it(`leaves the drives in damping and off when ${failing} fails, and reports the failure`, () => {
      const { hardware, loop } = makeLoop(failing);
      expect(() => loop.run()).to.throw('the bus is gone');
      expect(hardware.deactivated).to.equal(true);
      expect(hardware.last).to.deep.equal({ kp: 0, kd: 30 });
    });
  }

  it('reports a robot that does not activate', () => {
    const { hardware, loop } = makeLoop('activate');
    expect(() => loop.run()).to.throw('no motor answers');
    expect(hardware.deactivated).to.equal(true);
  });

  it('ends on request: at rest, then damping, then off', () => {
    const { hardware, shared, loop } = makeLoop('never');
    loop.run();
    expect(hardware.deactivated).to.equal(true);
    expect(hardware.last?.kp).to.equal(0);
    expect(shared.statistics.report().cycles).to.be.greaterThan(10);
  });

  for (const standsStill of [false, true]) {
    it(`${standsStill ? 'lets a simulation wait' : 'damps'} when a cycle takes too long`, () => {
      const shared = new SharedState({ joints: JOINTS, groundTruthSize: 0 });
      class SlowHardware extends MockHardware {
        override readonly standsStill = standsStill;
        cycles = 0;
        mode = -1;
        override write(command: JointCommand): void {
          super.write(command);
          this.cycles++;
          const end = performance.now() + (this.cycles === 20 ? 30 : 0);
          while (performance.now() < end);
          // A cycle follows the late one before it is looked at.
          if (this.cycles === 22) this.mode = shared.readStatus().stopMode;
          if (this.cycles === 22) shared.requestShutdown();
        }
      }
      const hardware = new SlowHardware(parameters);
      new ControlLoop(hardware, new JointController(parameters, shared.trajectory), shared).run();
      expect(hardware.mode).to.equal(standsStill ? StopMode.running : StopMode.damping);
      expect(shared.readStatus().stopCauses & StopCause.loopStalled).to.equal(standsStill ? 0 : StopCause.loopStalled);
    });
  }
});
