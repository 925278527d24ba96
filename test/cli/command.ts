import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** Runs a program of `src/cli` to its end. */
export function runCommand(
  name: string,
  ...args: string[]
): Promise<{ code: number | null; output: string; errors: string }> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, [resolve('dist/src/cli', `${name}.js`), ...args]);
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
    child.on('error', reject);
    child.on('close', (code) => done({ code, output, errors }));
  });
}
