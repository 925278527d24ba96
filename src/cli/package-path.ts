import { fileURLToPath } from 'node:url';

/** Absolute path of a file of the package (`config/robot.yaml`), wherever it is installed. */
export function packagePath(relative: string): string {
  return fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
}
