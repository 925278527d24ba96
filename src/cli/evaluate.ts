import { writeFileSync } from 'node:fs';
import { ACTION_HEADS } from '../cosmos/execution.js';
import { type EvaluationSummary, summarise } from '../evaluation/evaluation-summary.js';
import { perturbations } from '../evaluation/perturbation.js';
import { defaultPolicyAgent } from '../evaluation/policy-agent.js';
import type { EpisodeResult } from '../evaluation/rollout.js';
import { suites } from '../evaluation/suites.js';
import type { WorldScore } from '../evaluation/world-score.js';
import { packagePath } from '../ros/package-path.js';
import { loadTask } from '../sim/scene.js';
import { SUPPORTS } from '../sim/support.js';
import type { EvaluationJob } from './evaluate-worker.js';
import { evaluateWorld } from './evaluate-world.js';
import { oneOf, parseOptions, wholeNumber } from './options.js';
import { runParallel } from './parallel.js';

const usage = `
npm run evaluate -- --task TASK [options]
npm run evaluate -- --suite robolab [options]
npm run evaluate -- --world [options]

Closed loop without ROS, in lock step: the policy sees the simulated head camera and the joints; the result depends on
the seed alone.

  --task TASK      task in config/scenes (pick_and_place)
  --suite SUITE    instead of a task several: ${Object.keys(suites).join(', ')}
  --world          judges what the model foresees instead: frames 1, 5 and 10 waypoints ahead, quantities, objects, confidence,
                   on episodes of the expert and of the policy (or of --agent alone), told what was done
  --sheet FILE     with --world: PNG of true frames, each beside the predicted one
  --episodes N     layouts of each task (100)
  --seed S         first seed; layouts S … S+N-1 (500000)
  --agent WHO      policy, or expert: the script that makes the demonstrations, which knows the truth (policy)
  --phrasings P    trained, or held-out: instructions in words that no demonstration used (trained)
  --perturb WHAT   once an episode: object (the target is moved), push (of a forearm), latency (100 ms more), camera (no
                   image for a second)
  --support WHAT   gantry; ground: the robot keeps its balance, with noisy sensors; or harness, which catches it (gantry)
  --model DIR      model (models/cosmos3_micro)
  --head HOW       what makes the actions: ${ACTION_HEADS.join(', ')} (flow)
  --variant NAME   variant of the model, as its card has it: fp32, int8 (the card's first)
  --latency MS     from an observation to its action chunk (100)
  --period MS      between inferences (200)
  --steps N        steps of the action sampler (4)
  --candidates K   sampled chunks (5)
  --workers W      threads (2)
  --json FILE      write the figures
`;

const { values } = parseOptions(usage, {
  task: { type: 'string' },
  suite: { type: 'string' },
  episodes: { type: 'string', default: '100' },
  seed: { type: 'string', default: '500000' },
  agent: { type: 'string' },
  world: { type: 'boolean', default: false },
  sheet: { type: 'string' },
  phrasings: { type: 'string', default: 'trained' },
  perturb: { type: 'string' },
  support: { type: 'string', default: 'gantry' },
  model: { type: 'string', default: packagePath('models/cosmos3_micro') },
  head: { type: 'string', default: 'flow' },
  variant: { type: 'string' },
  latency: { type: 'string', default: String(1000 * defaultPolicyAgent.latency) },
  period: { type: 'string', default: String(1000 * defaultPolicyAgent.period) },
  steps: { type: 'string', default: String(defaultPolicyAgent.steps) },
  candidates: { type: 'string', default: String(defaultPolicyAgent.candidates) },
  workers: { type: 'string', default: '2' },
  json: { type: 'string' },
});

const percent = (value: number) => `${(100 * value).toFixed(1)} %`;

function report(
  name: string,
  { success_rate, episodes, interval95, duration_s, violations, causes }: EvaluationSummary,
) {
  const interval = interval95.map(percent).join(' … ');
  console.log(`${name}: ${percent(success_rate)} of ${episodes} (95 % interval ${interval})`);
  const time = duration_s === null ? 'nothing succeeded' : `mean time to success ${duration_s.toFixed(2)} s`;
  console.log(`  ${time}, cycles with a limit violated ${violations}`);
  for (const [cause, count] of Object.entries(causes)) console.log(`  ${count} × ${cause}`);
}

async function main(): Promise<void> {
  const episodes = wholeNumber('episodes', values.episodes, 1);
  const seed = wholeNumber('seed', values.seed);
  if (values.task !== undefined && values.suite !== undefined) throw new Error('--task and --suite exclude each other');
  const names = values.suite === undefined ? [values.task ?? 'pick_and_place'] : suites[values.suite];
  if (names === undefined) {
    throw new Error(`--suite is '${values.suite}'; it must be one of ${Object.keys(suites).join(', ')}`);
  }
  const fileOf = (name: string) => packagePath(`config/scenes/${name}.yaml`);
  for (const name of names) loadTask(fileOf(name));
  if (values.sheet !== undefined && !values.world) throw new Error('--sheet goes with --world');
  const agent = oneOf('agent', values.agent ?? 'policy', ['policy', 'expert']);
  const job: Omit<EvaluationJob, 'task'> = {
    robot: packagePath('config/robot.yaml'),
    model: agent === 'policy' ? values.model : undefined,
    head: oneOf('head', values.head, ACTION_HEADS),
    variant: values.variant,
    support: oneOf('support', values.support, SUPPORTS),
    phrasings: oneOf('phrasings', values.phrasings, ['trained', 'held-out']),
    perturbation: values.perturb === undefined ? undefined : oneOf('perturb', values.perturb, perturbations),
    options: {
      period: wholeNumber('period', values.period, 10) / 1000,
      latency: wholeNumber('latency', values.latency) / 1000,
      steps: wholeNumber('steps', values.steps, 1),
      candidates: wholeNumber('candidates', values.candidates, 1),
    },
  };

  const seeds = Array.from({ length: episodes }, (_, i) => seed + i);
  const workers = wholeNumber('workers', values.workers, 1);
  if (values.world) {
    const { robot, head, variant, phrasings, options } = job;
    if (job.perturbation !== undefined || job.support !== 'gantry')
      throw new Error('--perturb and --support do not go with --world');
    const tasks: Record<string, Record<string, WorldScore>> = {};
    for (const name of names) {
      console.log(name);
      tasks[name] = await evaluateWorld({
        job: { robot, task: fileOf(name), model: values.model, head, variant, phrasings, options },
        agents: values.agent === undefined ? ['expert', 'policy'] : [agent],
        seeds,
        workers,
        sheet: name === names[0] ? values.sheet : undefined,
      });
    }
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ seed, tasks }, undefined, 2)}\n`);
    return;
  }

  const results: (EpisodeResult & { task: string })[] = [];
  const tasks: Record<string, EvaluationSummary> = {};
  const started = performance.now();
  for (const name of names) {
    const own: EpisodeResult[] = [];
    await runParallel<EpisodeResult>(
      new URL('./evaluate-worker.js', import.meta.url),
      { ...job, task: fileOf(name) } satisfies EvaluationJob,
      seeds,
      workers,
      (result, done) => {
        own.push(result);
        const successes = own.filter(({ success }) => success).length;
        process.stdout.write(`\r${done}/${episodes} episodes, ${successes} succeeded `);
      },
    );
    console.log();
    tasks[name] = summarise(own);
    report(name, tasks[name]);
    results.push(...own.map((result) => ({ task: name, ...result })));
  }
  const all = summarise(results);
  if (names.length > 1) report('all', all);
  console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
  if (values.json !== undefined) {
    const { head, support, phrasings, perturbation } = job;
    const setting = { seed, agent, head, support, phrasings, perturbation: perturbation ?? 'none' };
    writeFileSync(values.json, `${JSON.stringify({ ...all, ...setting, tasks, results }, undefined, 2)}\n`);
  }
}

await main().catch((error: Error) => {
  console.error(`evaluate: ${error.message}`);
  process.exitCode = 1;
});
