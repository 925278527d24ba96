import { writeFileSync } from 'node:fs';
import { Stabilizer } from '../src/balance/stabilizer.js';
import { type BalanceLaw, NEVER, STABILIZER_DEFAULTS } from '../src/balance/stabilizer-options.js';
import { BaseEstimator } from '../src/estimation/base-estimator.js';
import { Standing, type StandingOptions, type StandingResult } from '../src/evaluation/standing.js';
import { Robot } from '../src/robot/robot.js';
import { packagePath } from '../src/ros/package-path.js';
import { SensorNoise } from '../src/sim/sensor-noise.js';
import { gyroBias } from './balance/gyro-bias.js';
import { recoverySteps } from './balance/recovery-step.js';
import { svgPlot } from './svg-plot.js';

const SEED = 1;
/** Length of the trial with moving arms, s, and of one with a push. */
const LONG = 600;
const SHORT = 2.6;
const PUSH_START = 0.5;
const DIRECTIONS = [0, 45, 90, 135, 180, 225, 270, 315] as const;
/** Duration of a push, s, and the force, N, that is asked for and that no law survives. */
const PUSHES = [
  { duration: 0.1, wanted: 285, most: 480 },
  { duration: 0.2, wanted: 155, most: 270 },
] as const;
/** A push counts as survived where the soles slid no more than this, m. */
const SLIDE = 0.03;
/** The largest push is found to this, N. */
const RESOLUTION = 5;
/** Delay of state or command, cycles. */
const DELAY = 10;

const LAWS: readonly { readonly law: BalanceLaw; readonly label: string; readonly color: string }[] = [
  { law: 'whole-body', label: 'whole-body program', color: '#1f6fd0' },
  { law: 'dcm', label: 'peer: PD + gravity + DCM, no program', color: '#d07a1f' },
  { law: 'posture', label: 'peer: PD + gravity', color: '#8a8a8a' },
];

interface LargestPush {
  readonly force: number;
  /** Largest slide of a sole in that push, m. */
  readonly slide: number;
}

/**
 * Balance on estimated state and noisy sensors, judged on the simulator's truth: ten minutes of standing while the arms
 * move; the largest push at the torso that is survived without a step, by direction, with and without 10 ms of delay;
 * what follows from a biased gyro; the same pushes with a recovery step; beside the same robot without the whole-body program. A ratio says how much larger the program's worst push is.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  const forces = new Map<string, number[]>();
  for (const { law } of LAWS) {
    const step = { ...STABILIZER_DEFAULTS.step, trigger: NEVER };
    const stabilizer = await Stabilizer.create(robot, { ...STABILIZER_DEFAULTS, law, step });
    const standing = await Standing.create(robot, stabilizer);
    const trial = (options: Partial<StandingOptions>) => standing.run({ ...sensors(robot), ...options });
    if (law === 'whole-body') Object.assign(figures, stand(trial), gyroBias(robot, standing));
    for (const push of PUSHES) {
      const name = `${law}_${push.duration}s`;
      const largest = DIRECTIONS.map((direction) => largestPush(trial, push, direction));
      forces.set(
        name,
        largest.map(({ force }) => force),
      );
      DIRECTIONS.forEach((direction, i) => {
        figures[`push_${name}_${direction}deg_N`] = largest[i].force;
      });
      figures[`push_${name}_worst_N`] = Math.min(...largest.map(({ force }) => force));
      figures[`push_${name}_slide_mm`] = 1e3 * Math.max(...largest.map(({ slide }) => slide));
      console.error(`${name}: at least ${figures[`push_${name}_worst_N`].toFixed(0)} N`);
      if (law === 'whole-body') Object.assign(ratios, delayed(trial, push, largest));
      else {
        const ours = figures[`push_whole-body_${push.duration}s_worst_N`];
        ratios[`push_${push.duration}s_over_${law}`] = ours / figures[`push_${name}_worst_N`];
      }
    }
    standing.delete();
    stabilizer.delete();
  }
  Object.assign(figures, await recoverySteps(robot));
  plotPushes(forces);
  return { figures, ratios };
}

type Trial = (options: Partial<StandingOptions>) => StandingResult;

/** The robot's own noisy sensors and what its estimator makes of them. */
function sensors(robot: Robot): Pick<StandingOptions, 'sense' | 'source'> {
  const noise = new SensorNoise(robot.names.length, SEED);
  return { sense: (state) => noise.apply(state), source: new BaseEstimator(robot) };
}

/** Stands for ten minutes with moving arms. */
function stand(trial: Trial): Record<string, number> {
  const times: number[] = [];
  const places: [number, number][] = [];
  const result = trial({
    duration: LONG,
    observe: ({ time, pelvis }) => {
      if (Math.round(1e3 * time) % 500 !== 0) return;
      times.push(time);
      places.push([pelvis[0], pelvis[1]]);
    },
  });
  plotSway(times, places);
  console.error(
    `stood ${result.time.toFixed(1)} s, sway ${result.pelvisSway.map((sway) => (1e3 * sway).toFixed(1))} mm`,
  );
  return {
    stood_s: result.time,
    sway_x_mm: 1e3 * result.pelvisSway[0],
    sway_y_mm: 1e3 * result.pelvisSway[1],
    com_range_x_mm: 1e3 * result.comSway[0],
    com_range_y_mm: 1e3 * result.comSway[1],
    standing_slide_mm: 1e3 * result.slide,
    standing_effort_share: result.effort,
    solve_p50_ms: result.solveTime[0],
    solve_p99_ms: result.solveTime[1],
    cycle_mean_ms: result.meanTime,
    fallback_share: result.fallbacks / result.solves,
  };
}

/** The largest push that is survived, by bisection. @param direction degrees */
function largestPush(
  trial: Trial,
  { duration, most }: { readonly duration: number; readonly most: number },
  direction: number,
  delay: Partial<StandingOptions> = {},
): LargestPush {
  let best: LargestPush = { force: 0, slide: 0 };
  for (let high = most; high - best.force > RESOLUTION; ) {
    const force = (best.force + high) / 2;
    const push = { start: PUSH_START, duration, force, direction: (direction * Math.PI) / 180 };
    const { stood, slide } = trial({ duration: SHORT, armsMove: false, pushes: [push], ...delay });
    if (stood && slide <= SLIDE) best = { force, slide };
    else high = force;
  }
  return best;
}

/** What 10 ms of delay leaves of the four smallest of the largest pushes. */
function delayed(
  trial: Trial,
  push: (typeof PUSHES)[number],
  undelayed: readonly LargestPush[],
): Record<string, number> {
  const weakest = DIRECTIONS.map((direction, i) => ({ direction, force: undelayed[i].force }))
    .sort((a, b) => a.force - b.force)
    .slice(0, 4);
  const worst = (delay: Partial<StandingOptions>) =>
    Math.min(...weakest.map(({ direction }) => largestPush(trial, push, direction, delay).force));
  return {
    [`push_${push.duration}s_state_10ms_late_over_in_time`]: worst({ stateDelay: DELAY }) / weakest[0].force,
    [`push_${push.duration}s_command_10ms_late_over_in_time`]: worst({ commandDelay: DELAY }) / weakest[0].force,
  };
}

function plotSway(times: readonly number[], places: readonly (readonly [number, number])[]): void {
  const mean = [0, 1].map((k) => places.reduce((sum, place) => sum + place[k], 0) / places.length);
  const limits = { min: -10, max: 10 };
  const x = { label: 'time, s', min: 0, max: LONG };
  const panel = (k: number, title: string, color: string) => ({
    title,
    x,
    y: { label: 'from the mean, mm', ...limits },
    series: [
      {
        label: 'pelvis, every 0.5 s, while both arms swing',
        points: places.map((place, i) => [times[i], 1e3 * (place[k] - mean[k])] as const),
        color,
      },
    ],
  });
  writeFileSync(
    packagePath('docs/balance_sway.svg'),
    svgPlot([panel(0, 'Sway, forward', '#1f6fd0'), panel(1, 'Sway, to the left', '#2f9e60')]),
  );
}

function plotPushes(forces: ReadonlyMap<string, readonly number[]>): void {
  const panels = PUSHES.map(({ duration, wanted, most }) => ({
    title: `Largest push survived without a step, ${duration} s`,
    x: { label: 'direction, degrees (0 forward, 90 to the left)', min: 0, max: 360 },
    y: { label: 'force at the torso, N', min: 0, max: most },
    series: [
      ...LAWS.map(({ law, label, color }) => {
        const found = forces.get(`${law}_${duration}s`) ?? [];
        const points = [...DIRECTIONS, 360].map((direction, i) => [direction, found[i % found.length]] as const);
        return { label, color, points, dots: true };
      }),
      {
        label: `asked for: ${wanted} N`,
        color: '#b03030',
        dashed: true,
        points: [[0, wanted] as const, [360, wanted] as const],
      },
    ],
  }));
  writeFileSync(packagePath('docs/balance_pushes.svg'), svgPlot(panels));
}
