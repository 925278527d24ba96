import { expect } from 'chai';
import { summarise } from '../../src/evaluation/evaluation-summary.js';
import type { EpisodeResult } from '../../src/evaluation/rollout.js';

describe('what came out of some episodes', () => {
  const episode = (seed: number, duration: number, cause: string): EpisodeResult => ({
    seed,
    instruction: 'pick up the red cup',
    success: cause === '',
    duration,
    cause,
    violations: seed,
  });

  it('takes the mean time over those that succeeded, and counts why others failed', () => {
    const late = 'red_cup was placed too late';
    expect(
      summarise([episode(1, 4, ''), episode(2, 6, ''), episode(3, 12, late), episode(4, 12, late)]),
    ).to.deep.include({
      episodes: 4,
      success_rate: 0.5,
      duration_s: 5,
      violations: 10,
      causes: { [late]: 2 },
    });
  });

  it('has no mean time to success where nothing succeeded', () => {
    const { success_rate, duration_s } = summarise([episode(1, 12, 'red_cup was not reached')]);
    expect({ success_rate, duration_s }).to.deep.equal({ success_rate: 0, duration_s: null });
  });
});
