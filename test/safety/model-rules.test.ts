import { expect } from 'chai';
import { Kinematics } from '../../src/robot/kinematics.js';
import { BaseRules, type ImuObservation } from '../../src/safety/base-rules.js';
import { CollisionRules } from '../../src/safety/collision-rules.js';
import { perJoint } from '../../src/safety/per-joint.js';
import { ThermalRules } from '../../src/safety/thermal-rules.js';
import { TrackingRules } from '../../src/safety/tracking-rules.js';
import { robot } from '../robot/robot-fixture.js';
import { config, limits, makeFindings, texts } from './safety-fixture.js';

describe('perJoint', () => {
  it('gives later lines precedence, and names what is wrong', () => {
    expect([...perJoint(limits.names, { '.*': 1, 'left_.*': 2 }, 'key')]).to.deep.equal([2, 1]);
    expect(() => perJoint(limits.names, { 'left_.*': 2 }, 'key')).to.throw('key: no value for right_elbow_joint');
    expect(() => perJoint(limits.names, { '.*': 1, knee: 2 }, 'key')).to.throw("key: 'knee' matches no joint");
  });
});

describe('ThermalRules', () => {
  it('comes to a rise of 1 at the continuous torque, warns before the limit, stops beyond it, and cools', () => {
    const findings = makeFindings();
    const rules = new ThermalRules(limits.names, limits.effortLimit, config.limits.thermal, findings);
    const run = (seconds: number, torque: number, from: number) => {
      for (let t = 0; t <= seconds; t += 0.5) rules.observe(from + t, [torque, 0]);
    };
    // 40 % of 10 N·m for ten time constants.
    run(600, 4, 0);
    expect(rules.rise[0]).to.be.closeTo(1, 1e-3);
    expect(findings.reasons().map(({ cause }) => cause)).to.deep.equal(['motor_hot']);
    // From 1 towards (8/4)² = 4: 1.1 after 60 s · ln(3/2.9).
    run(0.5, 8, 601);
    expect(findings.reaction).to.equal('warn');
    run(1, 8, 602);
    expect(findings.reaction).to.equal('category_1');
    expect(texts(findings)[0]).to.contain('left_elbow_joint: temperature rise 1.');
    expect(findings.reset()).to.have.length(1);
    run(60, 0, 604);
    expect(rules.rise[0]).to.be.below(0.5);
    expect(findings.reset()).to.have.length(0);
  });
});

describe('TrackingRules', () => {
  const make = () => {
    const findings = makeFindings();
    return { findings, rules: new TrackingRules(limits.names, config.limits, findings) };
  };

  it('stops for a joint that stays behind its command for a while', () => {
    const { findings, rules } = make();
    for (let t = 0; t < 0.075; t += 0.025) rules.observe(t, true, [0.5, 0], [1e-3 * t, 0]);
    expect(findings.reaction).to.equal(undefined);
    for (let t = 0.1; t < 0.4; t += 0.05) rules.observe(t, true, [0.5, 0], [1e-3 * t, 0]);
    expect(texts(findings)[0]).to.equal('left_elbow_joint: 0.500 rad from its command, limit 0.4 rad');
    rules.observe(0.5, false, [0.5, 0], [0, 0]);
    expect(findings.reset()).to.have.length(0);
  });

  it('stops for a measurement that stays the same to the last bit while the command moves', () => {
    const { findings, rules } = make();
    for (let k = 0; k < 10; k++) rules.observe(0.05 * k, true, [0.004 * k, 0.01 * k], [0.1, 0.01 * k]);
    expect(findings.reaction).to.equal(undefined);
    for (let k = 10; k < 20; k++) rules.observe(0.05 * k, true, [0.004 * k, 0.01 * k], [0.1, 0.01 * k]);
    expect(findings.reasons().map(({ cause }) => cause)).to.deep.equal(['joint_frozen']);
    rules.observe(1.1, true, [0.1, 0], [0.1001, 0]);
    expect(findings.reset()).to.have.length(0);
  });

  it('bears a measurement that is told more rarely than the command moves far', () => {
    const { findings, rules } = make();
    for (let k = 0; k < 20; k++) rules.observe(0.01 * k, true, [0.06 * k, 0], [0.06 * (k - (k % 4)), 0.01 * k]);
    expect(findings.reaction).to.equal(undefined);
    for (let k = 20; k < 26; k++) rules.observe(0.01 * k, true, [0.06 * k, 0], [0.06 * 16, 0.01 * k]);
    expect(findings.reasons().map(({ cause }) => cause)).to.include('joint_frozen');
  });

  it('stops much sooner where no joint at all changes', () => {
    const { findings, rules } = make();
    for (let k = 0; k < 20; k++) rules.observe(0.01 * k, true, [0, 0], [0.1, 0.2]);
    expect(findings.reaction).to.equal(undefined);
    rules.observe(0.2, true, [0.002, 0], [0.1, 0.2]);
    expect(texts(findings)).to.deep.equal([
      "no joint's measurement has changed 20 times in a row while the command moves",
    ]);
    rules.observe(0.21, true, [0.002, 0], [0.1, 0.2001]);
    expect(findings.reset()).to.have.length(0);
  });
});

describe('BaseRules', () => {
  const tilted = (angle: number, noise = 0): ImuObservation => ({
    orientation: [0, Math.sin(angle / 2), 0, Math.cos(angle / 2)],
    angularVelocity: [noise, 0, 0],
    linearAcceleration: [0, 0, 9.81],
  });
  const make = () => {
    const findings = makeFindings();
    return { findings, rules: new BaseRules(config.limits.base, findings) };
  };

  it('judges the tilt', () => {
    const { findings, rules } = make();
    const cause = (angle: number) => {
      rules.observe(0, tilted(angle));
      return findings.reasons()[0]?.cause;
    };
    expect(cause(0.3)).to.equal(undefined);
    expect(cause(-0.36)).to.equal('base_tilted');
    expect(cause(0.8)).to.equal('base_fallen');
    expect(findings.reaction).to.equal('category_0');
    rules.observe(0, tilted(0));
    expect(findings.reset()).to.have.length(0);
  });

  it('stops for what an IMU cannot measure', () => {
    for (const change of [
      { orientation: [0, 0, 0, 0] },
      { orientation: [0, 0, 0, Number.NaN] },
      { angularVelocity: [0, 40, 0] },
      { linearAcceleration: [0, 0, Infinity] },
    ]) {
      const { findings, rules } = make();
      rules.observe(0, { ...tilted(0), ...change });
      expect(findings.reasons()[0]?.cause, JSON.stringify(change)).to.equal('imu_invalid');
    }
  });

  it('stops for one that repeats itself, unless it never did anything else', () => {
    const { findings, rules } = make();
    for (let t = 0; t < 1; t += 0.01) rules.observe(t, tilted(0));
    expect(findings.reaction).to.equal(undefined);
    rules.observe(1, tilted(0, 0.5));
    for (let t = 1.01; t < 2; t += 0.01) rules.observe(t, tilted(0, 0.5));
    expect(findings.reaction, 'one change').to.equal(undefined);
    for (let t = 2; t < 3; t += 0.01) rules.observe(t, tilted(0, 0.001 * t));
    rules.observe(4, tilted(0, 0.003));
    rules.observe(5, tilted(0, 0.003));
    expect(findings.reaction, 'silence').to.equal(undefined);
    for (let t = 5; t < 6; t += 0.01) rules.observe(t, tilted(0, 0.001 * t));
    for (let t = 6; t < 6.2; t += 0.01) rules.observe(t, tilted(0, 0.006));
    expect(findings.reasons()[0]?.cause).to.equal('imu_frozen');
    rules.observe(6.21, tilted(0, 0.007));
    expect(findings.reset()).to.have.length(0);
  });
});

describe('CollisionRules', () => {
  it('is content with the postures of the robot, and stops where an arm is in the trunk', async () => {
    const findings = makeFindings();
    const kinematics = await Kinematics.create(robot);
    const rules = new CollisionRules(robot, kinematics, config.limits.self_collision, findings);
    for (const [k, name] of ['table_work', 'crouch'].entries()) rules.observe(k, robot.posture(name));
    expect(texts(findings)).to.deep.equal([]);
    const posture = robot.posture('table_work');
    posture[robot.index('right_shoulder_roll_joint')] = 0.6;
    posture[robot.index('right_elbow_joint')] = 0.5;
    rules.observe(2.05, posture);
    expect(findings.reasons()[0]?.cause).to.equal('self_collision');
    expect(texts(findings).join()).to.match(/right arm and trunk are -\d+ mm apart, limit -5 mm/);
    rules.observe(2.1, robot.posture('table_work'));
    expect(findings.reset(), 'not judged so soon').to.have.length(findings.reasons().length);
    rules.observe(2.2, robot.posture('table_work'));
    expect(findings.reset()).to.have.length(0);
    kinematics.delete();
  });
});
