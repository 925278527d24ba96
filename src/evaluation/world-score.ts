import { percentile } from '../math/percentile.js';
import { type Calibration, fitCalibration } from './confidence-calibration.js';
import { psnr } from './image-metrics.js';
import { type FrameSums, PREDICTORS, type Predictor, type WorldTrial } from './world-trial.js';

/** Bins of the calibration error. */
const BINS = 10;
/** A quantity that varies less, in its unit, is constant: a mean predicts it perfectly. */
const CONSTANT = 1e-6;

/** An episode and what it says of the world model. */
export interface JudgedEpisode {
  readonly seed: number;
  readonly success: boolean;
  readonly trial: WorldTrial;
}

export interface FrameScore {
  /** Of the mean squared error over all frames, dB. */
  readonly psnr_db: number;
  /** Mean structural similarity. */
  readonly ssim: number;
  /** Intersection over union of the motion masks, pooled over all frames. */
  readonly motion_iou: number;
}

export interface QuantityScore {
  /** Root mean square error, in the quantity's unit. */
  readonly rmse: number;
  /** That of always predicting the mean of these very moments, which knows more than a mean of the training data. */
  readonly mean_rmse: number;
  /** One over the other; null where the quantity is constant. */
  readonly relative: number | null;
}

export interface WorldScore {
  readonly episodes: number;
  readonly success_rate: number;
  readonly moments: number;
  /** By waypoints ahead, and predictor. */
  readonly frames: Record<string, Record<Predictor, FrameScore>>;
  readonly better_than_baselines: boolean;
  readonly quantities: Record<string, QuantityScore>;
  /** Visible objects that are not fixed in the scene: distance of the belief from the truth, m. */
  readonly objects: {
    readonly median_m: number;
    readonly p90_m: number;
    readonly count: number;
    readonly by_name: Record<string, number>;
    readonly presence_right: number;
  };
  /** Of the probabilities of success given at the moments, against how their episodes ended. */
  readonly confidence: {
    readonly ece: number;
    readonly brier: number;
    readonly mean: number;
    /** What would calibrate it on these episodes: for the model card, from episodes that nothing is judged by. */
    readonly calibration: Calibration;
  };
}

/** What episodes say of the world model together. @param episodes with at least one judged moment in all */
export function scoreWorld(episodes: readonly JudgedEpisode[]): WorldScore {
  const trials = episodes.map(({ trial }) => trial);
  const moments = trials.reduce((sum, trial) => sum + trial.moments, 0);
  if (moments === 0) throw new Error('no episode lasts long enough for a moment to be judged');
  const frames = scoreFrames(trials);
  const all = trials.flatMap(({ objects }) => Object.values(objects).flat());
  const names = new Set(trials.flatMap(({ objects }) => Object.keys(objects)));
  const given = episodes.flatMap(({ trial, success }) => trial.confidence.map((p) => ({ p, success })));
  const brier = given.reduce((sum, { p, success }) => sum + (p - (success ? 1 : 0)) ** 2, 0) / given.length;
  return {
    episodes: episodes.length,
    success_rate: episodes.filter(({ success }) => success).length / episodes.length,
    moments,
    frames,
    better_than_baselines: Object.values(frames).every(({ model, ...baselines }) =>
      Object.values(baselines).every(
        (other) => model.psnr_db > other.psnr_db && model.ssim > other.ssim && model.motion_iou > other.motion_iou,
      ),
    ),
    quantities: scoreQuantities(trials),
    objects: {
      median_m: percentile(all, 0.5),
      p90_m: percentile(all, 0.9),
      count: all.length,
      by_name: Object.fromEntries(
        [...names].sort().map((name) => [
          name,
          percentile(
            trials.flatMap(({ objects }) => objects[name] ?? []),
            0.5,
          ),
        ]),
      ),
      presence_right:
        trials.reduce((sum, { presenceRight }) => sum + presenceRight, 0) /
        trials.reduce((sum, { presenceAll }) => sum + presenceAll, 0),
    },
    confidence: {
      ece: calibrationError(given),
      brier,
      mean: given.reduce((sum, { p }) => sum + p, 0) / given.length,
      calibration: fitCalibration(given),
    },
  };
}

function scoreFrames(trials: readonly WorldTrial[]): Record<string, Record<Predictor, FrameScore>> {
  const horizons = [...new Set(trials.flatMap(({ frames }) => [...frames.keys()]))].sort((a, b) => a - b);
  const score = (ahead: number, predictor: Predictor): FrameScore => {
    const sums = trials.flatMap(({ frames }) => frames.get(ahead)?.[predictor] ?? []);
    const total = (key: keyof FrameSums) => sums.reduce((sum, each) => sum + each[key], 0);
    return {
      psnr_db: psnr(total('squared') / total('values')),
      ssim: total('similarity') / total('frames'),
      motion_iou: total('either') === 0 ? 1 : total('both') / total('either'),
    };
  };
  return Object.fromEntries(
    horizons.map((ahead) => [
      String(ahead),
      Object.fromEntries(PREDICTORS.map((predictor) => [predictor, score(ahead, predictor)])) as Record<
        Predictor,
        FrameScore
      >,
    ]),
  );
}

function scoreQuantities(trials: readonly WorldTrial[]): Record<string, QuantityScore> {
  const names = trials.find(({ quantities }) => quantities.length > 0)!.quantities.map(({ name }) => name);
  return Object.fromEntries(
    names.map((name, i) => {
      const truth = trials.flatMap(({ quantities }) => quantities[i]?.truth ?? []);
      const predicted = trials.flatMap(({ quantities }) => quantities[i]?.predicted ?? []);
      const mean = truth.reduce((sum, value) => sum + value, 0) / truth.length;
      const rms = (values: readonly number[]) =>
        Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
      const rmse = rms(truth.map((value, k) => predicted[k]! - value));
      const spread = rms(truth.map((value) => value - mean));
      return [name, { rmse, mean_rmse: spread, relative: spread < CONSTANT ? null : rmse / spread }];
    }),
  );
}

/**
 * Expected calibration error (C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017):
 * Σ_bins n_bin/n · |mean probability − share of successes|, 10 bins of equal width.
 */
export function calibrationError(given: readonly { readonly p: number; readonly success: boolean }[]): number {
  const bins = Array.from({ length: BINS }, () => ({ count: 0, probability: 0, successes: 0 }));
  for (const { p, success } of given) {
    const bin = bins[Math.min(Math.floor(p * BINS), BINS - 1)]!;
    bin.count++;
    bin.probability += p;
    bin.successes += success ? 1 : 0;
  }
  return bins.reduce((sum, bin) => sum + Math.abs(bin.probability - bin.successes), 0) / given.length;
}
