import { expect } from 'chai';
import { type LoopHandle, startControlLoop } from '../../src/control/loop.js';
import { createLoopSnapshot } from '../../src/control/loop-snapshot.js';
import { monotonicSeconds } from '../../src/control/monotonic-clock.js';
import { ReferencePhase } from '../../src/control/reference.js';
import { StopCause, StopMode } from '../../src/control/stop-state.js';
import { createJointTrajectory } from '../../src/control/trajectory.js';
import { makeParameters } from './joint-parameters-fixture.js';

const JOINTS = 75;
const parameters = makeParameters(JOINTS);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let k = 0; k < 400; k++) {
    if (condition()) return;
    await pause(5);
  }
  throw new Error(`timed out waiting until ${what}`);
}

/** Streams a sinusoid to all joints from now on; it rests at its start until it is followed. */
function startPlanner(handle: LoopHandle): { stop: () => void } {
  let start = 0;
  const trajectory = createJointTrajectory(JOINTS, 20);
  const timer = setInterval(() => {
    const now = monotonicSeconds();
    if (handle.shared.readStatus().taken === 0) start = now;
    trajectory.count = 20;
    trajectory.stamp = now;
    for (let k = 0; k < 20; k++) {
      const t = now - start + k * 0.01;
      trajectory.time[k] = now + k * 0.01;
      trajectory.position.fill(0.3 * (1 - Math.cos(2 * t)), k * JOINTS, (k + 1) * JOINTS);
      trajectory.velocity.fill(0.6 * Math.sin(2 * t), k * JOINTS, (k + 1) * JOINTS);
    }
    handle.shared.trajectory.write(trajectory);
    handle.shared.heartbeat();
  }, 10);
  return { stop: () => clearInterval(timer) };
}

describe('control loop thread', function () {
  this.timeout(10_000);

  it('follows trajectories, stops on demand, resets, reports, and ends cleanly', async () => {
    const handle = await startControlLoop({ hardware: 'mock', parameters });
    const { shared } = handle;
    const snapshot = createLoopSnapshot(shared.layout);
    const planner = startPlanner(handle);
    try {
      await until(() => shared.readStatus().taken > 50, 'trajectories are followed');
      // The loop may overtake a reader, whose copy is then none.
      await until(() => shared.readSnapshot(snapshot), 'a cycle is read');
      expect(shared.readStatus().referencePhase).to.be.oneOf([ReferencePhase.fresh, ReferencePhase.degraded]);
      expect(Math.abs(monotonicSeconds() - snapshot.state.time)).to.be.lessThan(1);
      expect(snapshot.referenceStamp).to.be.within(snapshot.state.time - 1, snapshot.state.time + 0.001);
      expect(snapshot.referenceApplied).to.be.at.least(snapshot.referenceStamp);
      expect(snapshot.command.position[50]).to.be.greaterThan(0);
      expect(snapshot.state.position[50]).to.be.closeTo(snapshot.command.position[50], 0.1);
      expect(snapshot.state.linearAcceleration[2]).to.equal(9.81);

      shared.demandStop(StopMode.damping);
      shared.demandStop(StopMode.running);
      await until(() => shared.readStatus().stopMode === StopMode.damping, 'the emergency stop acts');
      await until(() => shared.readSnapshot(snapshot) && snapshot.command.kp[0] === 0, 'damping is commanded');
      shared.demandStop(StopMode.hold);
      const refused = shared.requestReset();
      await until(() => shared.resetOutcome(refused) !== undefined, 'the reset is answered');
      expect(shared.resetOutcome(refused)).to.equal(StopCause.protectiveStop);
      shared.demandStop(StopMode.running);
      const ticket = shared.requestReset();
      await until(() => shared.resetOutcome(ticket) === 0, 'the reset is done');
      expect(shared.readStatus().stopMode).to.equal(StopMode.running);
      planner.stop();
      await until(() => shared.readStatus().stopMode === StopMode.hold, 'the lost reference stops the robot');
    } catch (error) {
      planner.stop();
      await handle.stop();
      throw error;
    }

    const report = shared.statistics.report();
    expect(report.cycles).to.be.greaterThan(0);
    expect(report.missed).to.be.at.least(0);
    expect(report.lateUs.p50).to.be.within(0, report.lateUs.p99);
    expect(report.lateUs.p99).to.be.at.most(report.lateUs.max);
    expect(report.executionUs.max).to.be.greaterThan(0);
    expect(report.realTimeFactor).to.equal(1);

    await handle.stop();
    expect(shared.readStatus().stopMode).to.equal(StopMode.damping);
    expect(shared.readStatus().stopCauses & StopCause.shutdown).to.not.equal(0);
  });

  it('reports why hardware or parameters were refused', async () => {
    const refused = async (options: Parameters<typeof startControlLoop>[0]): Promise<string> => {
      try {
        await startControlLoop(options);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(await refused({ hardware: 'toaster', parameters })).to.contain('hardware "toaster" is unknown');
    const bad = { ...parameters, kp: new Float64Array(3) };
    expect(await refused({ hardware: 'mock', parameters: bad })).to.contain('kp has 3 entries, needs 75');
  });
});
