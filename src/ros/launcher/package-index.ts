import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Finds the install prefix of a ROS package.
 * @param environment its AMENT_PREFIX_PATH is searched, first entry first
 * @throws Error when no prefix holds the package
 */
export function findPackagePrefix(name: string, environment: NodeJS.ProcessEnv): string {
  const prefixes = (environment.AMENT_PREFIX_PATH ?? '').split(delimiter).filter((prefix) => prefix !== '');
  const prefix = prefixes.find((candidate) =>
    existsSync(join(candidate, 'share/ament_index/resource_index/packages', name)),
  );
  if (prefix !== undefined) return prefix;
  const where = prefixes.length > 0 ? prefixes.join(', ') : 'AMENT_PREFIX_PATH, which is empty';
  throw new Error(`package '${name}' is not in ${where}: install it or source the workspace that holds it`);
}

/**
 * Finds the share folder of a ROS package.
 * @throws Error when no prefix holds the package
 */
export function findPackageShare(name: string, environment: NodeJS.ProcessEnv): string {
  return join(findPackagePrefix(name, environment), 'share', name);
}

/**
 * Finds an executable of a ROS package.
 * @returns absolute path
 * @throws Error when there is no such package or executable
 */
export function findPackageExecutable(packageName: string, executable: string, environment: NodeJS.ProcessEnv): string {
  const path = join(findPackagePrefix(packageName, environment), 'lib', packageName, executable);
  if (!existsSync(path)) throw new Error(`package '${packageName}' has no executable '${executable}' (${path})`);
  return path;
}
