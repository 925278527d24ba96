import { expect } from 'chai';
import { Findings, SafetyLevel } from '../../src/safety/findings.js';
import { LOOP_RULE_DEFAULTS, LoopRules } from '../../src/safety/loop-rules.js';

describe('LoopRules', () => {
  let findings: Findings;
  let rules: LoopRules;
  const running = { mode: 0, causes: [], cycles: 0, missed: 0 };

  beforeEach(() => {
    findings = new Findings();
    rules = new LoopRules(LOOP_RULE_DEFAULTS, findings);
  });

  /** Two seconds at 20 Hz in which a share of the cycles is missed. */
  function run(share: number, from = 0): void {
    for (let k = 0; k <= 40; k++) {
      const total = from * 1000 + k * 50;
      const loop = { ...running, cycles: total * (1 - share), missed: total * share };
      rules.observe(from + k * 0.05, loop, findings.level);
    }
  }

  it('judges the share of missed cycles over the last second', () => {
    run(0.01);
    expect(findings.level).to.equal(SafetyLevel.ok);
    run(0.1, 10);
    expect(findings.level).to.equal(SafetyLevel.warning);
    expect(findings.reasons()[0]).to.contain('missed 10.0 % of its cycles in the last second, limit 5 %');
    run(0.5, 20);
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
  });

  it('starts anew when the loop does', () => {
    run(0.01);
    rules.observe(3, { ...running, cycles: 10, missed: 9 }, SafetyLevel.ok);
    expect(findings.level).to.equal(SafetyLevel.ok);
  });

  it('makes a stop of the loop a stop of the robot, which does not block the reset', () => {
    const hold = { ...running, mode: 1, causes: ['no joint trajectory arrived in time'] };
    rules.observe(1, hold, SafetyLevel.ok);
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
    expect(findings.reasons()).to.deep.equal([
      'joint_controller stopped by itself: no joint trajectory arrived in time',
    ]);
    expect(findings.reset()).to.deep.equal([]);
    rules.reset(2);
    rules.observe(2.1, hold, findings.level);
    expect(findings.level).to.equal(SafetyLevel.ok);
    // The loop refused to follow the reset.
    rules.observe(2.6, hold, findings.level);
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
  });

  it('takes a stop that answers its own for no news', () => {
    rules.observe(1, { ...running, mode: 1, causes: ['protective stop requested'] }, SafetyLevel.protectiveStop);
    expect(findings.reasons()).to.deep.equal([]);
    rules.observe(1, { ...running, mode: 2, causes: [] }, SafetyLevel.protectiveStop);
    expect(findings.level).to.equal(SafetyLevel.emergencyStop);
  });
});
