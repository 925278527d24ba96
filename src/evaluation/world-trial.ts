import type { BackendSession } from '../cosmos/policy-backend.js';
import { type ForeseenFrame, PRESENT, type WorldPrediction } from '../cosmos/world-model.js';
import { POLICY_HEIGHT, POLICY_WIDTH } from '../perception/policy-image.js';
import { extrapolateColors, extrapolateMotion } from './frame-baselines.js';
import { motionMask, overlap, type Picture, squaredError, structuralSimilarity } from './image-metrics.js';
import { executedActions, type WorldRecord } from './world-recorder.js';

/** Waypoints of a chunk: as far ahead as the model is told what will be done. */
const HORIZON = 10;
/** Records from one judged moment to the next. */
const STRIDE = 5;
/** Records between the pictures that a policy is given: those from which motion can be told. */
const HISTORY = 3;

/** Ways to tell the frames to come. */
export const PREDICTORS = ['model', 'copy_last', 'constant_colour_rate', 'constant_motion'] as const;
export type Predictor = (typeof PREDICTORS)[number];

/** Sums over the frames of one predictor at one horizon. */
export interface FrameSums {
  /** Σ of squared differences, and of how many numbers. */
  squared: number;
  values: number;
  similarity: number;
  frames: number;
  /** Pixels in both motion masks, and in either. */
  both: number;
  either: number;
}

/** A row of the contact sheet. */
export interface SheetRow {
  readonly seen: Picture;
  readonly frames: readonly { readonly truth: Picture; readonly predicted: Picture }[];
}

/** What an episode says of the world model. */
export interface WorldTrial {
  moments: number;
  /** By waypoints ahead. */
  readonly frames: Map<number, Record<Predictor, FrameSums>>;
  /** For each quantity of the model, of each moment. */
  readonly quantities: { readonly name: string; readonly truth: number[]; readonly predicted: number[] }[];
  /** Distance of visible objects, those fixed in the scene excepted, from where the model believes them, m, by name. */
  readonly objects: Record<string, number[]>;
  /** Objects that are there or not as the model says, and all. */
  presenceRight: number;
  presenceAll: number;
  /** Probability of success that the model gave at each moment. */
  readonly confidence: number[];
  /** The moment at which most moves within a second. */
  sheet: SheetRow | undefined;
}

/**
 * Asks the world model at moments of an episode what will come, told what the robot was commanded afterwards and nothing
 * else that came later, and compares with what did.
 * @param session of a policy with a world model
 * @param records a waypoint's time apart in the motion that they show
 * @param dt time between the policy's waypoints, s
 * @throws Error where it has no world model
 */
export async function judgeEpisode(
  session: BackendSession,
  records: readonly WorldRecord[],
  instruction: string,
  dt: number,
): Promise<WorldTrial> {
  const trial: WorldTrial = {
    moments: 0,
    frames: new Map(),
    quantities: [],
    objects: {},
    presenceRight: 0,
    presenceAll: 0,
    confidence: [],
    sheet: undefined,
  };
  let busiest = 0;
  for (let i = 0; i + HORIZON < records.length; i += STRIDE) {
    const record = records[i]!;
    const earlier = records[Math.max(i - HISTORY, 0)]!;
    const world = await askAt(session, earlier, record, instruction, executedActions(records, i, HORIZON));
    const now = pictureOf(record);
    const ahead = world.frames.map(({ after }) => Math.round(after / dt));
    const truths = ahead.map((steps) => pictureOf(records[i + steps]!));
    for (const [k, frame] of world.frames.entries()) {
      judgeFrame(trial, ahead[k]!, frame, truths[k]!, pictureOf(earlier), now);
    }
    judgeState(trial, world, record);
    trial.confidence.push(world.success);
    trial.moments++;
    const moved = motionMask(now, truths.at(-1)!).reduce((sum, bit) => sum + bit, 0);
    if (moved <= busiest) continue;
    busiest = moved;
    const frames = world.frames.map((predicted, k) => ({ truth: truths[k]!, predicted }));
    trial.sheet = { seen: now, frames };
  }
  return trial;
}

/** The question: two frames of history, the present, and what the acting arm is to do. */
async function askAt(
  session: BackendSession,
  earlier: WorldRecord,
  now: WorldRecord,
  instruction: string,
  actions: Float64Array,
): Promise<WorldPrediction> {
  const least = { candidates: 1, steps: 1, seed: 0 };
  session.reset();
  if (earlier !== now) session.observe?.(earlier.senses);
  const [prediction] = await session.infer(now.senses, instruction, least);
  const { foresee, policy } = prediction!;
  if (foresee === undefined) throw new Error(`policy ${policy} has no world model to be judged`);
  return foresee(actions, now.arm, true);
}

function judgeFrame(
  trial: WorldTrial,
  ahead: number,
  frame: ForeseenFrame,
  truth: Picture,
  before: Picture,
  now: Picture,
): void {
  const steps = ahead / HISTORY;
  const predicted: Record<Predictor, Picture> = {
    model: frame,
    copy_last: now,
    constant_colour_rate: extrapolateColors(before, now, steps),
    constant_motion: extrapolateMotion(before, now, steps),
  };
  const moved = motionMask(now, truth);
  const own = trial.frames.get(ahead) ?? emptySums();
  trial.frames.set(ahead, own);
  for (const predictor of PREDICTORS) {
    const [sums, picture] = [own[predictor], predicted[predictor]];
    const { both, either } = overlap(moved, motionMask(now, picture));
    sums.squared += squaredError(picture, truth);
    sums.values += truth.color.length;
    sums.similarity += structuralSimilarity(picture, truth);
    sums.frames++;
    sums.both += both;
    sums.either += either;
  }
}

function judgeState(trial: WorldTrial, { quantities, objects }: WorldPrediction, record: WorldRecord): void {
  for (const [i, { name, mean }] of quantities.entries()) {
    trial.quantities[i] ??= { name, truth: [], predicted: [] };
    trial.quantities[i].truth.push(record.quantities[i]!);
    trial.quantities[i].predicted.push(mean);
  }
  for (const { name, presence, position } of objects) {
    const truth = record.objects!.get(name);
    trial.presenceAll++;
    if (presence > PRESENT === (truth !== undefined)) trial.presenceRight++;
    if (truth === undefined || truth.immovable || !truth.visible) continue;
    const error = Math.hypot(...position.map((value, axis) => value - truth.position[axis]!));
    trial.objects[name] = [...(trial.objects[name] ?? []), error];
  }
}

function emptySums(): Record<Predictor, FrameSums> {
  const empty = () => ({ squared: 0, values: 0, similarity: 0, frames: 0, both: 0, either: 0 });
  return { model: empty(), copy_last: empty(), constant_colour_rate: empty(), constant_motion: empty() };
}

function pictureOf({ senses }: WorldRecord): Picture {
  return { width: POLICY_WIDTH, height: POLICY_HEIGHT, color: senses.frame.color };
}
