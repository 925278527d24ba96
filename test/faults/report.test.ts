import { expect } from 'chai';
import type { RunResult } from '../../src/faults/campaign.js';
import { faultTable, summarise } from '../../src/faults/report.js';

const truth = {
  violations: [0, 0, 0],
  excess: [],
  excessJoint: [],
  fallen: false,
  caught: false,
  dropped: [],
} as const;

function run(number: number, names: readonly string[], changes: Partial<RunResult> = {}): RunResult {
  return {
    run: number,
    faults: names.map((name) => ({ name, detail: '' })),
    declared: ['reference_silent'],
    reaction: 'category_2',
    time: (200 + 10 * number) / 1000,
    causes: ['reference_silent'],
    problems: [],
    truth,
    ...changes,
  };
}

describe('campaign report', () => {
  const results = [
    run(0, ['kill motion_planner']),
    run(1, ['kill motion_planner'], { problems: ['reacted late'] }),
    run(2, ['push'], { declared: [], reaction: 'none', time: undefined }),
    run(4, ['push'], { declared: [], reaction: 'none', time: undefined, truth: { ...truth, caught: true } }),
    run(3, ['push', 'kill motion_planner'], { truth: { ...truth, violations: [0, 3, 0], dropped: ['red_cup'] } }),
  ];

  it('counts runs, and what was not as it should be', () => {
    const figures = summarise(results, 7);
    expect(figures).to.deep.include({ runs: 5, seed: 7, violations: 1, undeclared: 1, falls: 0, drops: 1 });
    expect(figures.catches).to.equal(1);
    expect(figures.notable.map((result) => result.run)).to.deep.equal([1, 4, 3]);
    expect(figures.by_fault['kill motion_planner']).to.deep.equal({
      n: 3,
      declared: ['reference_silent'],
      reaction: { category_2: 2 },
      time_p50_s: 0.2,
      time_max_s: 0.21,
      undeclared: 1,
    });
    expect(figures.by_fault.push).to.deep.include({ n: 3, declared: [], reaction: { none: 2 }, time_p50_s: undefined });
  });

  it('writes a table', () => {
    const lines = faultTable(summarise(results, 7)).split('\n');
    expect(lines).to.include('| kill motion_planner | 3 | reference_silent | 2 × category 2 | 200 | 210 | 1 |');
    expect(lines).to.include('| push | 3 | tolerated | 2 × none |  |  | 0 |');
  });
});
