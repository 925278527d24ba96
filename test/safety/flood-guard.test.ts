import { expect } from 'chai';
import { FloodGuard } from '../../src/safety/flood-guard.js';

describe('FloodGuard', () => {
  it('lets through what comes at the usual rate, bursts included', () => {
    const guard = new FloodGuard(8, 0.02);
    for (let k = 0; k < 100; k++) expect(guard.admits(10 + 0.01 * k)).to.equal(true);
    // Ten that waited for their reader for 0.1 s: those that came last are newer by less than a window.
    const burst = Array.from({ length: 8 }, (_, k) => guard.admits(12 + 1e-4 * k));
    expect(burst).not.to.include(false);
  });

  it('lets through a bounded share of a flood, and all again when that has passed', () => {
    const guard = new FloodGuard(8, 0.02);
    let admitted = 0;
    for (let k = 0; k < 10_000; k++) if (guard.admits(1e-4 * k)) admitted++;
    expect(admitted).to.be.within(8 * 49, 8 * 51);
    expect(guard.admits(1.1)).to.equal(true);
  });
});
