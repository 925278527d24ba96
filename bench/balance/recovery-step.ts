import { pathToFileURL } from 'node:url';
import { Stabilizer } from '../../src/balance/stabilizer.js';
import { NEVER, STABILIZER_DEFAULTS, type StepTrigger } from '../../src/balance/stabilizer-options.js';
import { BaseEstimator } from '../../src/estimation/base-estimator.js';
import { Standing, type StandingSample } from '../../src/evaluation/standing.js';
import { Robot } from '../../src/robot/robot.js';
import { packagePath } from '../../src/ros/package-path.js';
import { SensorNoise } from '../../src/sim/sensor-noise.js';

const SEED = 1;
/** Length of a trial, s: the robot has to stand for 5 s after the push. */
const DURATION = 5.7;
const PUSH_START = 0.5;
const DIRECTIONS = [0, 45, 90, 135, 180, 225, 270, 315] as const;
/** Duration of a push, s; the first force that is tried, by how much the next one is larger, and the last one, N. */
const PUSHES = [
  { duration: 0.1, first: 280, next: 20, last: 600 },
  { duration: 0.2, first: 150, next: 10, last: 320 },
] as const;

/**
 * The largest push at the torso up to which all that are tried are survived, with and without a recovery step, on noisy
 * sensors and the estimated base; and what the legs' joints do meanwhile, by the simulator's truth.
 */
export async function recoverySteps(robot: Robot): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const [name, trigger] of [
    ['no_step', NEVER],
    ['step', STABILIZER_DEFAULTS.step.trigger],
  ] as const) {
    const legs = new LegLimits(robot);
    for (const push of PUSHES) {
      const largest = await survived(robot, trigger, push, legs);
      DIRECTIONS.forEach((direction, i) => {
        figures[`${name}_${push.duration}s_${direction}deg_N`] = largest[i]!;
      });
      console.error(`${name}, ${push.duration} s: ${largest.join(' ')} N at ${DIRECTIONS.join(' ')}°`);
    }
    figures[`${name}_joint_speed_rad_s`] = legs.speed;
    figures[`${name}_beyond_urdf_rad`] = legs.beyondUrdf;
    figures[`${name}_beyond_limit_rad`] = legs.beyondLimit;
    console.error(
      `${name}: joints of the legs up to ${legs.speed.toFixed(1)} rad/s, ${legs.beyondUrdf.toFixed(3)} rad beyond the ` +
        `URDF's limits, ${legs.beyondLimit.toFixed(3)} rad beyond the tighter ones`,
    );
  }
  return figures;
}

/** N, by direction; one less than the first force where not even that is survived. */
async function survived(
  robot: Robot,
  trigger: StepTrigger,
  { duration, first, next, last }: (typeof PUSHES)[number],
  legs: LegLimits,
): Promise<number[]> {
  const options = { ...STABILIZER_DEFAULTS, step: { ...STABILIZER_DEFAULTS.step, trigger } };
  const stabilizer = await Stabilizer.create(robot, options);
  const standing = await Standing.create(robot, stabilizer);
  const largest = DIRECTIONS.map((direction) => {
    for (let force = first; force <= last; force += next) {
      const noise = new SensorNoise(robot.names.length, SEED);
      const trial = legs.begin();
      const { stood } = standing.run({
        duration: DURATION,
        armsMove: false,
        pushes: [{ start: PUSH_START, duration, force, direction: (direction * Math.PI) / 180 }],
        sense: (state) => noise.apply(state),
        source: new BaseEstimator(robot),
        observe: trial.observe,
      });
      if (!stood) return force - next;
      trial.keep();
    }
    return last;
  });
  standing.delete();
  stabilizer.delete();
  return largest;
}

/** How far and how fast the legs' joints go in the trials that are survived. */
class LegLimits {
  /** rad/s */
  speed = 0;
  /** rad beyond the URDF's limits, and beyond those of the robot's file. */
  beyondUrdf = 0;
  beyondLimit = 0;
  readonly #robot: Robot;
  readonly #joints: readonly number[];

  constructor(robot: Robot) {
    this.#robot = robot;
    this.#joints = [...robot.group('left_leg'), ...robot.group('right_leg')];
  }

  begin(): { observe(sample: StandingSample): void; keep(): void } {
    const { lower, upper, urdf } = this.#robot;
    let [speed, beyondUrdf, beyondLimit] = [0, 0, 0];
    return {
      observe: ({ state: { position, velocity } }) => {
        for (const i of this.#joints) {
          const q = position[i]!;
          const joint = urdf.joints[i]!;
          speed = Math.max(speed, Math.abs(velocity[i]!));
          beyondUrdf = Math.max(beyondUrdf, joint.lower - q, q - joint.upper);
          beyondLimit = Math.max(beyondLimit, lower[i]! - q, q - upper[i]!);
        }
      },
      keep: () => {
        this.speed = Math.max(this.speed, speed);
        this.beyondUrdf = Math.max(this.beyondUrdf, beyondUrdf);
        this.beyondLimit = Math.max(this.beyondLimit, beyondLimit);
      },
    };
  }
}

// Alone: node dist/bench/balance/recovery-step.js
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await recoverySteps(Robot.load(packagePath('config/robot.yaml')));
}
