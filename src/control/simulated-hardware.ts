import type { Hardware } from './hardware.js';

/** Hardware that is a simulation, and can say what no robot knows: for evaluation and rendering only. */
export interface SimulatedHardware extends Hardware {
  readonly standsStill: true;
  /** Doubles that `copyGroundTruth` fills; known once configured. */
  readonly groundTruthSize: number;
  /** Simulated per real time, lately. */
  readonly realTimeFactor: number;
  /** Whether the robot was placed anew by the last `read`: nothing from before it holds. Real-time safe. */
  readonly placedAnew: boolean;
  /** Copies the simulation's state: simulated time, qpos, qvel, and the worst so far (`TruthRecorder`). Real-time safe. */
  copyGroundTruth(out: Float64Array): void;
}

export function isSimulated(hardware: Hardware): hardware is SimulatedHardware {
  return 'copyGroundTruth' in hardware;
}
