import type { SafetyConfig } from '../safety/safety-config.js';
import { configurationFaults } from './configuration-faults.js';
import type { Fault } from './fault.js';
import { machineFaults } from './machine-faults.js';
import { messageFaults } from './message-faults.js';
import { type GraphNodes, processFaults } from './process-faults.js';
import { robotFaults } from './robot-faults.js';

/** Every fault of the campaign, by what it befalls. */
export function catalogue(nodes: GraphNodes, config: SafetyConfig): Readonly<Record<string, readonly Fault[]>> {
  return {
    process: processFaults(nodes, config),
    message: messageFaults(),
    robot: robotFaults(),
    machine: machineFaults(),
    configuration: configurationFaults(config),
  };
}
