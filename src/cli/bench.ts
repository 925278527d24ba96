import { writeFileSync } from 'node:fs';
import { parseOptions } from './options.js';

/** The benchmarks and what each compares. */
const benchmarks: Readonly<Record<string, string>> = {
  transport: 'publish and receive through src/ros, against rclnodejs typed and rclpy',
  loop: 'lateness of the 1 kHz loop with the whole graph up, against a Python loop',
  render: 'the simulated camera, against MuJoCo casting the same rays',
};

const usage = `
npm run bench -- NAME [--json FILE]

Figures, and ratios beside a peer that is measured in the same run:

${Object.entries(benchmarks)
  .map(([name, about]) => `  ${name.padEnd(12)} ${about}`)
  .join('\n')}
`;

const { values, positionals } = parseOptions(usage, { json: { type: 'string' } }, true);

interface Benchmark {
  run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }>;
}

async function main(): Promise<void> {
  const [name = ''] = positionals;
  if (!Object.hasOwn(benchmarks, name)) {
    throw new Error(`'${name}' is no benchmark; there are ${Object.keys(benchmarks).join(', ')}`);
  }
  const { run } = (await import(new URL(`../../bench/${name}.js`, import.meta.url).href)) as Benchmark;
  const { figures, ratios } = await run();
  const list = (title: string, entries: Record<string, number>) => {
    console.log(title);
    for (const [key, value] of Object.entries(entries)) console.log(`  ${key.padEnd(44)} ${value.toPrecision(4)}`);
  };
  list('figures', figures);
  list('ratios', ratios);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ figures, ratios }, undefined, 2)}\n`);
}

await main().catch((error: Error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
