import { expect } from 'chai';
import { type Declaration, stopsBy, TOLERATED } from '../../src/faults/fault.js';
import { judge } from '../../src/faults/verdict.js';

const CAUSES = {
  reference_silent: { layer: 'loop', reaction: 'category_2', deadline: 0.005 },
  state_not_finite: { layer: 'loop', reaction: 'category_0', deadline: 0.002 },
  cycles_missed: { layer: 'loop', reaction: 'slow', deadline: 0.002 },
  monitor_silent: { layer: 'loop', reaction: 'category_2', deadline: 0.005 },
  imu_invalid: { layer: 'monitor', reaction: 'category_2', deadline: 0.05 },
} as const;

const silent = stopsBy('reference_silent', 0.25);
const broken = stopsBy('state_not_finite');
const slow = stopsBy('cycles_missed');
const at = (time: number, declared: Declaration) => ({ time, declared });
const stopped = (reaction: 'category_2' | 'category_0', time: number) => ({
  reaction,
  time,
  resumed: false,
  causes: ['x'],
});
const NOTHING = { reaction: undefined, time: undefined, resumed: false, causes: [] };

describe('judge', () => {
  it('finds nothing where a stop comes in time, or none is called for', () => {
    const { problems, reactionTime } = judge([at(10, silent)], stopped('category_2', 10.2), CAUSES);
    expect(problems).to.deep.equal([]);
    expect(reactionTime).to.be.closeTo(0.2, 1e-9);
    for (const declared of [TOLERATED, slow, { ...silent, optional: true }]) {
      expect(judge([at(10, declared)], NOTHING, CAUSES)).to.deep.equal({ problems: [], reactionTime: undefined });
    }
  });

  it('finds a stop that is missing, too weak, too late, or not declared', () => {
    const cases = [
      [[at(10, silent)], NOTHING, /no stop, category_2 is declared/],
      [[at(10, broken)], stopped('category_2', 10.001), /reacted with category_2 \(x\), declared is category_0/],
      [[at(10, silent)], stopped('category_2', 10.255 + 0.1), /100 ms after the deadline/],
      [[at(10, silent)], stopped('category_0', 10.2), /reacted with category_0 \(x\), declared is category_2/],
      [[at(10, TOLERATED)], stopped('category_2', 10.2), /declared is nothing/],
      [[at(10, { ...silent, optional: true })], stopped('category_0', 10.2), /declared is category_2/],
    ] as const;
    for (const [faults, seen, problem] of cases) {
      expect(judge(faults, seen, CAUSES).problems.join()).to.match(problem);
    }
  });

  it('asks for the most severe of two faults, each in its time', () => {
    const both = [at(10, silent), at(10.3, broken)];
    expect(judge(both, stopped('category_0', 10.25), CAUSES).problems).to.deep.equal([]);
    expect(judge(both, stopped('category_2', 10.25), CAUSES).problems).to.deep.equal([
      'reacted with category_2, category_0 is declared',
    ]);
    expect(judge([at(10, TOLERATED), at(10.3, broken)], stopped('category_0', 10.301), CAUSES).problems).to.deep.equal(
      [],
    );
  });

  it('lets the loop stop for a monitor that is silent where only the monitor could see the other fault', () => {
    const gone = at(10, stopsBy('monitor_silent', 0.3));
    expect(
      judge([gone, at(10.02, stopsBy('imu_invalid'))], stopped('category_2', 10.3), CAUSES).problems,
    ).to.deep.equal([]);
    const late = judge([gone, at(10.02, silent)], stopped('category_2', 10.34), CAUSES).problems;
    expect(late.join()).to.match(/^reacted 35 ms after the deadline/);
    expect(judge([at(10, stopsBy('imu_invalid'))], stopped('category_2', 10.3), CAUSES).problems).to.have.length(1);
  });

  it('finds a robot that left a stop by itself', () => {
    const seen = { ...stopped('category_2', 10.2), resumed: true };
    expect(judge([at(10, silent)], seen, CAUSES).problems).to.deep.equal(['left a stop without a reset']);
  });
});
