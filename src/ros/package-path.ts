import { fileURLToPath } from 'node:url';

/**
 * Where a file of this package lies, in the repository as in an installation (the code is in dist/src/ros of both).
 * @param path relative to the package's root, e.g. 'config/robot.yaml'; absolute paths stay as they are
 */
export function packagePath(path: string): string {
  return path.startsWith('/') ? path : fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}
