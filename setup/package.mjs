#!/usr/bin/env node
// The JavaScript of an installed package, called by CMakeLists.txt:
//   node setup/package.mjs FOLDER             makes FOLDER/dist and FOLDER/node_modules (run-time packages only)
//   node setup/package.mjs --messages PREFIX  generates the messages of the package installed in PREFIX
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { buildPage } from './node-packages.mjs';
import { REPOSITORY } from './paths.mjs';
import { buildRclnodejs, generateMessages } from './rclnodejs.mjs';
import { hashOf, hashOfFiles, SetupError, StepRunner } from './steps.mjs';

const [first = '', second = ''] = process.argv.slice(2);
try {
  if (first === '--messages') await installMessages(second);
  else await build(first);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/**
 * Compiles in `work/`, a copy of the sources with the packages for development, and leaves the outcome beside it.
 * @param {string} folder
 */
async function build(folder) {
  const work = join(folder, 'work');
  const runner = new StepRunner(folder);
  const lock = hashOfFiles(join(REPOSITORY, 'package-lock.json'));
  const modules = join(folder, 'node_modules');
  await runner.run({
    name: 'packages',
    title: 'npm packages',
    inputs: lock,
    outputs: [modules],
    hint: 'Check the connection to the npm registry (npm ping), then build again.',
    action: async (run) => {
      mkdirSync(work, { recursive: true });
      for (const name of ['package.json', 'package-lock.json']) cpSync(join(REPOSITORY, name), join(work, name));
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: work });
      rmSync(modules, { recursive: true, force: true });
      for (const path of runtimePackages()) {
        // A package inside another has moved with it; one for another platform is not there.
        if (!existsSync(join(work, path))) continue;
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        renameSync(join(work, path), join(folder, path));
      }
    },
  });
  await runner.run({
    name: 'rclnodejs',
    title: 'rclnodejs (a minute or two where it has to be compiled)',
    inputs: hashOf(lock, process.versions.modules, process.env.ROS_DISTRO ?? '', process.env.AMENT_PREFIX_PATH ?? ''),
    hint: 'Source the setup.bash of ROS 2 Jazzy or newer; a C++17 compiler and make are needed.',
    action: (run) => buildRclnodejs(run, join(modules, 'rclnodejs'), process.env),
  });
  const sources = ['src', 'tsconfig.json'];
  await runner.run({
    name: 'compile',
    title: 'compile',
    inputs: hashOf(lock, hashOfFiles(...sources.map((name) => join(REPOSITORY, name)))),
    outputs: [join(folder, 'dist')],
    hint: 'Correct the errors above, then build again.',
    action: async (run) => {
      for (const name of sources) {
        rmSync(join(work, name), { recursive: true, force: true });
        cpSync(join(REPOSITORY, name), join(work, name), { recursive: true });
      }
      for (const dist of [join(work, 'dist'), join(folder, 'dist')]) rmSync(dist, { recursive: true, force: true });
      await run(process.execPath, [join(work, 'node_modules/typescript/bin/tsc'), '--project', work, '--noCheck']);
      await buildPage(run, work);
      renameSync(join(work, 'dist'), join(folder, 'dist'));
    },
  });
}

/** Paths of the packages that are needed to run, as the lock file lists them. */
function runtimePackages() {
  /** @type {Record<string, { dev?: boolean }>} */
  const packages = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')).packages;
  return Object.keys(packages).filter((path) => path !== '' && !packages[path]?.dev);
}

/** @param {string} prefix */
async function installMessages(prefix) {
  const rclnodejs = join(prefix, 'share/cosmos_humanoid/node_modules/rclnodejs');
  const env = {
    ...process.env,
    AMENT_PREFIX_PATH: [prefix, process.env.AMENT_PREFIX_PATH].filter(Boolean).join(delimiter),
  };
  await generateMessages(
    async (command, args, options) => {
      const { status } = spawnSync(command, args, { ...options, stdio: 'inherit' });
      if (status !== 0) throw new SetupError(`${command} ${args.join(' ')} failed`);
    },
    rclnodejs,
    env,
  );
}
