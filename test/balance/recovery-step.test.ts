import { expect } from 'chai';
import { StepPhase } from '../../src/balance/recovery-step.js';
import { Stabilizer } from '../../src/balance/stabilizer.js';
import { NEVER, STABILIZER_DEFAULTS } from '../../src/balance/stabilizer-options.js';
import { BaseEstimator } from '../../src/estimation/base-estimator.js';
import { Standing, type StandingResult } from '../../src/evaluation/standing.js';
import { Robot } from '../../src/robot/robot.js';
import { SensorNoise } from '../../src/sim/sensor-noise.js';

describe('RecoveryStep', () => {
  const robot = Robot.load('config/robot.yaml');
  let stabilizer: Stabilizer;
  let standing: Standing;
  before(async () => {
    stabilizer = await Stabilizer.create(robot);
    standing = await Standing.create(robot, stabilizer);
  });
  after(() => {
    standing.delete();
    stabilizer.delete();
  });

  /** A push of 0.1 s at the torso on noisy sensors and the estimated base. @param direction rad, 0: forward */
  function push(force: number, direction: number, duration: number, on = standing): StandingResult {
    const noise = new SensorNoise(robot.names.length, 1);
    return on.run({
      duration,
      armsMove: false,
      pushes: [{ start: 0.3, duration: 0.1, force, direction }],
      sense: (state) => noise.apply(state),
      source: new BaseEstimator(robot),
    });
  }

  for (const [name, direction] of [
    ['ahead', 0],
    ['back', Math.PI],
  ] as const) {
    it(`steps ${name} from a push that it would not survive otherwise, and stands`, async () => {
      const hindered = await Stabilizer.create(robot, {
        ...STABILIZER_DEFAULTS,
        step: { ...STABILIZER_DEFAULTS.step, trigger: NEVER },
      });
      const without = await Standing.create(robot, hindered);
      expect(push(360, direction, 2, without).stood).to.equal(false);
      expect(hindered.status.steps).to.equal(0);
      without.delete();
      hindered.delete();

      const { stood, fallbacks } = push(360, direction, 5.5);
      expect(stood).to.equal(true);
      expect(fallbacks).to.equal(0);
      expect(stabilizer.status.steps).to.equal(1);
      expect(stabilizer.status.step).to.equal(StepPhase.standing);
      // At rest over the middle of both soles.
      expect(stabilizer.status.captureMargin).to.be.above(0.08);
      const { dcm, dcmReference } = stabilizer.status;
      expect(Math.hypot(dcm[0] - dcmReference[0], dcm[1] - dcmReference[1])).to.be.below(0.01);
    }).timeout(60000);
  }

  it('makes no step from pushes that are survived without one', () => {
    for (const direction of [0, Math.PI / 2, Math.PI]) {
      expect(push(280, direction, 1.5).stood).to.equal(true);
      expect(stabilizer.status.steps, `${direction} rad`).to.equal(0);
    }
  }).timeout(60000);
});
