import type { ProcessDescription } from '../../../src/ros/launcher/process-description.js';

/** A program that runs the given JavaScript. */
export function program(name: string, code: string, options: Partial<ProcessDescription> = {}): ProcessDescription {
  return {
    name,
    command: process.execPath,
    arguments: ['-e', code],
    environment: process.env,
    directory: undefined,
    showOutput: true,
    respawn: false,
    respawnDelay: 0,
    required: false,
    sigtermTimeout: 5,
    sigkillTimeout: 5,
    ...options,
  };
}
