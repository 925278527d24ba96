// npm packages, and the compilation of this package's TypeScript.
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { NODE_MODULES, REPOSITORY } from './paths.mjs';
import { filesBelow, hashOf, hashOfFiles } from './steps.mjs';

const DIST = join(REPOSITORY, 'dist');

/**
 * Installs what package-lock.json names, unless node_modules holds just that.
 * @param {import('./steps.mjs').StepRunner} runner
 */
export async function installNodePackages(runner) {
  if (holdsLockedPackages()) return;
  await runner.perform({
    name: 'node-packages',
    title: 'npm packages',
    inputs: '',
    hint: 'Check the connection to the npm registry (npm ping), then run the command again.',
    action: (run) => run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: REPOSITORY }),
  });
}

/** Compares npm's record of what it installed with the lock file. */
function holdsLockedPackages() {
  const installedFile = join(NODE_MODULES, '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const locked = readPackages(join(REPOSITORY, 'package-lock.json'));
  const installed = readPackages(installedFile);
  return Object.entries(locked).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true;
    const there = installed[path];
    return there ? there.version === version && there.integrity === integrity : optional === true;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }>}
 */
function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/**
 * Compiles `src/`, `test/` and `bench/` into `dist/`. Types are checked by `npm run check` and `npm test`, not here.
 * @param {import('./steps.mjs').StepRunner} runner
 */
export async function compile(runner) {
  const typescript = join(NODE_MODULES, 'typescript');
  const sources = ['src', 'test', 'bench', 'tsconfig.json'].map((name) => join(REPOSITORY, name));
  await runner.run({
    name: 'compile',
    title: 'compile',
    inputs: hashOf(hashOfFiles(...sources), JSON.parse(readFileSync(join(typescript, 'package.json'), 'utf8')).version),
    outputs: [DIST],
    hint: 'Correct the errors above, then run the command again.',
    action: async (run) => {
      removeOrphans();
      await run(process.execPath, [join(typescript, 'bin/tsc'), '--project', REPOSITORY, '--noCheck']);
      await buildPage(run, REPOSITORY);
    },
  });
}

/**
 * Bundles the operator page, `src/operator/page/`, into `dist/page/`.
 * @param {import('./steps.mjs').Run} run
 * @param {string} folder with `src/` and `node_modules/`
 */
export async function buildPage(run, folder) {
  const source = join(folder, 'src/operator/page');
  const target = join(folder, 'dist/page');
  const options = ['--bundle', '--minify', '--format=esm', '--target=es2022', '--log-level=warning'];
  await run(join(folder, 'node_modules/.bin/esbuild'), [
    join(source, 'app.ts'),
    join(source, 'app.css'),
    ...options,
    `--outdir=${target}`,
  ]);
  cpSync(join(source, 'index.html'), join(target, 'index.html'));
}

/** Removes compiled files whose source is gone, so that no test or import finds them any more. */
function removeOrphans() {
  for (const file of filesBelow(DIST)) {
    const source = join(REPOSITORY, relative(DIST, file)).replace(/\.js(\.map)?$/, '.ts');
    if (/\.js(\.map)?$/.test(file) && existsSync(dirname(file)) && !existsSync(source)) rmSync(file);
  }
}
