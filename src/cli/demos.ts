import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Demonstration, LeRobotWriter } from '../dataset/lerobot-writer.js';
import { describeScene } from '../dataset/scene-description.js';
import { VideoEncoder } from '../dataset/video-encoder.js';
import type { EpisodeResult } from '../evaluation/rollout.js';
import { Robot } from '../robot/robot.js';
import { packagePath } from '../ros/package-path.js';
import { loadTask } from '../sim/scene.js';
import { Simulation } from '../sim/simulation.js';
import { SUPPORTS } from '../sim/support.js';
import type { DemonstrationJob } from './demos-worker.js';
import { oneOf, parseOptions, shardOf, wholeNumber } from './options.js';
import { runParallel } from './parallel.js';

/** First of the seeds that evaluation uses; no demonstration may show one of them. */
const evaluationSeeds = 500000;
/** Policy steps a second. */
const RATE = 10;

const usage = `
npm run demos -- --task TASK --out DIR [options]

The scripted expert carries out a task in simulation, without ROS and in lock step; the episodes are written as a LeRobot
v2.1 data set of states, from which meta/scene.json tells how to draw what the cameras saw. Episodes in which the expert
failed are written too: meta/episodes.jsonl tells. A data set that was interrupted is taken up where it ended.

  --task TASK      task in config/scenes (pick_and_place)
  --out DIR        directory of the data set
  --episodes N     layouts to try (100)
  --seed S         first seed; layouts S … S+N-1 (0); 500000 and above are for evaluation
  --shard I/N      every N-th of these layouts only, beginning with number I (0 … N-1); a directory for each (0/1)
  --workers W      threads (2)
  --images         write the images too, 15 kB a step
  --video          write the head camera's colour as MP4, which LeRobot's readers load; needs ffmpeg
  --policy DIR     let this model act in turns with the expert, whose plan stays the label (DAgger)
  --support WHAT   gantry; ground: the robot keeps its balance, with noisy sensors; or harness, which catches it (gantry)
  --clean          do not disturb what the expert executes
  --force          replace DIR
`;

const { values } = parseOptions(usage, {
  task: { type: 'string', default: 'pick_and_place' },
  out: { type: 'string' },
  episodes: { type: 'string', default: '100' },
  seed: { type: 'string', default: '0' },
  shard: { type: 'string', default: '0/1' },
  workers: { type: 'string', default: '2' },
  images: { type: 'boolean', default: false },
  video: { type: 'boolean', default: false },
  policy: { type: 'string' },
  support: { type: 'string', default: 'gantry' },
  clean: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
});

async function main(): Promise<void> {
  const { out } = values;
  if (out === undefined) throw new Error('--out DIR is missing: the directory for the data set');
  const episodes = wholeNumber('episodes', values.episodes, 1);
  const seed = wholeNumber('seed', values.seed);
  if (seed + episodes > evaluationSeeds) {
    throw new Error(`--seed: seeds from ${evaluationSeeds} on are for evaluation, ${seed + episodes - 1} is one`);
  }
  const shard = shardOf(values.shard);
  const workers = wholeNumber('workers', values.workers, 1);
  const task = packagePath(`config/scenes/${values.task}.yaml`);
  const { scene } = loadTask(task);
  if (existsSync(out) && !existsSync(join(out, 'meta', 'info.json')) && !values.force) {
    throw new Error(`--out: ${out} exists and holds no data set; choose another directory or add --force`);
  }
  if (values.force) rmSync(out, { recursive: true, force: true });

  if (values.images && values.video)
    throw new Error('--images and --video exclude each other: raw pictures, or encoded');
  const encoder = values.video ? new VideoEncoder() : undefined;
  const support = oneOf('support', values.support, SUPPORTS);
  const options = { disturbed: !values.clean, images: values.images || values.video, support };
  const { policy } = values;
  const recorded = {
    seed,
    task: values.task,
    shard: values.shard,
    ...options,
    ...(policy && { policy: basename(policy) }),
    ...(encoder && { video: true }),
  };
  const writer = new LeRobotWriter(out, RATE, recorded, encoder);
  const job: DemonstrationJob = { robot: packagePath('config/robot.yaml'), task, options, policy };
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const simulation = await Simulation.create(robot, scene);
  const description = await describeScene(robot, scene, simulation.model);
  simulation.delete();
  writeFileSync(join(out, 'meta', 'scene.json'), `${JSON.stringify(description)}\n`);

  const layouts = Array.from({ length: episodes }, (_, i) => i).filter((i) => i % shard.count === shard.index);
  const there = writer.seeds;
  const todo = layouts.map((i) => seed + i).filter((layout) => !there.has(layout));
  if (todo.length < layouts.length) console.log(`${layouts.length - todo.length} of ${layouts.length} are there`);
  const causes = new Map<string, number>();
  const started = performance.now();
  await runParallel<{ result: EpisodeResult; demonstration: Demonstration }>(
    new URL('./demos-worker.js', import.meta.url),
    job,
    todo,
    workers,
    ({ result: { success, cause }, demonstration }, done) => {
      writer.add(demonstration);
      if (!success) causes.set(cause, (causes.get(cause) ?? 0) + 1);
      const minutes = (performance.now() - started) / 60000;
      const { successes } = writer.count;
      process.stdout.write(
        `\r${done}/${todo.length} layouts, ${successes} demonstrations, ${(done / minutes).toFixed(0)} a minute `,
      );
    },
  );
  const { successes, episodes: all, frames } = writer.count;
  console.log(
    `\n${policy === undefined ? 'expert' : 'policy and expert'} succeeded on ${successes} of ${all} layouts, ${frames} steps`,
  );
  for (const [cause, count] of causes) console.log(`  ${count} × ${cause}`);
}

await main().catch((error: Error) => {
  console.error(`demos: ${error.message}`);
  process.exitCode = 1;
});
