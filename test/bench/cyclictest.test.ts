import { expect } from 'chai';
import { parseHistogram } from '../../bench/control/cyclictest.js';

describe('cyclictest', () => {
  const output = [
    '# /dev/cpu_dma_latency set to 0us',
    '# Histogram',
    '000010 000500',
    '000020 000480',
    '000100 000015',
    '# Total: 000000995',
    '# Min Latencies: 00010',
    '# Max Latencies: 02500',
    '# Histogram Overflows: 00005',
  ].join('\n');

  it('reads quantiles from its histogram; what lies beyond counts as the largest', () => {
    expect(parseHistogram(output)).to.deep.equal({ p50: 10, p99: 100, p999: 2500, max: 2500 });
  });

  it('says what it wrote instead of a histogram', () => {
    expect(() => parseHistogram('WARN: no permission')).to.throw('WARN: no permission');
  });
});
