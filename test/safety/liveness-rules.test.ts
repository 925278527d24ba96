import { expect } from 'chai';
import { Findings, SafetyLevel } from '../../src/safety/findings.js';
import { LivenessRules } from '../../src/safety/liveness-rules.js';

describe('LivenessRules', () => {
  it('warns until first heard, then stops for silence, each at its level', () => {
    const findings = new Findings();
    const rules = new LivenessRules(
      'node',
      {
        motion_planner: { timeout: 0.5, level: SafetyLevel.protectiveStop },
        recorder: { timeout: 0.5, level: SafetyLevel.warning },
      },
      findings,
    );
    rules.judge(100);
    expect(findings.level).to.equal(SafetyLevel.warning);
    expect(findings.reasons()).to.include('node motion_planner has not been heard yet');
    rules.observe('motion_planner', 100);
    rules.observe('recorder', 100);
    rules.observe('somebody_else', 100);
    rules.judge(100.4);
    expect(findings.reasons()).to.deep.equal([]);
    rules.observe('motion_planner', 100.6);
    rules.judge(101);
    expect(findings.level).to.equal(SafetyLevel.warning);
    rules.judge(101.2);
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
    expect(findings.reasons()[0]).to.equal('node motion_planner has been silent for 0.60 s, its limit is 0.5 s');
    expect(findings.reset()).to.have.length(1);
    rules.observe('motion_planner', 101.3);
    rules.judge(101.3);
    expect(findings.reset()).to.have.length(0);
  });
});
