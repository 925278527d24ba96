import { expect } from 'chai';
import { LoopStatistics } from '../../src/control/loop-statistics.js';

describe('LoopStatistics', () => {
  it('reports what was recorded', () => {
    const statistics = new LoopStatistics();
    for (let k = 0; k < 99; k++) statistics.record(50e-6, 200e-6, 0, 1);
    statistics.record(3e-3, 900e-6, 2, 0.98);
    const report = statistics.report();
    expect([report.cycles, report.missed, report.realTimeFactor]).to.deep.equal([100, 2, 0.98]);
    expect(report.lateUs.p50).to.be.within(48, 52);
    expect(report.lateUs.max).to.be.closeTo(3000, 1e-6);
    expect(report.executionUs.p99).to.be.within(196, 210);
    expect(report.executionUs.max).to.be.closeTo(900, 1e-6);
  });
});
