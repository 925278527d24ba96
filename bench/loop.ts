import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type LoopOptions, startControlLoop } from '../src/control/loop.js';
import { createLoopSnapshot } from '../src/control/loop-snapshot.js';
import type { LoopReport } from '../src/control/loop-statistics.js';
import { monotonicSeconds } from '../src/control/monotonic-clock.js';
import { createJointTrajectory } from '../src/control/trajectory.js';
import { Robot } from '../src/robot/robot.js';

const POINTS = 20;
const STEP = 0.01;
/** Amplitude of the motion, rad, and its frequency, rad/s. */
const AMPLITUDE = 0.1;
const FREQUENCY = 2;

/**
 * Runs the control loop on its own for a while, with a planner that sways every joint at 100 Hz, and reports its
 * timing, start-up included.
 */
export async function measureLoop(
  options: Pick<LoopOptions, 'hardware' | 'parameters'> & Partial<LoopOptions>,
  seconds: number,
): Promise<LoopReport> {
  const handle = await startControlLoop(options, (line) => console.error(line));
  const { shared } = handle;
  const { joints } = shared.layout;
  const snapshot = createLoopSnapshot(shared.layout);
  while (!shared.readSnapshot(snapshot)) await pause(1);
  const posture = snapshot.command.position.slice();
  const trajectory = createJointTrajectory(joints, POINTS);
  trajectory.count = POINTS;
  const start = monotonicSeconds();
  const planner = setInterval(() => {
    const now = monotonicSeconds();
    trajectory.stamp = now;
    for (let k = 0; k < POINTS; k++) {
      const phase = FREQUENCY * (now - start + k * STEP);
      trajectory.time[k] = now + k * STEP;
      for (let j = 0; j < joints; j++) {
        trajectory.position[k * joints + j] = posture[j] + AMPLITUDE * (1 - Math.cos(phase));
        trajectory.velocity[k * joints + j] = AMPLITUDE * FREQUENCY * Math.sin(phase);
      }
    }
    shared.trajectory.write(trajectory);
    shared.heartbeat();
  }, 1e3 * STEP);
  await pause(1e3 * seconds);
  clearInterval(planner);
  const report = shared.statistics.report();
  await handle.stop();
  return report;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      hardware: { type: 'string', default: 'mock' },
      seconds: { type: 'string', default: '5' },
      robot: { type: 'string', default: 'config/robot.yaml' },
      task: { type: 'string', default: 'config/scenes/pick_and_place.yaml' },
    },
  });
  const { hardware, robot, task } = values;
  const parameters = Robot.load(robot);
  const hardwareOptions = hardware === 'mujoco' ? { robot, task, seed: 1 } : {};
  const report = await measureLoop({ hardware, hardwareOptions, parameters }, Number(values.seconds));
  console.log(JSON.stringify(report, undefined, 2));
}
