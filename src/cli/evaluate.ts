import { writeFileSync } from 'node:fs';
import { defaultPolicyAgent } from '../evaluation/policy-agent.js';
import type { EpisodeResult } from '../evaluation/rollout.js';
import { wilsonInterval } from '../evaluation/wilson-interval.js';
import { packagePath } from '../ros/package-path.js';
import { loadTask } from '../sim/scene.js';
import { parseOptions, wholeNumber } from './options.js';
import { runParallel } from './parallel.js';

const usage = `
npm run evaluate -- --task TASK [options]

Closed loop without ROS, in lock step: the policy sees the simulated head camera and the joints; the result depends on
the seed alone.

  --task TASK      task in config/scenes (pick_and_place)
  --episodes N     layouts (100)
  --seed S         first seed; layouts S … S+N-1 (500000)
  --support WHAT   gantry, or ground: the robot keeps its balance, with noisy sensors (gantry)
  --model DIR      model (models/cosmos3_micro)
  --latency MS     from an observation to its action chunk (100)
  --period MS      between inferences (200)
  --steps N        steps of the action sampler (4)
  --candidates K   sampled chunks (4)
  --workers W      threads (2)
  --json FILE      write the figures
`;

const { values } = parseOptions(usage, {
  task: { type: 'string', default: 'pick_and_place' },
  episodes: { type: 'string', default: '100' },
  seed: { type: 'string', default: '500000' },
  support: { type: 'string', default: 'gantry' },
  model: { type: 'string', default: packagePath('models/cosmos3_micro') },
  latency: { type: 'string', default: String(1000 * defaultPolicyAgent.latency) },
  period: { type: 'string', default: String(1000 * defaultPolicyAgent.period) },
  steps: { type: 'string', default: String(defaultPolicyAgent.steps) },
  candidates: { type: 'string', default: String(defaultPolicyAgent.candidates) },
  workers: { type: 'string', default: '2' },
  json: { type: 'string' },
});

async function main(): Promise<void> {
  const episodes = wholeNumber('episodes', values.episodes, 1);
  const seed = wholeNumber('seed', values.seed);
  const task = packagePath(`config/scenes/${values.task}.yaml`);
  loadTask(task);
  const { support } = values;
  if (support !== 'gantry' && support !== 'ground') {
    throw new Error(`--support is '${support}'; it must be gantry or ground`);
  }
  const options = {
    period: wholeNumber('period', values.period, 10) / 1000,
    latency: wholeNumber('latency', values.latency) / 1000,
    steps: wholeNumber('steps', values.steps, 1),
    candidates: wholeNumber('candidates', values.candidates, 1),
  };

  const results: EpisodeResult[] = [];
  const started = performance.now();
  await runParallel<EpisodeResult>(
    new URL('./evaluate-worker.js', import.meta.url),
    { robot: packagePath('config/robot.yaml'), task, model: values.model, support, options },
    Array.from({ length: episodes }, (_, i) => seed + i),
    wholeNumber('workers', values.workers, 1),
    (result, done) => {
      results.push(result);
      const successes = results.filter(({ success }) => success).length;
      process.stdout.write(`\r${done}/${episodes} episodes, ${successes} succeeded `);
    },
  );

  const succeeded = results.filter(({ success }) => success);
  const rate = succeeded.length / episodes;
  const interval = wilsonInterval(succeeded.length, episodes);
  const causes: Record<string, number> = {};
  for (const { success, cause } of results) if (!success) causes[cause] = (causes[cause] ?? 0) + 1;
  const violations = results.reduce((sum, result) => sum + result.violations, 0);
  const duration = succeeded.reduce((sum, result) => sum + result.duration, 0) / Math.max(succeeded.length, 1);
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  console.log(`\n${values.task}: ${percent(rate)} of ${episodes} (95 % interval ${interval.map(percent).join(' … ')})`);
  console.log(`mean time to success ${duration.toFixed(2)} s, cycles with a limit violated ${violations}`);
  for (const [cause, count] of Object.entries(causes)) console.log(`  ${count} × ${cause}`);
  console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
  if (values.json !== undefined) {
    const figures = {
      episodes,
      seed,
      support,
      success_rate: rate,
      interval95: interval,
      violations,
      duration_s: duration,
      causes,
      tasks: { [values.task]: { success_rate: rate } },
      results,
    };
    writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
  }
}

await main().catch((error: Error) => {
  console.error(`evaluate: ${error.message}`);
  process.exitCode = 1;
});
