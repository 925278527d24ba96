import { expect } from 'chai';
import { decode } from 'fast-png';
import { contactSheet } from '../../src/evaluation/contact-sheet.js';
import type { Picture } from '../../src/evaluation/image-metrics.js';
import { calibrationError, type JudgedEpisode, scoreWorld } from '../../src/evaluation/world-score.js';
import type { FrameSums } from '../../src/evaluation/world-trial.js';

const sums = (squared: number, similarity: number, both: number): FrameSums => ({
  squared,
  values: 100,
  similarity,
  frames: 1,
  both,
  either: 10,
});

/** An episode of one moment. @param colours motion overlap of the baseline by colours */
function episode(success: boolean, colours = 1): JudgedEpisode {
  return {
    seed: 1,
    success,
    trial: {
      moments: 1,
      frames: new Map([
        [
          1,
          {
            model: sums(100, 0.9, 5),
            copy_last: sums(400, 0.8, 0),
            constant_colour_rate: sums(900, 0.5, colours),
            constant_motion: sums(400, 0.7, 2),
          },
        ],
      ]),
      quantities: [
        { name: 'gravity', truth: [9.81], predicted: [9.8] },
        { name: 'speed', truth: [success ? 1 : 3], predicted: [success ? 1.5 : 2.5] },
      ],
      objects: { cup: success ? [0.01] : [0.03] },
      presenceRight: 3,
      presenceAll: 4,
      confidence: [success ? 0.75 : 0.25],
      sheet: undefined,
    },
  };
}

describe('the score of a world model', () => {
  const score = scoreWorld([episode(true), episode(false)]);

  it('pools frames over episodes and compares them with the baselines', () => {
    const { model, copy_last } = score.frames['1']!;
    expect(model.psnr_db).to.be.closeTo(10 * Math.log10(255 ** 2), 1e-9);
    expect(model.ssim).to.be.closeTo(0.9, 1e-12);
    expect([model.motion_iou, copy_last.motion_iou]).to.deep.equal([0.5, 0]);
    expect(score.better_than_baselines).to.equal(true);
    expect(scoreWorld([episode(true, 6)]).better_than_baselines).to.equal(false);
  });

  it('compares quantities with their mean, unless they are constant', () => {
    expect(score.quantities.speed).to.deep.equal({ rmse: 0.5, mean_rmse: 1, relative: 0.5 });
    expect(score.quantities.gravity!.relative).to.equal(null);
    expect(score.quantities.gravity!.rmse).to.be.closeTo(0.01, 1e-12);
  });

  it('tells how far objects are off, and how well confidence is calibrated', () => {
    expect(score.objects).to.deep.include({ median_m: 0.01, count: 2, presence_right: 0.75 });
    expect(score.confidence.ece).to.be.closeTo(0.25, 1e-12);
    expect(score.confidence.brier).to.be.closeTo(0.0625, 1e-12);
    expect(score.success_rate).to.equal(0.5);
  });

  it('needs something to judge', () => {
    expect(() => scoreWorld([])).to.throw('long enough');
  });
});

describe('the calibration error', () => {
  it('is none where probabilities are shares', () => {
    const given = Array.from({ length: 10 }, (_, i) => ({ p: 0.7, success: i < 7 }));
    expect(calibrationError(given)).to.be.closeTo(0, 1e-12);
    expect(calibrationError(given.map(({ success }) => ({ p: 1, success })))).to.be.closeTo(0.3, 1e-12);
  });
});

describe('the contact sheet', () => {
  it('shows what is seen, then true beside predicted', () => {
    const picture = (level: number): Picture => ({ width: 4, height: 3, color: new Uint8Array(36).fill(level) });
    const frames = [{ truth: picture(200), predicted: picture(250) }];
    const { width, height, data } = decode(contactSheet([{ seen: picture(100), frames }]));
    expect([width, height]).to.deep.equal([4 + 12 + 14 + 12 + 4 + 12 + 4, 4 + 9 + 4]);
    const level = (x: number) => data[3 * (5 * width + x)];
    expect([level(5), level(31), level(47), level(1)]).to.deep.equal([100, 200, 250, 32]);
    expect(() => contactSheet([])).to.throw('no rows');
  });
});
