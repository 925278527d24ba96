import { EstimatorFault } from '../../src/estimation/base-estimate.js';
import { BaseEstimator } from '../../src/estimation/base-estimator.js';
import type { Standing } from '../../src/evaluation/standing.js';
import type { Robot } from '../../src/robot/robot.js';
import { SensorNoise } from '../../src/sim/sensor-noise.js';

const BIASES = [0.1, 0.2, 0.5, -0.1, -0.2, -0.5] as const;
const AXES = { x: [1, 0, 0], y: [0, 1, 0], z: [0, 0, 1], all: [1, 1, 1] } as const;
/** When the bias comes, and the end of a trial, s. */
const FROM = 1;
const DURATION = 5;
/** Pushes in which nothing is wrong with the gyro: N, s, and directions, degrees. */
const PUSHES = [
  [100, 0.2],
  [150, 0.2],
  [200, 0.1],
  [250, 0.1],
  [285, 0.1],
  [300, 0.1],
] as const;
const DIRECTIONS = [0, 45, 90, 135, 180, 225, 270, 315] as const;
/** How long the robot crouches and comes up in turn without a fault, and how often, s. */
const CROUCHING = 120;
const CROUCH_PERIOD = 8;

/** The robot stands, its arms moving, when the gyro becomes biased; and what is declared while the gyro is all right. */
export function gyroBias(robot: Robot, standing: Standing): Record<string, number> {
  const figures: Record<string, number> = {};
  let seed = 1;
  for (const [axis, direction] of Object.entries(AXES)) {
    let stood = 0;
    let latest = 0;
    for (const bias of BIASES) {
      const watch = new GyroWatch(robot, seed++, (time, rate) => {
        if (time >= FROM) for (let k = 0; k < 3; k++) rate[k] += bias * direction[k];
      });
      if (standing.run({ duration: DURATION, sense: watch.sense, source: watch }).stood) stood++;
      latest = Math.max(latest, watch.declared - FROM);
    }
    figures[`gyro_bias_${axis}_stood_share`] = stood / BIASES.length;
    figures[`gyro_bias_${axis}_declared_ms`] = 1e3 * latest;
  }
  figures.gyro_false_alarms = falseAlarms(robot, standing);
  return figures;
}

/** Trials in which a gyro that tells the truth is declared wrong. */
function falseAlarms(robot: Robot, standing: Standing): number {
  let alarms = 0;
  let seed = 1;
  const postures = [{ time: 0, posture: 'stand' }];
  for (let time = 2; time + CROUCH_PERIOD < CROUCHING; time += CROUCH_PERIOD) {
    for (const [k, posture] of ['stand', 'table_work', 'table_work', 'stand'].entries()) {
      postures.push({ time: time + 2 * k, posture });
    }
  }
  const crouching = new GyroWatch(robot, seed++);
  standing.run({ duration: CROUCHING, postures, sense: crouching.sense, source: crouching });
  if (Number.isFinite(crouching.declared)) alarms++;
  for (const [force, duration] of PUSHES) {
    for (const degrees of DIRECTIONS) {
      const watch = new GyroWatch(robot, seed++);
      const push = { start: 0.5, duration, force, direction: (degrees * Math.PI) / 180 };
      standing.run({ duration: 2.6, armsMove: false, pushes: [push], sense: watch.sense, source: watch });
      if (Number.isFinite(watch.declared)) alarms++;
    }
  }
  return alarms;
}

/** Noisy sensors and the estimator, which notes when it first declares the inertial unit implausible. */
class GyroWatch extends BaseEstimator {
  /** s; infinite: never */
  declared = Number.POSITIVE_INFINITY;
  readonly sense: (state: Parameters<BaseEstimator['update']>[0]) => void;

  /** @param corrupt changes the angular velocity measured at a time, s */
  constructor(robot: Robot, seed: number, corrupt?: (time: number, rate: Float64Array) => void) {
    super(robot);
    const noise = new SensorNoise(robot.names.length, seed);
    this.sense = (state) => {
      noise.apply(state);
      corrupt?.(state.time, state.angularVelocity);
    };
  }

  override update(...[state, dt]: Parameters<BaseEstimator['update']>): void {
    super.update(state, dt);
    const implausible = (this.estimate.degraded & EstimatorFault.imuImplausible) !== 0;
    if (implausible) this.declared = Math.min(this.declared, state.time);
  }
}
