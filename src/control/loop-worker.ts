import { parentPort, workerData } from 'node:worker_threads';
import type { Balancer } from '../balance/balancer.js';
import { Robot } from '../robot/robot.js';
import { ControlLoop } from './control-loop.js';
import { createHardware } from './hardware-registry.js';
import { JointController } from './joint-controller.js';
import type { LoopMessage, LoopOptions } from './loop.js';
import { requestPreciseTimers, requestRealtimePriority } from './realtime.js';
import { SharedState } from './shared-state.js';
import { isSimulated } from './simulated-hardware.js';

/** Entry of the loop's thread: builds hardware and controller here, shares the memory, runs until shutdown. */
async function main(options: LoopOptions): Promise<void> {
  const { parameters, controller: controllerOptions } = options;
  const hardware = await createHardware(options.hardware, options.hardwareOptions, parameters);
  await hardware.configure();
  const groundTruthSize = isSimulated(hardware) ? hardware.groundTruthSize : 0;
  const shared = new SharedState({ joints: parameters.names.length, groundTruthSize });
  const controller = new JointController(parameters, shared.trajectory, controllerOptions);
  requestPreciseTimers();
  if (options.realtime) {
    const complaint = requestRealtimePriority();
    if (complaint !== undefined) post({ type: 'log', text: complaint });
  }
  post({ type: 'ready', layout: shared.layout, buffer: shared.buffer });
  const { balance } = options;
  const balancer = balance === undefined ? undefined : await createBalancer(balance);
  new ControlLoop(hardware, controller, shared, controllerOptions.period, balancer).run();
}

/** Loaded on demand: a robot that hangs needs no model of its dynamics. */
async function createBalancer(robot: string): Promise<Balancer> {
  const { Balancer } = await import('../balance/balancer.js');
  return Balancer.create(Robot.load(robot));
}

function post(message: LoopMessage): void {
  parentPort?.postMessage(message);
}

try {
  await main(workerData as LoopOptions);
  post({ type: 'finished' });
} catch (error) {
  post({ type: 'error', text: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exitCode = 1;
}
