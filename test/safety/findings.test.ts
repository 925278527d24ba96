import { expect } from 'chai';
import { SafetyLevel } from '../../src/safety/findings.js';
import { makeFindings, texts } from './safety-fixture.js';

describe('Findings', () => {
  it('latches stops, not warnings', () => {
    const findings = makeFindings();
    findings.set('a', 'joint_at_limit', 'a is odd');
    findings.clear('a');
    expect([findings.level, findings.latched]).to.deep.equal([SafetyLevel.ok, false]);
    findings.set('b', 'joint_position', 'b is wrong');
    findings.clear('b');
    expect([findings.level, findings.latched]).to.deep.equal([SafetyLevel.protectiveStop, true]);
    expect(findings.reasons()).to.deep.equal([{ cause: 'joint_position', text: 'b is wrong (gone; reset to go on)' }]);
  });

  it('lists the worst first', () => {
    const findings = makeFindings();
    findings.set('a', 'joint_at_limit', 'a');
    findings.set('b', 'base_fallen', 'b');
    findings.set('c', 'joint_position', 'c');
    findings.set('d', 'base_tilted', 'd');
    expect(texts(findings)).to.deep.equal(['b', 'd', 'c', 'a']);
    expect(findings.reaction).to.equal('category_0');
  });

  it('refuses a reset while a cause persists', () => {
    const findings = makeFindings();
    findings.set('a', 'joint_position', 'a is wrong');
    findings.set('b', 'loop_stopped', 'b is a consequence', 'category_0', false);
    expect(findings.reset()).to.deep.equal(['a is wrong']);
    findings.clear('a');
    expect(findings.reset()).to.deep.equal([]);
    expect(findings.level).to.equal(SafetyLevel.ok);
  });

  it('keeps the level of a latched finding that has become milder', () => {
    const findings = makeFindings();
    findings.set('a', 'joint_position', 'far beyond');
    findings.set('a', 'joint_at_limit', 'a little beyond');
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
    expect(texts(findings)).to.deep.equal(['far beyond']);
    expect(findings.reset()).to.deep.equal([]);
    expect(findings.level).to.equal(SafetyLevel.warning);
  });

  it('tells of each finding once, and again when it grows worse', () => {
    const told: string[] = [];
    const findings = makeFindings(({ cause, layer, reaction }) => told.push(`${layer} ${cause} ${reaction}`));
    for (let k = 0; k < 3; k++) findings.set('tilt', 'base_tilted', `${20 + k}°`);
    findings.set('tilt', 'base_fallen', '46°');
    for (let k = 0; k < 2; k++) findings.set('joint', 'joint_at_limit', 'a little');
    findings.note('request', 'protective_stop', 'by somebody');
    expect(told).to.deep.equal([
      'monitor base_tilted category_1',
      'monitor base_fallen category_0',
      'monitor joint_at_limit warn',
      'operator protective_stop category_2',
    ]);
  });
});
