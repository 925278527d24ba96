import { writeFileSync } from 'node:fs';
import type { Finding, Severity } from './doctor/finding.js';
import { parseOptions } from './options.js';

const usage = `
npm run doctor -- [options]

Checks the installation, the model, the machine, and the graph that runs on this ROS domain, if one does; says for each
what it found and, where something is amiss, what to do. Exit code: 0, or 1 where there is an error.

  --json FILE      write the findings
`;

const { values } = parseOptions(usage, { json: { type: 'string' } });

const SIGNS: Readonly<Record<Severity, string>> = { ok: '✔', warning: '!', error: '✘' };

/** Loaded one by one, so that what is missing for one part does not keep the others from being checked. */
const PARTS: readonly (readonly [string, () => Promise<Finding[]>])[] = [
  ['installation', async () => (await import('./doctor/installation.js')).checkInstallation()],
  ['model', async () => (await import('./doctor/model.js')).checkModel()],
  ['machine', async () => (await import('./doctor/machine.js')).checkMachine()],
  ['graph', async () => (await import('./doctor/graph.js')).checkGraph()],
];

const findings: (Finding & { readonly part: string })[] = [];
for (const [part, examine] of PARTS) {
  console.log(part);
  const found = await examine().catch((thrown: Error): Finding[] => [
    {
      check: part,
      severity: 'error',
      message: `could not be examined: ${thrown.message.split('\n')[0]}`,
      remedy: 'npm ci --ignore-scripts, then npm run doctor',
    },
  ]);
  for (const finding of found) {
    findings.push({ part, ...finding });
    console.log(`  ${SIGNS[finding.severity]} ${finding.check}: ${finding.message}`);
    if (finding.remedy !== '') console.log(`      → ${finding.remedy}`);
  }
}
const number = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
const [errors, warnings] = [number('error'), number('warning')];
console.log(`\n${number('ok')} ok, ${warnings} warnings, ${errors} errors`);
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ ok: number('ok'), warnings, errors, findings }, undefined, 2)}\n`);
}
process.exitCode = errors > 0 ? 1 : 0;
