// Steps of the set-up: each one is skipped while the hash of its inputs equals the one stamped by its last success.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';

/**
 * A step of the set-up.
 * @typedef {object} Step
 * @property {string} name file name of its stamp and of its log
 * @property {string} title what the user reads while it runs
 * @property {string} inputs hash of everything that its result depends on, the steps before it included
 * @property {string[]} [outputs] paths whose absence makes the step run again
 * @property {string} hint what to do when it fails
 * @property {(run: Run) => void | Promise<void>} action does the work
 */

/**
 * Runs a command of a step, its output going to the step's log. Rejects when the command fails.
 * @callback Run
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<void>}
 */

/** A failure that the user can do something about: printed without a stack trace. */
export class SetupError extends Error {}

/**
 * SHA-256 over texts, in order.
 * @param {...string} parts
 * @returns {string} hexadecimal
 */
export function hashOf(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/**
 * SHA-256 over the names and contents of files; a folder stands for all files below it, a missing path for nothing.
 * @param {...string} paths
 * @returns {string} hexadecimal
 */
export function hashOfFiles(...paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesBelow)) hash.update(`${path}\0`).update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

/**
 * Files at or below a path, in a fixed order; none where it does not exist.
 * @param {string} path
 * @returns {string[]}
 */
export function filesBelow(path) {
  if (!existsSync(path)) return [];
  /** @type {import('node:fs').Dirent[]} */
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOTDIR') return [path];
    throw error;
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(path, entry.name)) : [join(path, entry.name)]));
}

/** Runs steps and keeps their stamps and logs. */
export class StepRunner {
  #write;
  #stamps;
  #logs;
  #ran = 0;
  #started = performance.now();

  /**
   * @param {string} folder keeps `stamps/` and `log/`
   * @param {(text: string) => void} [write] shows progress
   */
  constructor(folder, write = (text) => void process.stderr.write(text)) {
    this.#write = write;
    this.#stamps = join(folder, 'stamps');
    this.#logs = join(folder, 'log');
  }

  /**
   * Whether a step has to run.
   * @param {Step} step
   */
  #isStale({ name, inputs, outputs = [] }) {
    const stamp = join(this.#stamps, name);
    return !existsSync(stamp) || readFileSync(stamp, 'utf8') !== inputs || !outputs.every((path) => existsSync(path));
  }

  /**
   * Runs a step if it is stale.
   * @param {Step} step
   * @throws {SetupError} when it fails; it can be rerun
   */
  async run(step) {
    if (this.#isStale(step)) await this.perform(step);
  }

  /**
   * Runs a step whatever its stamp says.
   * @param {Step} step
   * @throws {SetupError} when it fails; it can be rerun
   */
  async perform(step) {
    if (this.#ran++ === 0) this.#write('Setting up; each step is done once and again only when its inputs change.\n');
    mkdirSync(this.#stamps, { recursive: true });
    mkdirSync(this.#logs, { recursive: true });
    rmSync(join(this.#stamps, step.name), { force: true });
    const logFile = join(this.#logs, `${step.name}.log`);
    const log = createWriteStream(logFile);
    const start = performance.now();
    this.#write(`  ${step.title.padEnd(60, ' .')} `);
    try {
      await step.action((command, args, options) => runLogged(command, args, options ?? {}, log));
    } catch (error) {
      this.#write('failed\n');
      log.end();
      await finished(log);
      const message = error instanceof Error ? error.message : String(error);
      const remedy = error instanceof SetupError ? '' : `\n\n${step.hint}\nThe whole log: ${logFile}`;
      throw new SetupError(`${lastLines(logFile)}${message}${remedy}`);
    }
    log.end();
    await finished(log);
    mkdirSync(this.#stamps, { recursive: true });
    writeFileSync(join(this.#stamps, step.name), step.inputs);
    this.#write(`${seconds(start)}\n`);
  }

  /** Tells how long the set-up took, if it did anything. */
  finish() {
    if (this.#ran > 0) this.#write(`Set up in ${seconds(this.#started)}.\n\n`);
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @param {import('node:fs').WriteStream} log
 * @returns {Promise<void>}
 */
function runLogged(command, args, options, log) {
  log.write(`$ ${command} ${args.join(' ')}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.on('error', (error) => reject(new Error(`${command} cannot be run: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args[0] ?? ''} ended with ${signal ?? `exit code ${code}`}.`));
    });
  });
}

/** @param {string} file */
function lastLines(file) {
  const text = readFileSync(file, 'utf8').trimEnd();
  return text === '' ? '\n' : `\n${text.split('\n').slice(-25).join('\n').replaceAll(/^/gm, '    ')}\n\n`;
}

/** @param {number} start milliseconds, as `performance.now()` */
function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}
