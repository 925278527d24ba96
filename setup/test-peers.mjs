// Python packages that tests compare results with, in an environment of their own: `.ros/test-venv`.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY, ROS_FOLDER } from './paths.mjs';
import { hashOf, hashOfFiles } from './steps.mjs';
import { PYTHON } from './wheels.mjs';

const REQUIREMENTS = join(REPOSITORY, 'setup/test-requirements.txt');
const FOLDER = join(ROS_FOLDER, 'test-venv');
const TEST_PYTHON = join(FOLDER, 'bin/python3');

/**
 * Installs them.
 * @param {import('./steps.mjs').StepRunner} runner
 */
export async function installTestPeers(runner) {
  await runner.run({
    name: 'test-peers',
    title: 'Python packages of the tests',
    inputs: hashOf(REPOSITORY, process.arch, hashOfFiles(REQUIREMENTS)),
    outputs: [TEST_PYTHON],
    hint: 'Python 3.11 or newer with venv is needed (Debian, Ubuntu: sudo apt install python3-venv), and a connection to PyPI. Then run the command again.',
    action: async (run) => {
      rmSync(FOLDER, { recursive: true, force: true });
      await run(existsSync(PYTHON) ? PYTHON : 'python3', ['-m', 'venv', FOLDER]);
      const options = ['--no-deps', '--no-compile', '--no-input', '--disable-pip-version-check', '--progress-bar=off'];
      await run(TEST_PYTHON, ['-m', 'pip', 'install', ...options, '--requirement', REQUIREMENTS]);
    },
  });
}
