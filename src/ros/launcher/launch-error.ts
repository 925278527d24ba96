/** A launch file that cannot be run: the message names the file, the line and what is wrong. */
export class LaunchError extends Error {
  /** @param line from 1 */
  constructor(
    readonly file: string,
    readonly line: number,
    reason: string,
  ) {
    super(`${file}:${line}: ${reason}`);
    this.name = 'LaunchError';
  }
}
