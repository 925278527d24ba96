import { type ApproachResult, approach, approachDefaults } from '../src/evaluation/approach.js';
import { Robot } from '../src/robot/robot.js';
import { packagePath } from '../src/ros/package-path.js';

/** Walking speeds, m/s; the last is faster than a person is assumed to be, and measured. */
const speeds = [0.4, 0.8, 1.2, 1.6, 2.0];
const seeds = [1, 2, 3, 4];

/**
 * People who walk up to the moving robot at several speeds: distance at which it has come to rest, and at which it
 * begins to brake, beside what ISO/TS 15066 asks for. A ratio says how many times the bound the worst of the seeds
 * kept.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  console.log('speed  brakes at  bound   rests at  bound   stopping way, time  hand  went on');
  for (const speed of speeds) {
    const results: ApproachResult[] = [];
    for (const seed of seeds) results.push(await approach(robot, { ...approachDefaults, speed, seed }));
    const worst = (key: (result: ApproachResult) => number, pick: (...values: number[]) => number) =>
      pick(...results.map(key));
    const key = speed.toFixed(1);
    const nearest = results.reduce((a, b) => (a.slowed - a.protective < b.slowed - b.protective ? a : b));
    figures[`brakes_at_${key}_m`] = nearest.slowed;
    figures[`protective_distance_${key}_m`] = nearest.protective;
    figures[`rests_at_${key}_m`] = worst(({ stood }) => stood, Math.min);
    figures[`stopping_way_${key}_m`] = worst(({ stoppingWay }) => stoppingWay, Math.max);
    figures[`stopping_time_${key}_s`] = worst(({ stoppingTime }) => stoppingTime, Math.max);
    figures[`crept_${key}_m`] = worst(({ crept }) => crept, Math.max);
    ratios[`rest_over_bound_${key}`] = worst(({ stood, least }) => stood / least, Math.min);
    ratios[`braking_over_bound_${key}`] = worst(({ slowed, protective }) => slowed / protective, Math.min);
    ratios[`went_on_${key}`] = results.filter(({ resumed }) => resumed).length / results.length;
    console.log(
      `${key}    ${nearest.slowed.toFixed(3)} m    ${nearest.protective.toFixed(3)} m ` +
        `${figures[`rests_at_${key}_m`].toFixed(3)} m   ${nearest.least.toFixed(3)} m ` +
        `${figures[`stopping_way_${key}_m`].toFixed(3)} m, ${figures[`stopping_time_${key}_s`].toFixed(2)} s     ` +
        `${worst(({ handSpeed }) => handSpeed, Math.max).toFixed(2)} m/s  ${ratios[`went_on_${key}`] * 100} %`,
    );
  }
  return { figures, ratios };
}
