import { expect } from 'chai';
import { type Findings, SafetyLevel } from '../../src/safety/findings.js';
import { type CommandedTrajectory, TrajectoryRules } from '../../src/safety/trajectory-rules.js';
import { limits, makeFindings, texts } from './safety-fixture.js';

function trajectory(change: { position?: [number, number]; velocity?: [number, number]; joints?: number }) {
  const result = {
    joints: change.joints ?? 2,
    count: 3,
    time: [1, 1.01, 1.02],
    position: new Float64Array(6),
    velocity: new Float64Array(6),
  } satisfies CommandedTrajectory;
  for (const key of ['position', 'velocity'] as const) {
    const [index, value] = change[key] ?? [0, 0];
    result[key][index] = value;
  }
  return result;
}

describe('TrajectoryRules', () => {
  let findings: Findings;
  let rules: TrajectoryRules;

  beforeEach(() => {
    findings = makeFindings();
    rules = new TrajectoryRules(limits, findings);
  });

  const cases: [string, Parameters<typeof trajectory>[0], SafetyLevel, string][] = [
    ['a sound one', {}, SafetyLevel.ok, ''],
    [
      'not finite',
      { position: [3, Number.NaN] },
      SafetyLevel.protectiveStop,
      'right_elbow_joint at point 1 is NaN rad',
    ],
    ['not finite in velocity', { velocity: [0, Infinity] }, SafetyLevel.protectiveStop, 'Infinity rad/s'],
    ['outside', { position: [4, 1.2] }, SafetyLevel.protectiveStop, 'left_elbow_joint at point 2 is 1.200 rad'],
    ['another robot', { joints: 3 }, SafetyLevel.protectiveStop, '3 joints, the robot has 2'],
    // 0.03 rad in 10 ms are 3 rad/s, however small they look as a difference.
    ['fast between points', { position: [5, 0.03] }, SafetyLevel.warning, 'moves at 3.000 rad/s, its limit is 2'],
    ['a jump between points', { position: [5, 0.5] }, SafetyLevel.protectiveStop, 'moves at 50.000 rad/s'],
    ['fast', { velocity: [1, -2.5] }, SafetyLevel.warning, 'right_elbow_joint at point 0 moves at 2.500 rad/s'],
  ];
  for (const [name, change, level, reason] of cases) {
    it(`judges a trajectory: ${name}`, () => {
      rules.observe(0, trajectory(change));
      expect(findings.level).to.equal(level);
      expect(texts(findings).join()).to.contain(reason);
    });
  }

  it('stops for times that do not increase', () => {
    rules.observe(0, { ...trajectory({}), time: [1, 1, 2] });
    expect(texts(findings)[0]).to.contain('times of points 0 and 1 do not increase');
  });

  it('lets a judgement go when a sound trajectory, or none, follows', () => {
    rules.observe(0, trajectory({ position: [4, 1.2] }));
    expect(findings.reset()).to.have.length(1);
    rules.observe(0.01, trajectory({}));
    expect(findings.reset()).to.have.length(0);
    rules.observe(0.02, trajectory({ position: [4, 1.2] }));
    rules.judge(0.6);
    expect(findings.reset()).to.have.length(0);
  });
});
