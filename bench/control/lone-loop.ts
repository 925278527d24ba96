import { CONTROLLER_DEFAULTS } from '../../src/control/joint-controller.js';
import { type LoopHandle, startControlLoop } from '../../src/control/loop.js';
import type { TimeQuantiles } from '../../src/control/loop-statistics.js';
import { Robot } from '../../src/robot/robot.js';
import { packagePath } from '../../src/ros/package-path.js';
import { classOf, cyclictest, type Lateness, type SchedulingClass } from './cyclictest.js';

/** What moves the joints. */
export type BenchHardware = 'mock' | 'mujoco';

/** Our loop and cyclictest, timed at the same time. */
export interface Comparison {
  readonly ours: TimeQuantiles;
  readonly peer: Lateness;
  /** Cycles run and cycles skipped. */
  readonly cycles: number;
  readonly missed: number;
  readonly scheduling: SchedulingClass;
}

/** Time for the engine to compile the loop before it is timed, ms. */
const WARM_UP = 3000;

/** Starts the control loop in this process, without ROS. */
export async function startLoop(hardware: BenchHardware, realtime: boolean): Promise<LoopHandle> {
  const robot = packagePath('config/robot.yaml');
  const task = packagePath('config/scenes/pick_and_place.yaml');
  const hardwareOptions = hardware === 'mujoco' ? { robot, task, seed: 1, instruction: '', support: 'gantry' } : {};
  const parameters = Robot.load(robot);
  return startControlLoop({ hardware, hardwareOptions, parameters, realtime, controller: CONTROLLER_DEFAULTS });
}

/** Times the loop alone in this process beside cyclictest of the same scheduling class. @param seconds how long */
export async function timeLoneLoop(hardware: BenchHardware, realtime: boolean, seconds: number): Promise<Comparison> {
  const loop = await startLoop(hardware, realtime);
  try {
    await new Promise((resolve) => setTimeout(resolve, WARM_UP));
    const scheduling = classOf(process.pid);
    loop.shared.statistics.clear();
    const peer = await cyclictest(seconds, scheduling);
    const { lateUs, cycles, missed } = loop.shared.statistics.report();
    return { ours: lateUs, peer, cycles, missed, scheduling };
  } finally {
    await loop.stop();
  }
}
