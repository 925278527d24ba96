import { expect } from 'chai';
import { ReactionWatch } from '../../src/faults/reaction-watch.js';

const [RUNNING, HOLD, DAMPING] = [0, 1, 3];
const NONE = 255;

describe('ReactionWatch', () => {
  it('keeps the first stop of the run, the most severe one, and their causes', () => {
    const watch = new ReactionWatch(100);
    watch.observeLoop({ mode: HOLD, since: 99, causes: ['shutdown'] });
    watch.observeMonitor({ category: NONE, stamp: 100.5, causes: ['not_heard'] });
    expect(watch.observation).to.deep.equal({ reaction: undefined, time: undefined, resumed: false, causes: [] });
    watch.observeMonitor({ category: 2, stamp: 100.4, causes: ['node_silent'] });
    watch.observeLoop({ mode: HOLD, since: 100.3, causes: ['reference_silent'] });
    watch.observeLoop({ mode: DAMPING, since: 100.9, causes: ['reference_silent', 'state_not_finite'] });
    const causes = ['node_silent', 'reference_silent', 'state_not_finite'];
    expect(watch.observation).to.deep.equal({ reaction: 'category_0', time: 100.3, resumed: false, causes });
    expect(watch.causes).to.deep.equal(causes);
  });

  it('notices a stop that is left, unless the loop is a new one', () => {
    const watch = new ReactionWatch(100);
    watch.observeLoop({ mode: HOLD, since: 100.3, causes: [] });
    watch.loopRestarted();
    watch.observeLoop({ mode: RUNNING, since: 101, causes: [] });
    expect(watch.observation.resumed).to.equal(false);
    watch.observeLoop({ mode: HOLD, since: 101.1, causes: [] });
    watch.observeLoop({ mode: RUNNING, since: 101.2, causes: [] });
    expect(watch.observation.resumed).to.equal(true);
  });
});
