import { expect } from 'chai';
import { type Findings, SafetyLevel } from '../../src/safety/findings.js';
import { LoopRules } from '../../src/safety/loop-rules.js';
import { config, makeFindings, texts } from './safety-fixture.js';

describe('LoopRules', () => {
  let findings: Findings;
  let rules: LoopRules;
  const running = { mode: 0, causes: [], speedScale: 1, cycles: 0, missed: 0, carried: false };

  beforeEach(() => {
    findings = makeFindings();
    rules = new LoopRules(config.limits.overruns, findings);
  });

  /** Two seconds at 20 Hz in which a share of the cycles is missed. */
  function run(share: number, from = 0): void {
    for (let k = 0; k <= 40; k++) {
      const total = from * 1000 + k * 50;
      const loop = { ...running, cycles: total * (1 - share), missed: total * share };
      rules.observe(from + k * 0.05, loop, findings.reaction);
    }
  }

  it('judges the share of missed cycles over the last second', () => {
    run(0.01);
    expect(findings.level).to.equal(SafetyLevel.ok);
    run(0.1, 10);
    expect(findings.level).to.equal(SafetyLevel.warning);
    expect(texts(findings)[0]).to.contain('missed 10.0 % of its cycles in the last second, limit 5 %');
    run(0.5, 20);
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
  });

  it('does not judge a loop that warms up', () => {
    run(0.5);
    expect(findings.level).to.equal(SafetyLevel.ok);
  });

  it('starts anew when the loop does', () => {
    run(0.01);
    rules.observe(3, { ...running, cycles: 10, missed: 9 }, undefined);
    expect(findings.level).to.equal(SafetyLevel.ok);
  });

  it('makes a stop of the loop a stop of the robot, which does not block the reset', () => {
    const hold = { ...running, mode: 1, causes: ['no joint trajectory arrived in time'] };
    rules.observe(1, hold, undefined);
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
    expect(texts(findings)).to.deep.equal(['joint_controller stopped by itself: no joint trajectory arrived in time']);
    expect(findings.reset()).to.deep.equal([]);
    rules.reset(2);
    rules.observe(2.1, hold, findings.reaction);
    expect(findings.level).to.equal(SafetyLevel.ok);
    // The loop refused to follow the reset.
    rules.observe(2.6, hold, findings.reaction);
    expect(findings.level).to.equal(SafetyLevel.protectiveStop);
  });

  it('takes a stop that answers its own for no news', () => {
    rules.observe(1, { ...running, mode: 1, causes: ['protective stop requested'] }, 'category_2');
    expect(texts(findings)).to.deep.equal([]);
    // The crouch of a controlled stop ends in damping.
    rules.observe(1, { ...running, mode: 3, causes: [] }, 'category_1');
    expect(texts(findings)).to.deep.equal([]);
    rules.observe(1, { ...running, mode: 3, causes: [] }, 'category_2');
    expect(findings.reaction).to.equal('category_0');
  });
});
