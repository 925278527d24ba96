import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Random } from '../../src/math/random.js';
import { Robot } from '../../src/robot/robot.js';

export const ROBOT_FILE = resolve('config/robot.yaml');
export const robot = Robot.load(ROBOT_FILE);

/** A posture drawn from within the limits, `share` of the way from `around` to them. */
export function randomPosture(random: Random, around?: Float64Array, share = 1): Float64Array {
  return Float64Array.from(robot.names, (_, i) => {
    const drawn = random.uniform(robot.lower[i], robot.upper[i]);
    return around === undefined ? drawn : around[i] + share * (drawn - around[i]);
  });
}

/** A copy of `config/` and `urdf/` in a new folder, to be damaged. */
export function copyConfiguration(): string {
  const folder = mkdtempSync(join(tmpdir(), 'configuration-'));
  for (const name of ['config', 'urdf']) cpSync(resolve(name), join(folder, name), { recursive: true });
  return folder;
}

/** Replaces the first occurrence of a text in a file. */
export function replaceText(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} does not hold '${from}'`);
  writeFileSync(file, text.replace(from, to));
}

/** What a promise is rejected with. */
export function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: Error) => error.message,
  );
}
