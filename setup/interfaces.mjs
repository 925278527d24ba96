// Installs this package into `.ros/` as CMake installs it into a workspace, but linked to the repository.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { RCLNODEJS, REPOSITORY, ROS_FOLDER } from './paths.mjs';
import { COMPILER_HINT, generateMessages } from './rclnodejs.mjs';
import { filesBelow, hashOf, hashOfFiles } from './steps.mjs';

/** Interface packages of others, built here where the ROS 2 in use lacks them. */
const FOREIGN_PACKAGES = ['tf2_msgs', 'unitree_hg'];

/**
 * Builds and installs the interfaces.
 * @param {import('./steps.mjs').StepRunner} runner
 * @param {{ ros: string, rclnodejs: string, env: NodeJS.ProcessEnv }} options hashes of the ROS 2 and rclnodejs in use
 */
export async function installInterfaces(runner, { ros, rclnodejs, env }) {
  const foreign = [];
  for (const name of FOREIGN_PACKAGES) {
    const source = join(REPOSITORY, 'setup', name);
    const hash = hashOf(ros, hashOfFiles(source));
    foreign.push(hash);
    const share = join('share', name);
    if (prefixes(env).some((prefix) => prefix !== ROS_FOLDER && existsSync(join(prefix, share)))) continue;
    await runner.run({
      name,
      title: name,
      inputs: hash,
      outputs: [join(ROS_FOLDER, share)],
      hint: COMPILER_HINT,
      action: (run) => install(run, source, name, env),
    });
  }
  const interfaces = hashOf(ros, hashOfFiles(...['msg', 'srv', 'action'].map((name) => join(REPOSITORY, name))));
  const packaging = ['package.xml', 'CMakeLists.txt', 'setup/node.sh.in'].map((name) => join(REPOSITORY, name));
  const launchFiles = filesBelow(join(REPOSITORY, 'launch')).join('\n');
  await runner.run({
    name: 'interfaces',
    title: 'interfaces',
    inputs: hashOf(interfaces, hashOfFiles(...packaging), launchFiles),
    outputs: [join(ROS_FOLDER, 'share/cosmos_humanoid/package.xml')],
    hint: COMPILER_HINT,
    action: (run) => install(run, REPOSITORY, 'cosmos_humanoid', env),
  });
  await runner.run({
    name: 'messages',
    title: 'messages for JavaScript',
    inputs: hashOf(rclnodejs, interfaces, ...foreign),
    outputs: ['cosmos_humanoid', ...FOREIGN_PACKAGES].map((name) => join(RCLNODEJS, 'generated', name)),
    hint: 'Remove the folder .ros and run the command again.',
    action: (run) => generateMessages(run, RCLNODEJS, env),
  });
}

/**
 * @param {import('./steps.mjs').Run} run
 * @param {string} source
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
async function install(run, source, name, env) {
  const build = join(ROS_FOLDER, 'build', name);
  const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { env, encoding: 'utf8' }).trim();
  const options = [
    `-DCMAKE_INSTALL_PREFIX=${ROS_FOLDER}`,
    `-DPython3_EXECUTABLE=${python}`,
    '-DBUILD_TESTING=OFF',
    '-DCMAKE_BUILD_TYPE=Release',
    '-DCOSMOS_HUMANOID_DEVELOP=ON',
  ];
  await run('cmake', ['-S', source, '-B', build, ...options], { env });
  await run('cmake', ['--build', build, '--target', 'install', '--parallel', String(availableParallelism())], { env });
}

/** @param {NodeJS.ProcessEnv} env */
function prefixes(env) {
  return (env.AMENT_PREFIX_PATH ?? '').split(':');
}
