import { expect } from 'chai';
import { formatHeartbeat, parseHeartbeat } from '../../src/ros/heartbeat.js';

describe('heartbeat', () => {
  it('reads what it writes', () => {
    const beat = { name: '/ns/motion_planner', state: 'active', pid: 4711 } as const;
    expect(parseHeartbeat(formatHeartbeat(beat))).to.deep.equal(beat);
  });

  it('takes other texts for none', () => {
    for (const text of ['', 'node active 1', '/node running 1', '/node active', '/node active x']) {
      expect(parseHeartbeat(text), text).to.equal(undefined);
    }
  });
});
