import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Without packages of the surrounding environment, which pip would not install and the peer not find later. */
export const CLEAN = { ...process.env, PYTHONPATH: '' };

/**
 * A Python with packages that a benchmark's peer needs, made in the user's cache the first time.
 * @returns its path
 * @throws Error that says how to make it by hand
 */
export function preparePython(benchmark: string, packages: readonly string[]): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const directory = join(cache, 'cosmos_humanoid', `bench-${benchmark}`);
  const python = join(directory, 'bin', 'python');
  if (existsSync(join(directory, 'ready'))) return python;
  console.error(`makes ${directory} with ${packages.join(', ')}, once`);
  const options = { stdio: ['ignore', 'ignore', 'pipe'], env: CLEAN } as const satisfies ExecFileSyncOptions;
  try {
    execFileSync('python3', ['-m', 'venv', directory], options);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...packages], options);
  } catch (error) {
    throw new Error(
      `the peer cannot be set up: ${(error as Error).message}\nMake it by hand: python3 -m venv ${directory} && ` +
        `${python} -m pip install ${packages.join(' ')} && touch ${directory}/ready`,
    );
  }
  writeFileSync(join(directory, 'ready'), '');
  return python;
}
