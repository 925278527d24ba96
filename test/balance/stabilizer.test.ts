import { expect } from 'chai';
import { QpStatus } from '../../src/balance/quadratic-program.js';
import { Stabilizer } from '../../src/balance/stabilizer.js';
import { STABILIZER_DEFAULTS } from '../../src/balance/stabilizer-options.js';
import { createJointCommand, createRobotState } from '../../src/control/hardware.js';
import { createBaseEstimate, EstimatorFault } from '../../src/estimation/base-estimate.js';
import { BaseEstimator } from '../../src/estimation/base-estimator.js';
import { Standing, type StandingOptions } from '../../src/evaluation/standing.js';
import { Robot } from '../../src/robot/robot.js';
import { SensorNoise } from '../../src/sim/sensor-noise.js';

describe('Stabilizer', () => {
  const robot = Robot.load('config/robot.yaml');
  const joints = robot.names.length;
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

  /** What the robot's own sensors and its estimator make of it. */
  function sensors(seed: number): Required<Pick<StandingOptions, 'sense' | 'source'>> {
    const noise = new SensorNoise(joints, seed);
    return { sense: (state) => noise.apply(state), source: new BaseEstimator(robot) };
  }

  it('stands while the arms move, on noisy sensors', () => {
    const result = standing.run({ duration: 2, ...sensors(1) });
    expect(result.stood).to.equal(true);
    expect(Math.max(...result.pelvisSway)).to.be.below(0.01);
    expect(result.slide).to.be.below(0.005);
    expect(result.fallbacks).to.equal(0);
  }).timeout(60000);

  it('survives a push from behind, without a step', () => {
    const push = { start: 0.3, duration: 0.1, force: 250, direction: 0 };
    const result = standing.run({ duration: 2, armsMove: false, pushes: [push] });
    expect(result.stood).to.equal(true);
    expect(result.slide).to.be.below(0.03);
    expect(result.fallbacks).to.equal(0);
  }).timeout(60000);

  it('stands while the gyro is biased about any axis, and notices within 10 ms', () => {
    for (const [axis, bias] of [
      [0, 0.1],
      [1, -0.2],
      [2, 0.5],
    ]) {
      const { sense, source } = sensors(axis);
      let noticed = Number.POSITIVE_INFINITY;
      const result = standing.run({
        duration: 4,
        source,
        sense: (state) => {
          sense(state);
          if (state.time >= 1) state.angularVelocity[axis] += bias;
          if (source.estimate.degraded !== 0) noticed = Math.min(noticed, state.time);
        },
      });
      expect(result.stood, `${bias} rad/s about axis ${axis}`).to.equal(true);
      expect(Math.max(...result.pelvisSway)).to.be.below(0.02);
      expect(noticed).to.be.within(1, 1.011);
    }
  }).timeout(60000);

  it('stands while no encoder gives anything new for two seconds, and notices within 20 ms', () => {
    const { sense, source } = sensors(5);
    const frozen = { position: new Float64Array(joints), velocity: new Float64Array(joints) };
    let noticed = Number.POSITIVE_INFINITY;
    const result = standing.run({
      duration: 4,
      source,
      sense: (state) => {
        sense(state);
        if ((source.estimate.degraded & EstimatorFault.jointFrozen) !== 0) noticed = Math.min(noticed, state.time);
        if (state.time < 1 || state.time > 3) {
          frozen.position.set(state.position);
          frozen.velocity.set(state.velocity);
        }
        state.position.set(frozen.position);
        state.velocity.set(frozen.velocity);
      },
    });
    expect(result.stood).to.equal(true);
    expect(result.slide).to.be.below(0.005);
    expect(noticed).to.be.within(1, 1.022);
  }).timeout(60000);

  it('crouches and comes up', () => {
    let lowest = Number.POSITIVE_INFINITY;
    const result = standing.run({
      duration: 2.4,
      armsMove: false,
      postures: [
        { time: 0, posture: 'stand' },
        { time: 1, posture: 'table_work' },
        { time: 2, posture: 'stand' },
      ],
      observe: ({ pelvis }) => {
        lowest = Math.min(lowest, pelvis[2]);
      },
    });
    expect(result.stood).to.equal(true);
    expect(lowest).to.be.within(0.84, 0.87);
    expect(result.slide).to.be.below(0.005);
  }).timeout(60000);

  it('stands by its fallback where the solver does not converge, and says so', async () => {
    const hindered = await Stabilizer.create(robot, { ...STABILIZER_DEFAULTS, iterations: -1, law: 'whole-body' });
    const trial = await Standing.create(robot, hindered);
    // A force that binds no constraint takes no iteration: only a limit below 0 stops every solve.
    const result = trial.run({
      duration: 2.5,
      armsMove: false,
      pushes: [{ start: 0.5, duration: 0.1, force: 80, direction: 0 }],
    });
    expect(result.fallbacks).to.equal(result.solves);
    expect(hindered.status.solver).to.equal(QpStatus.iterationLimit);
    expect(hindered.status.fallback).to.equal(true);
    expect(result.stood).to.equal(true);
    trial.delete();
    hindered.delete();
  }).timeout(60000);

  it('refuses what is not finite and leaves the command alone', () => {
    const state = createRobotState(joints);
    const estimate = createBaseEstimate();
    const command = createJointCommand(joints);
    estimate.contact.fill(1);
    estimate.position[2] = 0.92;
    stabilizer.start();
    for (const vector of [state.position, state.velocity, estimate.orientation, estimate.velocity, command.position]) {
      const value = vector[1];
      vector[1] = Number.NaN;
      const { refusals } = stabilizer.status;
      expect(stabilizer.update(0, state, estimate, command)).to.equal(false);
      expect(stabilizer.status.refusals).to.equal(refusals + 1);
      vector[1] = value;
      expect([...command.effort]).to.deep.equal([...new Float64Array(joints)]);
    }
  });

  it('leaves a joint whose encoder is lost to the joint controller, and stands by the fallback', () => {
    const state = createRobotState(joints);
    state.position.set(robot.posture('stand'));
    const estimate = createBaseEstimate();
    estimate.contact.fill(1);
    estimate.position[2] = 0.95;
    const command = createJointCommand(joints);
    command.position.set(state.position);
    const lost = new Uint8Array(joints);
    const knee = robot.index('left_knee_joint');
    lost[knee] = 1;
    stabilizer.start();
    expect(stabilizer.update(0, state, estimate, command, lost)).to.equal(true);
    expect(stabilizer.status.fallback).to.equal(true);
    expect(stabilizer.status.fallbacks).to.equal(1);
    expect([command.kp[knee], command.effort[knee]]).to.deep.equal([0, 0]);
    expect(command.effort[robot.index('right_knee_joint')]).not.to.equal(0);
    lost.fill(0);
    lost[robot.index('left_elbow_joint')] = 1;
    command.effort.fill(0);
    stabilizer.start();
    stabilizer.update(0, state, estimate, command, lost);
    expect(stabilizer.status.fallback).to.equal(false);
    expect(command.effort[robot.index('left_elbow_joint')]).to.equal(0);
  });

  it('takes the place of the reference’s torques of arms and head, lest gravity count twice', () => {
    const state = createRobotState(joints);
    state.position.set(robot.posture('table_work'));
    const estimate = createBaseEstimate();
    estimate.contact.fill(1);
    estimate.position[2] = 0.85;
    /** What the arms are told where the joint controller asks for 0.5 N·m besides the reference's torques. */
    const efforts = (fed: number, share: number) => {
      const command = createJointCommand(joints);
      command.position.set(state.position);
      command.effort.fill(0.5 + fed);
      stabilizer.start();
      stabilizer.update(0, state, estimate, command, undefined, new Float64Array(joints).fill(fed), share);
      return [...robot.group('left_arm'), ...robot.group('right_arm')].map((i) => command.effort[i]!);
    };
    for (const share of [1, 0.5]) {
      const plain = efforts(0, share);
      expect(Math.max(...plain.map(Math.abs))).to.be.above(2);
      efforts(3, share).forEach((effort, k) => {
        expect(effort).to.be.closeTo(plain[k]!, 1e-9);
      });
    }
  });

  it('goes on after a rest as if it began, wherever the body is then', () => {
    const state = createRobotState(joints);
    const estimate = createBaseEstimate();
    estimate.contact.fill(1);
    /** The efforts of a few cycles in a posture. */
    const stand = (time: number, posture: string, height: number) => {
      state.position.set(robot.posture(posture));
      estimate.position[2] = height;
      return Array.from({ length: 5 }, (_, k) => {
        const command = createJointCommand(joints);
        command.position.set(state.position);
        stabilizer.update(time + 0.001 * k, state, estimate, command);
        return [...command.effort];
      });
    };
    stabilizer.start();
    const fresh = stand(0, 'table_work', 0.85);
    stabilizer.start();
    stand(1, 'stand', 0.92);
    stabilizer.rest();
    expect(stand(2, 'table_work', 0.85)).to.deep.equal(fresh);
  });

  it('leaves the drives to the joint controller while no sole carries load', () => {
    const state = createRobotState(joints);
    const command = createJointCommand(joints);
    command.kp.fill(100);
    expect(stabilizer.update(0, state, createBaseEstimate(), command)).to.equal(true);
    expect(stabilizer.status.supported).to.equal(false);
    expect([...command.kp]).to.deep.equal([...new Float64Array(joints).fill(100)]);
  });
});
