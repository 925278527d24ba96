import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Arm } from '../action/action-chunk.js';
import { readEpisodes } from '../dataset/bag-episodes.js';
import { type BagEpisode, STEP_PERIOD } from '../dataset/episode-reader.js';
import { LeRobotWriter } from '../dataset/lerobot-writer.js';
import { VideoEncoder } from '../dataset/video-encoder.js';
import { Robot } from '../robot/robot.js';
import { packagePath } from '../ros/package-path.js';
import { parseOptions } from './options.js';

const usage = `
npm run dataset -- BAG... --out DIR [options]

Makes a LeRobot v2.1 data set of recordings, so that what the robot did itself can be trained on: one episode for each
instruction, as 'npm run demos' writes them. The actions are the motion that was commanded afterwards. Instructions
that the robot reported as failed are left out.

  --out DIR        directory of the data set; it must not exist, or --force
  --arm ARM        left or right: whose motion is learned (right)
  --failed         take failed instructions too
  --video          write the head camera's colour as MP4, which LeRobot's readers load, instead of raw pictures; needs
                   ffmpeg
  --force          replace DIR
`;

const { values, positionals } = parseOptions(
  usage,
  {
    out: { type: 'string' },
    arm: { type: 'string', default: 'right' },
    failed: { type: 'boolean', default: false },
    video: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
  },
  true,
);

async function main(): Promise<void> {
  const { out, arm } = values;
  if (positionals.length === 0) throw new Error(`needs a BAG\n\n${usage.trim()}`);
  if (out === undefined) throw new Error('--out DIR is missing: the directory for the data set');
  if (arm !== 'left' && arm !== 'right') throw new Error(`--arm: '${arm}' is neither left nor right`);
  const encoder = values.video ? new VideoEncoder() : undefined;
  if (existsSync(out)) {
    if (!values.force) throw new Error(`--out: ${out} exists; choose another directory or add --force`);
    if (!existsSync(join(out, 'meta', 'info.json'))) {
      throw new Error(`--force: ${out} holds no data set (no meta/info.json); choose another directory`);
    }
  }
  const part = `${out}.part`;
  rmSync(part, { recursive: true, force: true });
  try {
    await convert(part, arm as Arm, encoder);
    // What there was is replaced only by what is whole.
    rmSync(out, { recursive: true, force: true });
    renameSync(part, out);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

/** Writes the episodes of all recordings into the data set `part`. */
async function convert(part: string, arm: Arm, encoder: VideoEncoder | undefined): Promise<void> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const writer = new LeRobotWriter(part, 1 / STEP_PERIOD, { recordings: positionals, arm }, encoder);
  const origins = new Set<string>();
  let episodes = 0;
  let steps = 0;
  for (const bag of positionals) {
    for await (const episode of readEpisodes(bag, robot, arm)) {
      const reason = refusal(episode);
      console.log(`${bag}: "${episode.instruction}", ${episode.outcome}: ${reason || `${episode.steps.length} steps`}`);
      if (reason !== '') continue;
      const { outcome } = episode;
      writer.add({ ...episode, ...(outcome !== 'unknown' && { success: outcome === 'succeeded' }) });
      origins.add(episode.objects);
      episodes++;
      steps += episode.steps.length;
    }
  }
  if (episodes === 0) throw new Error('the recordings hold no instruction that can be used');
  writer.describe({ objects: [...origins] });
  console.log(`${episodes} episodes, ${steps} steps in ${values.out}`);
}

/** Why an episode is left out; '' where it is not. */
function refusal({ outcome, problem }: BagEpisode): string {
  if (problem !== '') return `left out, ${problem}`;
  return outcome === 'failed' && !values.failed ? 'left out (--failed takes it)' : '';
}

await main().catch((error: Error) => {
  console.error(`dataset: ${error.message}`);
  process.exitCode = 1;
});
