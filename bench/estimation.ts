import { MOTION_SIZE, normalisedError } from '../src/evaluation/consistency.js';
import { type Disturbance, type EstimationErrors, EstimationTrial } from '../src/evaluation/estimation-trial.js';
import { Robot } from '../src/robot/robot.js';
import { packagePath } from '../src/ros/package-path.js';
import { loadTask } from '../src/sim/scene.js';

const SEED = 1;
/** Length of the trial without disturbance, and of those with one, s. */
const LONG = 60;
const SHORT = 6;
/** When the disturbance comes, and when it goes, s; before it the filter settles. */
const FROM = 2;
const TO = 4;
/** Updates that are timed at once. */
const TIMED = 20_000;

/** Errors over a trial: root mean squares and the largest, of the estimator or of its peer. */
interface Summary {
  readonly velocity: number;
  readonly tilt: number;
  readonly worstPosition: number;
  readonly worstVelocity: number;
  /** How much the horizontal position's error grew in a minute, m. */
  readonly drift: number;
}

/** Gathers errors after the filter has settled. */
class Tally {
  #samples = 0;
  #velocity = 0;
  #tilt = 0;
  #worstPosition = 0;
  #worstVelocity = 0;
  #first: EstimationErrors | undefined;
  #last: EstimationErrors | undefined;

  add(errors: EstimationErrors): void {
    this.#first ??= errors;
    this.#last = errors;
    this.#samples++;
    this.#velocity += errors.velocity ** 2;
    this.#tilt += errors.tilt ** 2;
    this.#worstPosition = Math.max(this.#worstPosition, errors.position);
    this.#worstVelocity = Math.max(this.#worstVelocity, errors.velocity);
  }

  /** @param duration of what was gathered, s */
  summary(duration: number): Summary {
    const [x, y] = [0, 1].map((k) => this.#last!.offset[k] - this.#first!.offset[k]);
    return {
      velocity: Math.sqrt(this.#velocity / this.#samples),
      tilt: Math.sqrt(this.#tilt / this.#samples),
      worstPosition: this.#worstPosition,
      worstVelocity: this.#worstVelocity,
      drift: (Math.hypot(x, y) * 60) / duration,
    };
  }
}

/**
 * The base's estimate from noisy sensors against the simulator's truth: standing and moving for a minute, with a foot
 * that is pushed over the floor, one that is lifted, and a dead inertial unit; beside leg odometry with the inertial
 * unit's own orientation, on the same measurements. A ratio says how many times larger the peer's error is.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const { scene } = loadTask(packagePath('config/scenes/pick_and_place.yaml'));
  const trial = await EstimationTrial.create(robot, { ...scene, bodies: {} }, SEED);
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};

  const move = movement(robot);
  const { ours, peer, consistency } = perform(trial, LONG, { move });
  for (const [name, summary] of [
    ['filter', ours],
    ['odometry', peer],
  ] as const) {
    figures[`${name}_velocity_rms_mm_s`] = 1e3 * summary.velocity;
    figures[`${name}_tilt_rms_mrad`] = 1e3 * summary.tilt;
    figures[`${name}_position_worst_mm`] = 1e3 * summary.worstPosition;
    figures[`${name}_drift_mm_min`] = 1e3 * summary.drift;
  }
  figures.error_over_covariance = consistency;
  ratios.velocity_odometry_over_filter = peer.velocity / ours.velocity;
  ratios.tilt_odometry_over_filter = peer.tilt / ours.tilt;
  ratios.position_odometry_over_filter = peer.worstPosition / ours.worstPosition;

  for (const [name, disturbance] of Object.entries(disturbances(robot, trial))) {
    const result = perform(trial, SHORT, disturbance);
    figures[`${name}_filter_position_worst_mm`] = 1e3 * result.ours.worstPosition;
    figures[`${name}_odometry_position_worst_mm`] = 1e3 * result.peer.worstPosition;
    figures[`${name}_filter_velocity_worst_mm_s`] = 1e3 * result.ours.worstVelocity;
    figures[`${name}_odometry_velocity_worst_mm_s`] = 1e3 * result.peer.worstVelocity;
    if (result.declared !== undefined) figures[`${name}_declared_after_ms`] = 1e3 * (result.declared - FROM);
  }

  // Processor time, which other programs do not lengthen.
  const begin = process.cpuUsage();
  for (let k = 0; k < TIMED; k++) trial.estimator.update(trial.state, 0.001);
  const { user, system } = process.cpuUsage(begin);
  figures.update_us = (user + system) / TIMED;
  trial.delete();
  return { figures, ratios };
}

/** Runs a trial. */
function perform(
  trial: EstimationTrial,
  duration: number,
  disturbance: Disturbance,
): { ours: Summary; peer: Summary; consistency: number; declared: number | undefined } {
  const [ours, peer] = [new Tally(), new Tally()];
  let declared: number | undefined;
  let nees = 0;
  let checks = 0;
  trial.start();
  for (let k = 0; k < 1000 * duration; k++) {
    const time = k * 1e-3;
    trial.step(time, disturbance);
    if (time < FROM) continue;
    ours.add(trial.errors());
    peer.add(trial.peerErrors());
    if (trial.estimator.estimate.degraded !== 0) declared ??= time;
    if (k % 100 !== 0) continue;
    nees += normalisedError(trial.estimator.filter, trial.truth) / MOTION_SIZE;
    checks++;
  }
  const span = duration - FROM;
  return { ours: ours.summary(span), peer: peer.summary(span), consistency: nees / checks, declared };
}

/** Bends and stretches the legs, turns and leans the torso, waves the arms. */
function movement(robot: Robot): NonNullable<Disturbance['move']> {
  const joint = (name: string) => robot.index(`${name}_joint`);
  const sides = ['left', 'right'].map((side) => ({
    hip: joint(`${side}_hip_pitch`),
    knee: joint(`${side}_knee`),
    ankle: joint(`${side}_ankle_pitch`),
    arm: joint(`${side}_shoulder_pitch`),
  }));
  const yaw = joint('waist_yaw');
  return (time, position) => {
    const angle = 0.05 * Math.sin(Math.PI * time);
    for (const { hip, knee, ankle, arm } of sides) {
      position[hip] -= angle;
      position[knee] += 2 * angle;
      position[ankle] -= angle;
      position[arm] += 0.3 * Math.sin(2.2 * time);
    }
    position[yaw] += 0.2 * Math.sin(0.7 * time);
  };
}

function disturbances(robot: Robot, trial: EstimationTrial): Record<string, Disturbance> {
  const foot = trial.simulation.link('left_ankle_pitch_link');
  const [hip, knee] = [robot.index('left_hip_pitch_joint'), robot.index('left_knee_joint')];
  const during = (time: number) => time >= FROM && time < TO;
  return {
    slip: { act: (time, simulation) => simulation.push(foot, [time >= FROM && time < FROM + 0.2 ? 450 : 0, 0, 0]) },
    lift: {
      // The gantry holds the pelvis meanwhile, as one foot cannot without a stabiliser.
      act: (time, simulation) => {
        if (time === FROM - 1) simulation.setGantry(true);
        if (time === TO + 1) simulation.setGantry(false);
      },
      move: (time, position) => {
        const share = Math.max(0, Math.min(1, 2 * (time - FROM), 2 * (TO - time)));
        position[hip] -= 0.5 * share;
        position[knee] += 0.9 * share;
      },
    },
    dead_imu: {
      move: movement(robot),
      corrupt: (time, state) => {
        if (!during(time)) return;
        for (const values of [state.angularVelocity, state.linearAcceleration, state.orientation]) values.fill(0);
      },
    },
  };
}
