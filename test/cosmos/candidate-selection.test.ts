import { expect } from 'chai';
import { ActionNormalisation } from '../../src/action/action-space.js';
import { confidenceOf, feasibilityOf, rejectionsOf, selectCandidate } from '../../src/cosmos/candidate-selection.js';

const normalisation = new ActionNormalisation(new Array(14).fill(0), new Array(14).fill(0.1));
/** Candidates of two waypoints, all of whose numbers are `value`. */
const candidates = (...values: number[]) => Float64Array.from(values.flatMap((value) => new Array(14).fill(value)));
const target = (standardDeviation: number) => ({
  slot: 'target',
  position: [0, 0, 0] as [number, number, number],
  standardDeviation,
});

describe('candidate selection', () => {
  it('takes the candidate closest to the others', () => {
    expect(selectCandidate(candidates(0, 0.1, 5, 0.2, -0.1), normalisation)).to.equal(1);
    expect(selectCandidate(candidates(3), normalisation)).to.equal(0);
  });

  it('keeps to what is under execution', () => {
    const two = candidates(-0.1, 0.1);
    expect(selectCandidate(two, normalisation, new Float64Array(7).fill(0.1))).to.equal(1);
    expect(selectCandidate(two, normalisation, new Float64Array(7).fill(-0.1))).to.equal(0);
    expect(selectCandidate(two, normalisation, new Float64Array(70).fill(0.1))).to.equal(1);
    // A plan far from what is being executed loses to one near it, though the others agree with it.
    expect(selectCandidate(candidates(0, 0, 0.3), normalisation, new Float64Array(7).fill(0.4))).to.equal(2);
  });

  it('says why the others are rejected', () => {
    const actions = candidates(0, 0.1, 0.6);
    const reasons = rejectionsOf(actions, normalisation, 1, Float64Array.of(1, 1, 0.5), new Float64Array(7).fill(0.1));
    expect(reasons).to.deep.equal([
      'farther from the others (3.50 against 3.00 σ); farther from the motion under way (1.00 against 0.00 σ)',
      '',
      'farther from the others (5.50 against 3.00 σ); farther from the motion under way (5.00 against 0.00 σ); ' +
        '1 of 2 waypoints beyond what was demonstrated',
    ]);
    expect(rejectionsOf(candidates(2, 2), normalisation, 0, Float64Array.of(1, 1))[1]).to.equal(
      'as good as the chosen one',
    );
  });

  it('trusts candidates that agree on a target that is well seen', () => {
    expect(confidenceOf(candidates(0.2, 0.2), 2, target(0))).to.be.closeTo(1, 1e-9);
    // ±3 cm/√3 along each axis is a root mean square distance of 3 cm.
    const spread = 0.03 / Math.sqrt(3);
    expect(confidenceOf(candidates(-spread, spread), 2, target(0))).to.be.closeTo(0.5, 1e-9);
    expect(confidenceOf(candidates(0, 0), 2, target(0.03))).to.be.closeTo(0.5, 1e-9);
    expect(confidenceOf(candidates(-spread, spread), 2, target(0.03))).to.be.closeTo(0.25, 1e-9);
    expect(confidenceOf(candidates(-10, 10), 2, target(10))).to.be.within(0, 1e-6);
    expect(confidenceOf(candidates(1), 1, undefined)).to.equal(1);
  });

  it('counts the waypoints within what was demonstrated', () => {
    const actions = candidates(0.39, 0.41, 0);
    actions[2 * 14 + 3] = -1;
    expect([...feasibilityOf(actions, 3, normalisation)]).to.deep.equal([1, 0, 0.5]);
  });
});
