// The whole set-up.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { rosEnvironment, sourcedRos, writeSetupScript } from './environment.mjs';
import { installInterfaces } from './interfaces.mjs';
import { withLock } from './lock.mjs';
import { compile, installNodePackages } from './node-packages.mjs';
import { RCLNODEJS, ROS_FOLDER } from './paths.mjs';
import { installRclnodejs } from './rclnodejs.mjs';
import { hashOf, StepRunner } from './steps.mjs';
import { installTestPeers } from './test-peers.mjs';
import { installWheels, removeWheels } from './wheels.mjs';

/**
 * Makes everything that programs of this package need, as far as it is missing or out of date.
 * @param {{ ros: boolean, tests: boolean }} options `ros`: with ROS 2, or only npm packages and compiled code;
 *   `tests`: with what only the tests need
 * @returns {Promise<NodeJS.ProcessEnv>} environment for the programs
 * @throws {import('./steps.mjs').SetupError} when a step fails
 */
export function prepare({ ros, tests }) {
  return withLock(ROS_FOLDER, async () => {
    const runner = new StepRunner(ROS_FOLDER);
    await installNodePackages(runner);
    if (ros) await prepareRos(runner);
    if (tests) await installTestPeers(runner);
    await compile(runner);
    runner.finish();
    return ros ? rosEnvironment() : process.env;
  });
}

/** @param {StepRunner} runner */
async function prepareRos(runner) {
  const sourced = sourcedRos(process.env);
  if (sourced && existsSync(join(ROS_FOLDER, 'share/rcl'))) removeWheels();
  const rosHash = sourced ? hashOf(sourced.distribution, sourced.prefix) : await installWheels(runner);
  const env = rosEnvironment();
  const cache = join(ROS_FOLDER, 'cache');
  const rclnodejs = await installRclnodejs(runner, { folder: RCLNODEJS, cache, ros: rosHash, env });
  await installInterfaces(runner, { ros: rosHash, rclnodejs, env });
  writeSetupScript();
}
