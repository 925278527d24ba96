import { existsSync, rmSync } from 'node:fs';
import { type Demonstration, LeRobotWriter } from '../dataset/lerobot-writer.js';
import type { EpisodeResult } from '../evaluation/rollout.js';
import { packagePath } from '../ros/package-path.js';
import { loadTask } from '../sim/scene.js';
import { parseOptions, wholeNumber } from './options.js';
import { runParallel } from './parallel.js';

/** First of the seeds that evaluation uses; no demonstration may show one of them. */
const evaluationSeeds = 500000;

const usage = `
npm run demos -- --task TASK --out DIR [options]

The scripted expert carries out a task in simulation, without ROS and in lock step; successful episodes are written as
a LeRobot v2.1 data set.

  --task TASK      task in config/scenes (pick_and_place)
  --out DIR        directory of the data set; it must not exist, or --force
  --episodes N     layouts to try (100)
  --seed S         first seed; layouts S … S+N-1 (0); 500000 and above are for evaluation
  --workers W      threads (2)
  --clean          do not disturb what the expert executes
  --force          replace DIR
`;

const { values } = parseOptions(usage, {
  task: { type: 'string', default: 'pick_and_place' },
  out: { type: 'string' },
  episodes: { type: 'string', default: '100' },
  seed: { type: 'string', default: '0' },
  workers: { type: 'string', default: '2' },
  clean: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
});

async function main(): Promise<void> {
  if (values.out === undefined) throw new Error('--out DIR is missing: the directory for the data set');
  const episodes = wholeNumber('episodes', values.episodes, 1);
  const seed = wholeNumber('seed', values.seed);
  if (seed + episodes > evaluationSeeds) {
    throw new Error(`--seed: seeds from ${evaluationSeeds} on are for evaluation, ${seed + episodes - 1} is one`);
  }
  const workers = wholeNumber('workers', values.workers, 1);
  const task = packagePath(`config/scenes/${values.task}.yaml`);
  loadTask(task);
  if (existsSync(values.out)) {
    if (!values.force) throw new Error(`--out: ${values.out} exists; choose another directory or add --force`);
    rmSync(values.out, { recursive: true });
  }

  const writer = new LeRobotWriter(values.out, 10, seed);
  const causes = new Map<string, number>();
  const started = performance.now();
  let successes = 0;
  await runParallel<{ result: EpisodeResult; demonstration: Demonstration }>(
    new URL('./demos-worker.js', import.meta.url),
    { robot: packagePath('config/robot.yaml'), task, disturbed: !values.clean },
    Array.from({ length: episodes }, (_, i) => seed + i),
    workers,
    ({ result, demonstration }, done) => {
      if (result.success) {
        successes++;
        writer.add(demonstration);
      } else {
        causes.set(result.cause, (causes.get(result.cause) ?? 0) + 1);
      }
      const minutes = (performance.now() - started) / 60000;
      process.stdout.write(
        `\r${done}/${episodes} layouts, ${successes} demonstrations, ${(done / minutes).toFixed(0)} a minute `,
      );
    },
  );
  writer.finish();
  console.log(`\nexpert succeeded on ${successes} of ${episodes} layouts`);
  for (const [cause, count] of causes) console.log(`  ${count} × ${cause}`);
}

await main().catch((error: Error) => {
  console.error(`demos: ${error.message}`);
  process.exitCode = 1;
});
