import { expect } from 'chai';
import type { RobotState } from '../../src/control/hardware.js';
import { createRobotState } from '../../src/control/hardware.js';
import { EstimatorFault } from '../../src/estimation/base-estimate.js';
import { BaseEstimator } from '../../src/estimation/base-estimator.js';
import { MOTION_SIZE, normalisedError } from '../../src/evaluation/consistency.js';
import { type Disturbance, EstimationTrial } from '../../src/evaluation/estimation-trial.js';
import { robot } from '../robot/robot-fixture.js';
import { task } from '../sim/scene-fixture.js';

/** Names of the estimate's vectors. */
const VECTORS = ['position', 'orientation', 'velocity', 'angularVelocity', 'contact'] as const;
/** Cycles after which the estimator knows its biases well enough for the tests. */
const SETTLED = 500;

describe('BaseEstimator', function () {
  this.timeout(30_000);

  let trial: EstimationTrial;
  before(async () => {
    trial = await EstimationTrial.create(robot, { ...task.scene, bodies: {} }, 3);
  });
  after(() => trial.delete());
  beforeEach(() => trial.start());

  const finite = () => VECTORS.every((key) => trial.estimator.estimate[key].every(Number.isFinite));

  /** Runs and reports the worst errors, the faults that were seen, and the cycle of the first one. */
  const run = (from: number, to: number, disturbance: Disturbance = {}) => {
    const worst = { position: 0, velocity: 0, tilt: 0, faults: 0, first: -1 };
    for (let k = from; k < to; k++) {
      trial.step(k * 1e-3, disturbance);
      expect(finite(), `finite at cycle ${k}`).to.equal(true);
      const errors = trial.errors();
      worst.position = Math.max(worst.position, errors.position);
      worst.velocity = Math.max(worst.velocity, errors.velocity);
      worst.tilt = Math.max(worst.tilt, errors.tilt);
      const { degraded } = trial.estimator.estimate;
      if (degraded !== 0 && worst.first < 0) worst.first = k - from;
      worst.faults |= degraded;
    }
    return worst;
  };

  const leg = (side: string, joint: string) => robot.index(`${side}_${joint}_joint`);
  /** Bends both knees and stretches them, once a second. */
  const squat = (time: number, position: Float64Array) => {
    const angle = 0.04 * Math.sin(2 * Math.PI * time);
    for (const side of ['left', 'right']) {
      position[leg(side, 'hip_pitch')] -= angle;
      position[leg(side, 'knee')] += 2 * angle;
      position[leg(side, 'ankle_pitch')] -= angle;
    }
  };

  it('follows the base from noisy sensors, without a complaint', () => {
    run(0, SETTLED, { move: squat });
    let sum = 0;
    const check = (time: number) => {
      if (Math.round(1e3 * time) % 50 === 0) sum += normalisedError(trial.estimator.filter, trial.truth);
    };
    const { position, velocity, tilt, faults } = run(SETTLED, 2500, { move: squat, act: check });
    // At most as large as the covariance says: its figures have a margin.
    expect(sum / 40 / MOTION_SIZE).to.be.within(0.01, 1);
    expect(faults).to.equal(0);
    expect(position).to.be.below(0.006);
    expect(velocity).to.be.below(0.01);
    expect(tilt).to.be.below(0.005);
    const { contact, time } = trial.estimator.estimate;
    expect([...contact].every((probability) => probability > 0.99)).to.equal(true);
    expect(time).to.equal(trial.state.time);
  });

  it('recovers from a wrong velocity and tilt', () => {
    run(0, SETTLED);
    const { filter } = trial.estimator;
    filter.velocity.set([0.3, -0.2, 0.1]);
    filter.inflate(3, 0.1);
    run(SETTLED, SETTLED + 500);
    expect(trial.errors().velocity).to.be.below(0.02);
    expect(trial.errors().tilt).to.be.below(0.01);
  });

  it('is not led astray by a foot that is pushed over the floor', () => {
    run(0, SETTLED);
    const foot = trial.simulation.link('left_ankle_pitch_link');
    const [from, to] = [new Float64Array(3), new Float64Array(3)];
    trial.simulation.linkPosition(foot, from);
    const push = (time: number) => trial.simulation.push(foot, [time > 0.6 && time < 0.8 ? 450 : 0, 0, 0]);
    const { position, velocity, faults } = run(SETTLED, 1500, { act: push });
    trial.simulation.linkPosition(foot, to);
    expect(Math.hypot(to[0] - from[0], to[1] - from[1])).to.be.above(0.015);
    expect(faults & EstimatorFault.slip).to.equal(EstimatorFault.slip);
    expect(position).to.be.below(0.008);
    expect(velocity).to.be.below(0.05);
    expect(trial.estimator.estimate.degraded).to.equal(0);
  });

  it('goes on with one foot while the other is in the air', () => {
    run(0, SETTLED);
    trial.simulation.setGantry(true);
    const lift = (time: number, position: Float64Array) => {
      const share = Math.max(0, Math.min(1, 2 * (time - 0.5), 2 * (2 - time)));
      position[leg('left', 'hip_pitch')] -= 0.5 * share;
      position[leg('left', 'knee')] += 0.9 * share;
    };
    const up = run(SETTLED, 1300, { move: lift });
    expect(trial.estimator.estimate.contact[0]).to.be.below(0.05);
    expect(trial.estimator.estimate.contact[1]).to.be.above(0.95);
    const down = run(1300, 2300, { move: lift });
    expect(trial.estimator.estimate.contact[0]).to.be.above(0.95);
    for (const { position, velocity, faults } of [up, down]) {
      expect(faults & ~EstimatorFault.slip).to.equal(0);
      expect(position).to.be.below(0.008);
      expect(velocity).to.be.below(0.06);
    }
    trial.simulation.setGantry(false);
  });

  it('declares a dead inertial unit within a cycle, a frozen one within 20 ms, and goes on by the legs', () => {
    run(0, SETTLED, { move: squat });
    const held = new Float64Array(6);
    const kinds: readonly [number, number, (state: RobotState) => void][] = [
      [
        EstimatorFault.imuInvalid,
        0,
        (s) => [s.angularVelocity, s.linearAcceleration, s.orientation].map((v) => v.fill(0)),
      ],
      [
        EstimatorFault.imuFrozen,
        20,
        (s) => {
          s.angularVelocity.set(held.subarray(0, 3));
          s.linearAcceleration.set(held.subarray(3));
        },
      ],
    ];
    let cycle = SETTLED;
    for (const [fault, delay, corrupt] of kinds) {
      held.set([...trial.state.angularVelocity, ...trial.state.linearAcceleration]);
      const dead = run(cycle, cycle + 700, { move: squat, corrupt: (_, state) => corrupt(state) });
      expect(dead.faults & fault).to.equal(fault);
      expect(dead.first).to.be.at.most(delay);
      expect(dead.position).to.be.below(0.012);
      expect(dead.velocity).to.be.below(0.06);
      cycle += 700;
      run(cycle, cycle + 700, { move: squat });
      expect(trial.estimator.estimate.degraded).to.equal(0);
      cycle += 700;
    }
  });

  it('declares a gyro and an accelerometer that contradict the legs', () => {
    run(0, SETTLED);
    const gyro = run(SETTLED, 1000, {
      corrupt: (_, { angularVelocity }) => {
        angularVelocity[1] += 0.6;
      },
    });
    expect(gyro.faults & EstimatorFault.imuImplausible).to.equal(EstimatorFault.imuImplausible);
    expect(gyro.tilt).to.be.below(0.04);
    run(1000, 1800);
    const accelerometer = run(1800, 2500, {
      corrupt: (_, { linearAcceleration }) => {
        linearAcceleration[0] += 5;
      },
    });
    expect(accelerometer.faults & EstimatorFault.imuImplausible).to.equal(EstimatorFault.imuImplausible);
    expect(accelerometer.position).to.be.below(0.02);
  });

  it('declares a bias of the gyro that comes all at once, before the tilt is wrong by two degrees', () => {
    run(0, SETTLED);
    const biased = run(SETTLED, SETTLED + 600, {
      corrupt: (_, { angularVelocity }) => {
        angularVelocity[1] += 0.1;
      },
    });
    expect(biased.faults & EstimatorFault.imuImplausible).to.equal(EstimatorFault.imuImplausible);
    expect(biased.tilt).to.be.below(0.035);
    expect(biased.first).to.be.below(10);
    const { degraded } = trial.estimator.estimate;
    expect(degraded & EstimatorFault.imuImplausible, 'stays').to.equal(EstimatorFault.imuImplausible);
    run(SETTLED + 600, 3500);
    expect(trial.estimator.estimate.degraded, 'and goes with the bias').to.equal(0);
  });

  it('does without a leg whose encoder jumps, and without a wrench that is none', () => {
    run(0, SETTLED);
    const jump = run(SETTLED, 1500, {
      corrupt: (_, { position }) => {
        position[leg('left', 'knee')] += 0.1;
      },
    });
    expect(jump.first).to.equal(0);
    expect(jump.faults).to.equal(EstimatorFault.jointInvalid);
    expect(jump.position).to.be.below(0.01);
    trial.start();
    run(0, SETTLED);
    const wrench = run(SETTLED, 1000, { corrupt: (_, { leftFootWrench }) => leftFootWrench.fill(Number.NaN) });
    expect(wrench.faults).to.equal(EstimatorFault.wrenchInvalid);
    expect(wrench.position).to.be.below(0.008);
    expect(trial.estimator.estimate.contact[0]).to.be.above(0.9);
  });

  it('never gives what is no number, whatever it is given', () => {
    run(0, 100);
    const keys = [
      'position',
      'velocity',
      'orientation',
      'angularVelocity',
      'linearAcceleration',
      'leftFootWrench',
      'rightFootWrench',
    ] as const;
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1e300, 1e-320]) {
      for (const key of keys) {
        run(0, 20, { corrupt: (_, state) => state[key].fill(value) });
        run(0, 3);
      }
      run(0, 20, { corrupt: (_, state) => keys.map((key) => state[key].fill(value)) });
    }
    for (const dt of [Number.NaN, -1, 0, 1e9, Number.POSITIVE_INFINITY]) {
      trial.estimator.update(trial.state, dt);
      expect(finite(), `dt ${dt}`).to.equal(true);
    }
    trial.estimator.filter.covariance.fill(Number.NaN);
    trial.step(0);
    expect(trial.estimator.estimate.degraded & EstimatorFault.restarted).to.equal(EstimatorFault.restarted);
    expect(finite()).to.equal(true);
    run(0, 300);
    expect(trial.estimator.estimate.degraded).to.equal(0);

    const broken = createRobotState(robot.names.length);
    for (const key of keys) broken[key].fill(Number.NaN);
    const estimator = new BaseEstimator(robot);
    estimator.reset(broken);
    for (let k = 0; k < 50; k++) estimator.update(broken, 0.001);
    for (const key of VECTORS) expect(estimator.estimate[key].every(Number.isFinite), key).to.equal(true);
  });

  it('notices a gap and gets over it', () => {
    run(0, SETTLED, { move: squat });
    for (let k = SETTLED; k < SETTLED + 49; k++) trial.skip(k * 1e-3, squat);
    trial.step((SETTLED + 49) * 1e-3, { move: squat }, 0.05);
    expect(trial.estimator.estimate.degraded & EstimatorFault.gap).to.equal(EstimatorFault.gap);
    const after = run(SETTLED + 50, SETTLED + 700, { move: squat });
    expect(after.position).to.be.below(0.012);
    expect(trial.errors().velocity).to.be.below(0.02);
  });

  it('knows that something else holds it while no foot is loaded', () => {
    const estimator = new BaseEstimator(robot);
    const state = createRobotState(robot.names.length);
    state.linearAcceleration.set([0, 0, 9.81]);
    estimator.reset(state);
    for (let k = 0; k < 5000; k++) {
      state.angularVelocity[2] = k % 2 === 0 ? 1e-4 : -1e-4;
      state.linearAcceleration[0] = 0.05;
      estimator.update(state, 0.001);
    }
    expect(estimator.estimate.degraded).to.equal(EstimatorFault.noContact);
    expect(Math.hypot(...estimator.estimate.velocity)).to.be.below(0.1);
  });
});
