import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from '../ros/launcher/launch-error.js';
import { type LaunchDescription, readLaunchFile } from '../ros/launcher/launch-file.js';
import { Launcher } from '../ros/launcher/launcher.js';
import { findPackageShare } from '../ros/launcher/package-index.js';
import { SIGNALS } from './signals.js';

const USAGE = `Runs an XML launch file where the ROS 2 command line is not installed.

Usage: launch (FILE | PACKAGE FILE) [--show-args] [ARGUMENT:=VALUE]...

  FILE             a launch file; with PACKAGE, one in the launch folder of that package
  ARGUMENT:=VALUE  value of an argument that the file declares
  -s, --show-args  lists the arguments and ends
`;

/** @returns exit code: 0, or 1 when a program failed or the file cannot be run */
async function main(words: readonly string[]): Promise<number> {
  if (words.length === 0 || words.includes('--help') || words.includes('-h')) {
    process.stdout.write(USAGE);
    return words.length === 0 ? 1 : 0;
  }
  const isArgument = (word: string) => word.includes(':=');
  const options = words.filter((word) => word.startsWith('-'));
  const unknown = options.find((option) => option !== '--show-args' && option !== '-s');
  if (unknown !== undefined) throw new Error(`unknown option '${unknown}'\n\n${USAGE}`);
  const names = words.filter((word) => !isArgument(word) && !word.startsWith('-'));
  const launchArguments = Object.fromEntries(
    words.filter(isArgument).map((word) => {
      const at = word.indexOf(':=');
      return [word.slice(0, at), word.slice(at + 2)];
    }),
  );
  const description = readLaunchFile(locate(names), { arguments: launchArguments });
  if (options.length > 0) {
    showArguments(description);
    return 0;
  }
  return run(description);
}

function locate(names: readonly string[]): string {
  const [first = '', second] = names;
  if (names.length === 0 || names.length > 2) throw new Error(`expected FILE or PACKAGE FILE\n\n${USAGE}`);
  const file = second === undefined ? first : join(findPackageShare(first, process.env), 'launch', second);
  if (!existsSync(file)) throw new Error(`there is no launch file ${file}`);
  return file;
}

function showArguments({ arguments: declared }: LaunchDescription): void {
  process.stdout.write('Arguments (pass arguments as NAME:=VALUE):\n');
  for (const { name, default: value, description } of declared) {
    process.stdout.write(
      `\n  ${name}\n    ${description}\n    (${value === undefined ? 'required' : `default: '${value}'`})\n`,
    );
  }
}

async function run({ processes }: LaunchDescription): Promise<number> {
  const tell = (text: string) => process.stderr.write(`[launch] ${text}\n`);
  const launcher = new Launcher(processes, {
    onStart: (name, pid) => tell(`${name} started with pid ${pid}`),
    onOutput: (name, line, stream) => process[stream].write(`[${name}] ${line}\n`),
    onExit: (name, { code, signal, error, respawns }) =>
      tell(`${name} ${error ?? `ended with ${signal ?? `exit code ${code}`}`}${respawns ? ', starting it again' : ''}`),
  });
  for (const signal of SIGNALS) process.on(signal, () => void launcher.stop());
  launcher.start();
  await launcher.finished();
  return launcher.failed ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`${error instanceof LaunchError ? '' : 'launch: '}${error.message}\n`);
  process.exitCode = 1;
}
