// The native part of rclnodejs, and the messages it generates.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { hashOf } from './steps.mjs';

/** What to install when the build fails. */
export const COMPILER_HINT =
  'A C++17 compiler, make and the headers of Python are needed (Debian, Ubuntu: sudo apt install build-essential python3-dev). Then run the command again.';

/**
 * Builds the native part, unless a binary for this machine came with the package.
 * @param {import('./steps.mjs').Run} run
 * @param {string} folder of the package
 * @param {NodeJS.ProcessEnv} env with ROS 2 in it
 */
export async function buildRclnodejs(run, folder, env) {
  const script = 'process.exit(require("./scripts/install.cjs").checkPrebuiltBinary() ? 0 : 1)';
  if (spawnSync(process.execPath, ['-e', script], { cwd: folder, env }).status === 0) return;
  const nodeGyp = createRequire(join(folder, 'package.json')).resolve('node-gyp/bin/node-gyp.js');
  const args = [nodeGyp, 'rebuild', '-j', String(availableParallelism())];
  const prefix = dirname(dirname(process.execPath));
  // Without headers beside it, node-gyp downloads them.
  if (existsSync(join(prefix, 'include/node/node.h'))) args.push(`--nodedir=${prefix}`);
  await run(process.execPath, args, { cwd: folder, env });
  rmSync(join(folder, 'build/Release/obj.target'), { recursive: true, force: true });
}

/**
 * Generates JavaScript and TypeScript declarations for all interfaces on AMENT_PREFIX_PATH.
 * @param {import('./steps.mjs').Run} run
 * @param {string} folder of the package
 * @param {NodeJS.ProcessEnv} env with ROS 2 and the interfaces in it
 */
export async function generateMessages(run, folder, env) {
  await run(process.execPath, [join(folder, 'scripts/generate_messages.cjs')], { cwd: folder, env });
  if (!existsSync(join(folder, 'generated/cosmos_humanoid'))) {
    throw new Error("rclnodejs generated no messages for cosmos_humanoid's interfaces.");
  }
}

/**
 * The same within the repository, where the binary is kept for the next time npm has replaced node_modules.
 * @param {import('./steps.mjs').StepRunner} runner
 * @param {{ folder: string, cache: string, ros: string, env: NodeJS.ProcessEnv }} options `ros`: hash of the ROS 2 in use
 * @returns {Promise<string>} hash of the result
 */
export async function installRclnodejs(runner, { folder, cache, ros, env }) {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const inputs = hashOf(version, process.versions.modules, ros);
  const binary = join(folder, 'build/Release/rclnodejs.node');
  const kept = join(cache, `rclnodejs-${inputs.slice(0, 16)}.node`);
  await runner.run({
    name: 'rclnodejs',
    title: 'rclnodejs (a minute or two where it has to be compiled)',
    inputs,
    outputs: [binary],
    hint: COMPILER_HINT,
    action: async (run) => {
      mkdirSync(dirname(binary), { recursive: true });
      if (existsSync(kept)) {
        copyFileSync(kept, binary);
        return;
      }
      await buildRclnodejs(run, folder, env);
      // Importing the package loads the binary; one that came with it is put where a built one would be.
      execFileSync(process.execPath, ['--input-type=module', '-e', `import '${join(folder, 'dist/index.js')}'`], {
        env,
      });
      mkdirSync(cache, { recursive: true });
      copyFileSync(binary, kept);
    },
  });
  return inputs;
}
