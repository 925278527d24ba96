import { expect } from 'chai';
import { type Findings, SafetyLevel } from '../../src/safety/findings.js';
import { LivenessRules } from '../../src/safety/liveness-rules.js';
import { config, makeFindings, texts } from './safety-fixture.js';

const PERIOD = 0.02;
const limits = {
  ...config.limits,
  silence: { startup: 1, settle: 2, nodes: 0.2, topics: 0.1, by_name: { slow_node: 0.5 } },
};

describe('LivenessRules', () => {
  let findings: Findings;
  let rules: LivenessRules;
  let now: number;

  beforeEach(() => {
    findings = makeFindings();
    rules = new LivenessRules(limits, { node: ['planner', 'slow_node'], topic: ['states'] }, PERIOD, findings);
    now = 100;
  });

  /** Time passes, in which all are heard but those that are silent. */
  function pass(seconds: number, silent: readonly string[] = []): void {
    for (let k = 0; k < Math.round(seconds / PERIOD); k++) {
      now += PERIOD;
      for (const name of ['planner', 'slow_node']) if (!silent.includes(name)) rules.observe('node', name, now);
      if (!silent.includes('states')) rules.observe('topic', 'states', now);
      rules.judge(now);
    }
  }

  it('warns until first heard', () => {
    pass(5, ['planner']);
    expect(findings.level).to.equal(SafetyLevel.warning);
    expect(texts(findings)).to.deep.equal(['node planner has not been heard yet']);
  });

  it('is patient while the graph comes up, and until it has settled', () => {
    pass(0.5);
    pass(0.9, ['planner']);
    expect(findings.level).to.equal(SafetyLevel.ok);
    pass(0.2, ['planner']);
    expect(findings.reaction).to.equal('category_2');
    expect(texts(findings)[0]).to.match(/^node planner has been silent for 1.\d+ s, its limit is 1 s$/);
  });

  it('holds the tight limits afterwards, each its own', () => {
    pass(3);
    expect(rules.settled).to.equal(true);
    pass(0.06, ['planner']);
    pass(0.02);
    expect(rules.longestSilences().planner).to.be.closeTo(0.08, 1e-9);
    pass(0.08, ['planner', 'slow_node', 'states']);
    expect(texts(findings)).to.deep.equal([]);
    pass(0.04, ['planner', 'slow_node', 'states']);
    expect(findings.reasons().map(({ cause }) => cause)).to.deep.equal(['topic_silent']);
    // The robot stops; what else is silent has time to come back.
    pass(0.6, ['planner', 'slow_node', 'states']);
    expect(texts(findings)).to.have.length(1);
  });

  it('is patient again once one fell silent, since it is started anew', () => {
    pass(3);
    pass(0.3, ['planner']);
    expect(texts(findings)[0]).to.match(/^node planner .* limit is 0.2 s$/);
    pass(0.9, ['planner', 'states']);
    expect(texts(findings).filter((text) => text.includes('topic'))).to.deep.equal([]);
    pass(2.2);
    expect(findings.reset()).to.deep.equal([]);
    expect(rules.settled).to.equal(true);
  });

  it('stops at once when the process of a node has ended, until that is heard again', () => {
    pass(0.1);
    rules.observeEnd('stranger');
    expect(findings.level).to.equal(SafetyLevel.ok);
    rules.observeEnd('slow_node');
    expect(findings.reaction).to.equal('category_2');
    pass(3, ['slow_node']);
    expect(texts(findings)).to.deep.equal(['the process of node slow_node has ended']);
    expect(findings.reset()).not.to.deep.equal([]);
    pass(0.1);
    expect(findings.reset()).to.deep.equal([]);
    expect(findings.level).to.equal(SafetyLevel.ok);
  });

  it('accuses nobody when it was late itself', () => {
    pass(3);
    now += 1;
    rules.judge(now);
    expect(texts(findings)).to.deep.equal([]);
    pass(0.1);
    expect(texts(findings)).to.deep.equal([]);
  });
});
