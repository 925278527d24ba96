// Everything that continuous integration checks: format, lint, types and, without --static, the tests with their
// coverage. All of it runs even when a part fails; the last line gives the sums.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_MODULES, REPOSITORY } from './paths.mjs';

const TYPESCRIPT = 'typescript/bin/tsc';

let passed = 0;
let failed = 0;
/** Titles of what failed, repeated at the end: the output is long. @type {string[]} */
const failures = [];

check('format and lint', '@biomejs/biome/bin/biome', 'ci', `--colors=${process.stdout.isTTY ? 'force' : 'off'}`, '.');
check('types', TYPESCRIPT, '--noEmit', '--project', '.');
check('types of the set-up', TYPESCRIPT, '--project', 'setup');
check('types of the operator page', TYPESCRIPT, '--project', 'src/operator/page');
if (!process.argv.includes('--static')) test();
for (const title of failures) process.stdout.write(`\n✘ ${title}`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;

/**
 * Runs a check and counts it.
 * @param {string} title
 * @param {string} script in node_modules
 * @param {...string} args
 */
function check(title, script, ...args) {
  const succeeded = run(script, args) === 0;
  process.stdout.write(`${succeeded ? '✔' : '✘'} ${title}\n\n`);
  if (succeeded) passed++;
  else {
    failed++;
    failures.push(title);
  }
}

/** Runs the compiled tests and counts them. */
function test() {
  const folder = mkdtempSync(join(tmpdir(), 'cosmos-test-'));
  const counts = join(folder, 'counts.json');
  const coverage = ['--temp-directory', join(folder, 'coverage'), '--reporter', 'text-summary'];
  const sources = ['--all', '--src', 'src', '--include', 'src/**', '--exclude-after-remap=true'];
  const mocha = [
    '--reporter',
    'setup/mocha-reporter.mjs',
    '--reporter-option',
    `counts=${counts}`,
    'dist/test/**/*.test.js',
  ];
  const code = run('c8/bin/c8.js', [...coverage, ...sources, join(NODE_MODULES, 'mocha/bin/mocha.js'), ...mocha]);
  try {
    const result = JSON.parse(readFileSync(counts, 'utf8'));
    passed += result.passes;
    failed += result.failures;
    failures.push(...result.failed);
  } catch {
    failed += code === 0 ? 0 : 1;
    process.stdout.write('The tests did not run to their end.\n');
  }
  rmSync(folder, { recursive: true });
}

/**
 * @param {string} script in node_modules
 * @param {string[]} args
 */
function run(script, args) {
  const { status } = spawnSync(process.execPath, [join(NODE_MODULES, script), ...args], {
    cwd: REPOSITORY,
    stdio: 'inherit',
  });
  return status;
}
