#!/usr/bin/env node
// Sets up what is missing, then runs a program in the environment made:
//   node setup/run.mjs [--no-ros | --tests] PROGRAM [ARGUMENT]...
// --no-ros: without ROS 2; --tests: with what the tests need besides.
// A PROGRAM that ends in .js or .mjs is run by Node; its path is relative to the repository.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { REPOSITORY } from './paths.mjs';
import { prepare } from './prepare.mjs';
import { SetupError } from './steps.mjs';

const args = process.argv.slice(2);
const ros = args[0] !== '--no-ros';
const tests = args[0] === '--tests';
const [program, ...programArgs] = ros && !tests ? args : args.slice(1);

try {
  checkNode();
  const env = await prepare({ ros, tests });
  if (program !== undefined) runProgram(program, programArgs, env);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** @throws {SetupError} for a Node that is too old */
function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new SetupError(
      `Node 20.19 or newer is needed, this is ${process.version}: see https://nodejs.org/en/download.`,
    );
  }
}

/**
 * Runs the program with this process' terminal; signals and the exit code are passed on.
 * @param {string} name
 * @param {string[]} programArguments
 * @param {NodeJS.ProcessEnv} env
 */
function runProgram(name, programArguments, env) {
  const isScript = /\.m?js$/.test(name);
  const command = isScript ? process.execPath : name;
  const commandArguments = isScript ? [resolve(REPOSITORY, name), ...programArguments] : programArguments;
  const child = spawn(command, commandArguments, { env, stdio: 'inherit' });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      // Ctrl-C in a terminal has reached the child already: it is of the same process group.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`${name} cannot be run: ${error.message}\n`);
    process.exit(127);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
}
