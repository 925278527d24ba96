import { expect } from 'chai';
import { controllerOptions } from '../../src/control/safety-options.js';
import { StopCause } from '../../src/control/stop-state.js';
import { StopTrajectory } from '../../src/control/stop-trajectory.js';
import type { CauseName, Reaction } from '../../src/safety/causes.js';
import { robot } from '../robot/robot-fixture.js';
import { config } from '../safety/safety-fixture.js';

function having(name: CauseName, reaction: Reaction) {
  return { ...config, causes: { ...config.causes, [name]: { ...config.causes[name], reaction } } };
}

describe('controllerOptions', () => {
  it('translates the configuration', () => {
    const { reactions, watchdog, heartbeatTimeout, crouch } = controllerOptions(config, robot);
    expect(reactions).to.deep.equal({
      crouch: StopCause.controlledStop,
      damping: StopCause.emergencyStop | StopCause.commandNotFinite | StopCause.loopStalled,
    });
    expect(watchdog).to.deep.equal({ missedCycles: 3, slowScale: 0.3, slowTime: 1, stall: 0.02 });
    expect(heartbeatTimeout).to.equal(config.watchdog.monitor_silence);
    expect(crouch?.posture[robot.index('left_knee_joint')]).to.equal(1.6191);
    expect(crouch?.posture[robot.index('left_elbow_joint')]).to.be.NaN;
    const move = new StopTrajectory(robot, crouch!);
    move.start(0, robot.posture('table_work'));
    expect(move.duration).to.be.within(0.3, 3);
  });

  it('lets causes have other reactions', () => {
    const { reactions } = controllerOptions(having('monitor_silent', 'category_1'), robot);
    expect(reactions.crouch).to.equal(StopCause.controlledStop | StopCause.monitorSilent);
  });
});
