import { HoistRequest } from '../src/balance/suspension.js';
import { type GantryResult, GantryTrial } from '../src/evaluation/gantry-trial.js';
import { Robot } from '../src/robot/robot.js';
import { packagePath } from '../src/ros/package-path.js';
import { loadSafetyConfig } from '../src/safety/safety-config.js';
import { loadTask } from '../src/sim/scene.js';

const CYCLES = 20;
const POSTURES = ['table_ready', 'table_work', 'stand', 'crouch'] as const;
/** The robot is hung up after the first time, set down after the second, and watched until the third, s. */
const TIMES = [1, 6.5, 12] as const;

/** Hangs the robot up and sets it down, each time with other arms: on noisy sensors, beside its table. */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const task = loadTask(packagePath('config/scenes/pick_and_place.yaml'));
  const safety = loadSafetyConfig(packagePath('config/safety.yaml'));
  const trial = await GantryTrial.create(Robot.load(packagePath('config/robot.yaml')), task, safety);
  const orders = [
    { time: TIMES[0], request: HoistRequest.hang },
    { time: TIMES[1], request: HoistRequest.stand },
  ];
  const results: GantryResult[] = [];
  for (let k = 0; k < CYCLES; k++) {
    const posture = POSTURES[k % POSTURES.length]!;
    const result = trial.run(k, trial.draw(posture, k), orders, TIMES[2]);
    results.push(result);
    const { hung, stood, left, landed, swing, slide, stops } = result;
    console.log(
      `${posture.padEnd(11)} hung after ${(hung - TIMES[0]).toFixed(1)} s, stood after ${(stood - TIMES[1]).toFixed(1)} s, ` +
        `feet apart ${(1e3 * left).toFixed(0)} and ${(1e3 * landed).toFixed(0)} ms, swing ${(1e3 * swing).toFixed(1)} mm, ` +
        `slide ${(1e3 * slide).toFixed(1)} mm${result.fell ? ', fell' : ''} ${stops.join('; ')}`,
    );
  }
  trial.delete();
  const worst = (key: 'left' | 'landed' | 'swing' | 'tilt' | 'slide') => Math.max(...results.map((r) => r[key]));
  const good = results.filter(
    ({ hung, stood, fell, stops }) => hung > 0 && stood > hung && !fell && stops.length === 0,
  );
  return {
    figures: {
      cycles: CYCLES,
      falls: results.filter(({ fell }) => fell).length,
      stops: results.filter(({ stops }) => stops.length > 0).length,
      hang_time_s: Math.max(...results.map(({ hung }) => hung)) - TIMES[0],
      stand_time_s: Math.max(...results.map(({ stood }) => stood)) - TIMES[1],
      feet_left_apart_s: worst('left'),
      feet_landed_apart_s: worst('landed'),
      swing_m: worst('swing'),
      tilt_rad: worst('tilt'),
      slide_m: worst('slide'),
    },
    ratios: { good: good.length / CYCLES },
  };
}
