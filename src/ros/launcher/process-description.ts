/** A program that a launch file starts, with everything resolved. */
export interface ProcessDescription {
  /** Name in front of its output, unique in the launch; a node's is its name with the namespace. */
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Working directory; that of the launcher where undefined. */
  readonly directory: string | undefined;
  /** Whether its standard output is shown; its standard error always is. */
  readonly showOutput: boolean;
  /** Whether it is started again when it ends by itself. */
  readonly respawn: boolean;
  /** Time to wait before that, s. */
  readonly respawnDelay: number;
  /** Whether everything is shut down when it ends. */
  readonly required: boolean;
  /** At a stop: time from SIGINT to SIGTERM, s. */
  readonly sigtermTimeout: number;
  /** At a stop: time from SIGTERM to SIGKILL, s. */
  readonly sigkillTimeout: number;
}
