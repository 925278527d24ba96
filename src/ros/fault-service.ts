import { type FaultPort, SIM_FAULTS, type SimFault } from '../sim/injected-faults.js';
import type { RosNode } from './ros-node.js';

/** Offers `sim/fault`, through which a test makes things go wrong in the simulated robot. @param names of the joints */
export function serveFaults(node: RosNode, port: FaultPort, names: readonly string[]): void {
  node.createService('cosmos_humanoid/srv/InjectFault', 'sim/fault', ({ kind, joint, value, duration }) => {
    if (kind === 'clear') {
      port.clear();
      return { success: true, message: '' };
    }
    if (!(SIM_FAULTS as readonly string[]).includes(kind)) {
      return { success: false, message: `kind: "${kind}" is none of ${SIM_FAULTS.join(', ')}, clear` };
    }
    const index = names.indexOf(joint);
    if (joint !== '' && index < 0) return { success: false, message: `joint: the robot has no joint "${joint}"` };
    if (!(duration > 0)) return { success: false, message: `duration: ${duration} s, needs to be above 0` };
    port.inject(kind as SimFault, joint === '' ? undefined : index, value, duration);
    return { success: true, message: '' };
  });
}
