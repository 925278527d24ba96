import { readFileSync, writeFileSync } from 'node:fs';
import { type RunResult, runCampaign } from '../faults/campaign.js';
import { type CampaignFigures, faultTable, summarise } from '../faults/report.js';
import { runSoak } from '../faults/soak.js';
import { packagePath } from '../ros/package-path.js';
import { SUPPORTS } from '../sim/support.js';
import { oneOf, parseOptions, wholeNumber } from './options.js';
import { exitOnSignals } from './signals.js';

const usage = `
npm run faults -- [options]

Fault campaign on the whole simulated graph, in real time: lets the robot work, makes one or two things go wrong at
random times, and compares the reaction with config/safety.yaml and the true motion with the limits. Exit code: 0 when
everything was as declared and no limit was violated, 2 when not, 1 an error.

  --runs N       runs (300)
  --seed S       chooses faults and moments (1)
  --only FAULT   faults whose name contains FAULT, one at a time
  --soak TIME    no faults: tasks one after the other for TIME, such as 30min or 90s
  --support S    harness: the robot stands on its feet, caught when it falls; gantry: the pelvis hangs; ground (harness)
  --params FILE  parameters of the nodes (config/params.yaml)
  --out DIR      the nodes' output (out/faults)
  --json FILE    write the figures
  --table FILE   write the table of a campaign's figures, FILE.json, into docs/faults.md; runs nothing
`;

const { values } = parseOptions(usage, {
  runs: { type: 'string', default: '300' },
  seed: { type: 'string', default: '1' },
  only: { type: 'string' },
  soak: { type: 'string' },
  support: { type: 'string', default: 'harness' },
  params: { type: 'string', default: 'config/params.yaml' },
  out: { type: 'string', default: 'out/faults' },
  json: { type: 'string' },
  table: { type: 'string' },
});

const DOCUMENT = 'docs/faults.md';
const LAUNCH_FILE = 'launch/sim.launch.xml';

/** Between these lines of the document stands the table. */
const [TABLE_BEGIN, TABLE_END] = ['<!-- table -->', '<!-- end of table -->'];

const say = (line: string) => console.log(line);

/** @returns the exit code */
async function main(): Promise<number> {
  if (values.table !== undefined) {
    writeTable(JSON.parse(readFileSync(values.table, 'utf8')) as CampaignFigures);
    return 0;
  }
  const seed = wholeNumber('seed', values.seed);
  const support = oneOf('support', values.support, SUPPORTS);
  // The limits on silence are those of the real robot.
  const graph = {
    directory: values.out,
    launchFile: LAUNCH_FILE,
    parameters: values.params,
    arguments: { patience: '1.0', support, operator: 'false' },
  };
  if (values.soak !== undefined) {
    const figures = await runSoak(seconds(values.soak), seed, graph, (line) => say(line));
    write(figures);
    say(JSON.stringify(figures, undefined, 2));
    return figures.stops === 0 ? 0 : 2;
  }
  const runs = wholeNumber('runs', values.runs, 1);
  const results: RunResult[] = [];
  const options = { ...graph, runs, seed, ...(values.only === undefined ? {} : { only: values.only }) };
  say('bringing the robot up');
  await runCampaign(
    options,
    (line) => say(`      ! ${line}`),
    (result) => {
      results.push(result);
      describe(result, runs);
      // What was found is kept, whatever happens to the rest.
      write(summarise(results, seed));
    },
  );
  const figures = summarise(results, seed);
  say(
    `\n${figures.runs} runs: ${figures.violations} with a limit violated, ${figures.undeclared} undeclared reactions, ${figures.falls} falls, ${figures.catches} caught by the harness, ${figures.drops} with an object dropped`,
  );
  return figures.violations + figures.undeclared + figures.falls === 0 ? 0 : 2;
}

function describe({ run, faults, reaction, time, causes, problems, truth }: RunResult, runs: number): void {
  const what = faults.map(({ name, detail }) => `${name} (${detail})`).join(' + ');
  const when = time === undefined ? '' : ` after ${(1e3 * time).toFixed(0)} ms`;
  say(
    `${String(run + 1).padStart(4)}/${runs} ${what}\n          ${reaction}${when}${causes.length > 0 ? `: ${causes.join(', ')}` : ''}`,
  );
  for (const problem of problems) say(`        ✘ ${problem}`);
  if (truth.violations.some((steps) => steps > 0)) {
    say(
      `        ✘ steps beyond position, velocity, torque limits: ${truth.violations.join(', ')}; worst ${truth.excess.map((excess) => excess.toFixed(3)).join(', ')} (joints ${truth.excessJoint.join(', ')})`,
    );
  }
  if (truth.fallen) say('        ✘ the robot fell');
  if (truth.caught) say('        ! the harness caught the robot');
  if (truth.dropped.length > 0) say(`        ! dropped: ${truth.dropped.join(', ')}`);
}

function write(figures: object): void {
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
}

/** @throws Error where the document lacks the lines between which the table stands */
function writeTable(figures: CampaignFigures): void {
  const file = packagePath(DOCUMENT);
  const text = readFileSync(file, 'utf8');
  const [begin, end] = [text.indexOf(TABLE_BEGIN), text.indexOf(TABLE_END)];
  if (begin < 0 || end < begin) throw new Error(`${file}: needs the lines ${TABLE_BEGIN} and ${TABLE_END}`);
  writeFileSync(file, `${text.slice(0, begin + TABLE_BEGIN.length)}\n${faultTable(figures)}\n${text.slice(end)}`);
}

/** @throws Error for anything but a number with s, min or h */
function seconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?(s|min|h)$/.exec(text);
  if (match === null) throw new Error(`--soak: '${text}' is no time such as 90s, 30min or 1h`);
  return Number(match[1]) * { s: 1, min: 60, h: 3600 }[match[2] as 's' | 'min' | 'h'];
}

exitOnSignals();
process.exitCode = await main().catch((error: Error) => {
  console.error(`faults: ${error.message}`);
  return 1;
});
