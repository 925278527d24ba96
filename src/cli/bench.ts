import { writeFileSync } from 'node:fs';
import { parseOptions } from './options.js';
import { exitOnSignals } from './signals.js';

/** The benchmarks and what each compares. */
const benchmarks: Readonly<Record<string, string>> = {
  transport: 'publish and receive through src/ros, against rclnodejs typed and rclpy',
  control: 'lateness of the 1 kHz loop against cyclictest, alone and with the whole graph up; latency of stops',
  edge: 'the edge engine: 30 questions a second, each to be answered within 50 ms, on this computer’s CPU',
  estimation: 'the base estimate from noisy sensors against the truth, beside plain leg odometry',
  balance: 'ten minutes of standing, and pushes survived, beside PD with and without DCM feedback',
  loop: 'lateness of the 1 kHz loop with the whole graph up, against a Python loop',
  chunking: 'chunks of a policy with 50 to 1200 ms of latency: jerk where they take over, beside naive switching',
  hardware: 'the H2 Plus driven over DDS, against a typed publication; faults of an emulated robot',
  recorder: 'bags of a graph with three cameras: CPU and size, against rosbags; the recorder at work',
  operator: 'the operator bridge: key to stopped loop; one and four clients of three cameras, and the loop meanwhile',
  mpc: "the motion planner's optimisation, against OSQP on the same problems",
  gantry: 'hanging the robot up and setting it down, twenty times: falls, stops, how far apart the feet leave and land',
  separation: 'people who walk up to the moving robot: where it rests, against ISO/TS 15066',
  inference: 'each part of an inference, by head and by steps, against ONNX Runtime in Python on the same inputs',
  serving: 'the inference service under the load of 1 to 300 clients, beside the bare network',
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

exitOnSignals();
await main().catch((error: Error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
