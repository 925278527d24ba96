import { writeFileSync } from 'node:fs';
import { contactSheet } from '../evaluation/contact-sheet.js';
import { type JudgedEpisode, scoreWorld, type WorldScore } from '../evaluation/world-score.js';
import type { WorldJob } from './evaluate-world-worker.js';
import { runParallel } from './parallel.js';

/** Rows of a contact sheet. */
const SHEET_ROWS = 8;

/** How the world model is evaluated. */
export interface WorldEvaluation {
  readonly job: Omit<WorldJob, 'agent'>;
  readonly agents: readonly WorldJob['agent'][];
  readonly seeds: readonly number[];
  readonly workers: number;
  /** File of the contact sheet, of the first agent's episodes. */
  readonly sheet: string | undefined;
}

/**
 * Judges the world model on episodes of each agent, prints what it finds and draws the contact sheet.
 * @returns the scores by agent
 */
export async function evaluateWorld(evaluation: WorldEvaluation): Promise<Record<string, WorldScore>> {
  const { job, agents, seeds, workers, sheet } = evaluation;
  const scores: Record<string, WorldScore> = {};
  for (const agent of agents) {
    const episodes: JudgedEpisode[] = [];
    await runParallel<JudgedEpisode>(
      new URL('./evaluate-world-worker.js', import.meta.url),
      { ...job, agent } satisfies WorldJob,
      seeds,
      workers,
      (episode, done) => {
        episodes.push(episode);
        process.stdout.write(`\r${agent}: ${done}/${seeds.length} episodes `);
      },
    );
    console.log();
    scores[agent] = scoreWorld(episodes);
    report(scores[agent]);
    if (sheet === undefined || agent !== agents[0]) continue;
    writeFileSync(sheet, contactSheet(episodes.flatMap(({ trial }) => trial.sheet ?? []).slice(0, SHEET_ROWS)));
  }
  return scores;
}

function report({ frames, better_than_baselines, quantities, objects, confidence, moments, success_rate }: WorldScore) {
  console.log(`  ${moments} moments, ${(100 * success_rate).toFixed(0)} % of the episodes succeeded`);
  for (const [ahead, predictors] of Object.entries(frames)) {
    for (const [predictor, { psnr_db, ssim, motion_iou }] of Object.entries(predictors)) {
      const figures = `${psnr_db.toFixed(2)} dB, SSIM ${ssim.toFixed(3)}, motion IoU ${motion_iou.toFixed(3)}`;
      console.log(`  ${ahead.padStart(2)} waypoints ahead  ${predictor.padEnd(22)} ${figures}`);
    }
  }
  console.log(`  better than every baseline in every figure: ${better_than_baselines ? 'yes' : 'no'}`);
  for (const [name, { rmse, mean_rmse, relative }] of Object.entries(quantities)) {
    const compared = relative === null ? 'constant' : `${relative.toFixed(3)} of it`;
    console.log(
      `  ${name.padEnd(20)} error ${rmse.toPrecision(3)}, the mean's ${mean_rmse.toPrecision(3)}: ${compared}`,
    );
  }
  const { median_m, p90_m, count, presence_right } = objects;
  const millimetres = (metres: number) => `${(1000 * metres).toFixed(1)} mm`;
  console.log(`  ${count} objects off by ${millimetres(median_m)} (median), ${millimetres(p90_m)} (p90)`);
  console.log(`  presence right in ${(100 * presence_right).toFixed(1)} %`);
  const { ece, brier, mean, calibration } = confidence;
  console.log(
    `  calibrated by scale ${calibration.scale.toFixed(3)}, offset ${calibration.offset.toFixed(3)} of its logit`,
  );
  console.log(`  confidence ${mean.toFixed(3)} on average: ECE ${ece.toFixed(3)}, Brier ${brier.toFixed(3)}`);
}
