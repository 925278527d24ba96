import { expect } from 'chai';
import { Findings, SafetyLevel } from '../../src/safety/findings.js';

describe('Findings', () => {
  it('latches stops, not warnings', () => {
    const findings = new Findings();
    findings.set('a', SafetyLevel.warning, 'a is odd');
    findings.clear('a');
    expect([findings.level, findings.latched]).to.deep.equal([SafetyLevel.ok, false]);
    findings.set('b', SafetyLevel.protectiveStop, 'b is wrong');
    findings.clear('b');
    expect([findings.level, findings.latched]).to.deep.equal([SafetyLevel.protectiveStop, true]);
    expect(findings.reasons()).to.deep.equal(['b is wrong (gone; reset to go on)']);
  });

  it('lists the worst first', () => {
    const findings = new Findings();
    findings.set('a', SafetyLevel.warning, 'a');
    findings.set('b', SafetyLevel.emergencyStop, 'b');
    findings.set('c', SafetyLevel.protectiveStop, 'c');
    expect(findings.reasons()).to.deep.equal(['b', 'c', 'a']);
  });

  it('refuses a reset while a cause persists', () => {
    const findings = new Findings();
    findings.set('a', SafetyLevel.protectiveStop, 'a is wrong');
    findings.set('b', SafetyLevel.protectiveStop, 'b is a consequence', false);
    expect(findings.reset()).to.deep.equal(['a is wrong']);
    findings.clear('a');
    expect(findings.reset()).to.deep.equal([]);
    expect(findings.level).to.equal(SafetyLevel.ok);
  });

  it('keeps the level of a latched finding that has become milder', () => {
    const findings = new Findings();
    findings.set('a', SafetyLevel.protectiveStop, 'far beyond');
    findings.set('a', SafetyLevel.warning, 'a little beyond');
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
    expect(findings.reasons()).to.deep.equal(['far beyond']);
    expect(findings.reset()).to.deep.equal([]);
    expect(findings.level).to.equal(SafetyLevel.warning);
  });
});
