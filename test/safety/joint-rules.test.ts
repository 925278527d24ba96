import { expect } from 'chai';
import { type Findings, SafetyLevel } from '../../src/safety/findings.js';
import { JointRules } from '../../src/safety/joint-rules.js';
import { config, limits, makeFindings, texts } from './safety-fixture.js';

describe('JointRules', () => {
  let findings: Findings;
  let rules: JointRules;

  beforeEach(() => {
    findings = makeFindings();
    rules = new JointRules(limits, config.limits.joints, findings);
  });

  /** The same state for `seconds`, at 100 Hz. */
  function observe(seconds: number, position: number[], velocity = [0, 0], effort = [0, 0]): void {
    for (let t = 0; t <= seconds + 1e-9; t += 0.01) rules.observe(t, position, velocity, effort);
  }

  it('is content within the limits', () => {
    observe(0.1, [1, -1], [2, -2], [10, -10]);
    expect(texts(findings)).to.deep.equal([]);
  });

  it('warns within the margin of a position limit, and forgets it', () => {
    observe(0.1, [0, 1.1]);
    expect(findings.level).to.equal(SafetyLevel.warning);
    expect(texts(findings)[0]).to.equal(
      'right_elbow_joint: position 1.1 rad is past its limit -1…1 rad, within the margin',
    );
    observe(0.1, [0, 0.9]);
    expect(findings.level).to.equal(SafetyLevel.ok);
  });

  it('stops for a position, a velocity, a torque beyond limit and margin, and names them', () => {
    observe(0.1, [-1.2, 0]);
    expect(texts(findings)).to.deep.equal(['left_elbow_joint: position -1.2 rad is beyond its limit -1…1 rad']);
    observe(0.1, [0, 0], [0, -4.5], [11.5, 0]);
    expect(texts(findings)).to.include('right_elbow_joint: velocity -4.5 rad/s is beyond its limit 2 rad/s');
    expect(texts(findings)).to.include('left_elbow_joint: torque 11.5 N·m is beyond its limit 10 N·m');
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
  });

  it('does not stop for a single sample', () => {
    rules.observe(0, [2, 0], [0, 0], []);
    rules.observe(0.01, [0, 0], [0, 0], []);
    expect(findings.level).to.equal(SafetyLevel.ok);
  });

  it('calls for a stop when a measurement is not finite', () => {
    rules.observe(0, [0, Number.NaN], [0, 0], [0, 0]);
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
    expect(texts(findings)).to.deep.equal(['right_elbow_joint: measured position is NaN']);
    rules.observe(0.01, [0, 0], [Infinity, 0], [0, 0]);
    expect(texts(findings)).to.include('left_elbow_joint: measured velocity is Infinity');
  });

  it('names one joint for many whose measurement is not finite, and forgets them', () => {
    rules.observe(0, [Number.NaN, Number.NaN], [], []);
    expect(texts(findings)).to.deep.equal(['left_elbow_joint: measured position is NaN, as of 1 other joints']);
    rules.observe(0.01, [0, 0], [], []);
    expect(findings.reset()).to.deep.equal([]);
  });

  it('takes the joints of the robot in URDF order only', () => {
    expect(rules.acceptNames(limits.names)).to.equal(true);
    expect(rules.acceptNames(limits.names.toReversed())).to.equal(false);
    expect(texts(findings)).to.deep.equal([
      'joint_states has right_elbow_joint in place 0, where left_elbow_joint is due (URDF order)',
    ]);
    expect(rules.acceptNames(limits.names.slice(1))).to.equal(false);
    expect(texts(findings)).to.deep.equal(['joint_states has 1 names, the robot has 2 joints']);
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
    rules.acceptNames(limits.names);
    expect(findings.reset()).to.deep.equal([]);
  });

  it('stops for an array of a wrong length, and takes empty velocities and efforts', () => {
    rules.observe(0, [0, 0], [], []);
    expect(findings.level).to.equal(SafetyLevel.ok);
    rules.observe(0, [0], [], []);
    expect(texts(findings)).to.deep.equal(['joint_states has 1 values of position, the robot has 2 joints']);
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
  });
});
