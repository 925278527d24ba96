import type { Arm } from '../action/action-chunk.js';
import { candidateActions, type PolicySenses } from './policy-backend.js';
import type { PolicyAnswer, PolicySession } from './policy-session.js';
import type { Turns } from './turns.js';
import type { ForeseenFrame, WorldPrediction } from './world-model.js';

/** Most courses of action that are judged at once. */
export const MOST_COURSES = 64;
/** Times this close are the same, s. */
const SAME_TIME = 1e-3;

/** What is to be done in imagination. */
export interface CourseRequest {
  /** What is carried out. */
  readonly instruction: string;
  /** n × horizon × 7, physical units, relative to the gripper pose commanded now; empty: as the policy chooses. */
  readonly actions: Float64Array;
  /** Who does the given actions; undefined: the arm that the policy chooses. */
  readonly arm: Arm | undefined;
  /** Courses that the policy is to choose, 1 … {@link MOST_COURSES}; with one it is the best of `sampled`. */
  readonly courses: number;
  /** Candidates that the policy samples, at least `courses`. */
  readonly sampled: number;
  /** Of the sampler. */
  readonly seed: number;
  readonly pictures: boolean;
}

/** A course of action and what the model expects of it. */
export interface Course {
  readonly arm: Arm;
  /** horizon × 7, physical units, relative to `anchor`. */
  readonly actions: Float64Array;
  /** Gripper pose commanded at the observation, x, y, z (m) and quaternion, in base_link. */
  readonly anchor: Float64Array;
  readonly world: WorldPrediction;
}

/** Courses from one observation. */
export interface Courses {
  readonly answer: PolicyAnswer;
  readonly courses: readonly Course[];
}

/**
 * World generation (article, section 3.2): what the model expects to see of courses of action that nobody carries out.
 * The encoder, the sampler and each course take a turn of their own, between which the policy in use goes on.
 * @param present what the robot senses, read when it is its turn, and a conversation for this question alone
 * @throws Error for an instruction with words that the policy has never seen, actions of the wrong number or not finite,
 *   an arm that it lacks, and a policy without a world model
 */
export async function generateCourses(
  present: { senses(): PolicySenses; session(): PolicySession },
  request: CourseRequest,
  turns: Turns,
  steps: number,
): Promise<Courses> {
  const { instruction, actions: given, arm: wanted, courses, sampled, seed, pictures } = request;
  if (courses < 1 || courses > MOST_COURSES)
    throw new Error(`${courses} courses of action; 1 to ${MOST_COURSES} can be judged at once`);
  if (given.length === 0 && wanted !== undefined)
    throw new Error('an arm is named but no actions: the policy chooses the arm of its own actions');
  const options = { candidates: given.length > 0 ? 1 : Math.max(courses, sampled), steps };
  const [answer] = await turns.take(() => present.session().infer(present.senses(), instruction, options, seed));
  const { prediction, anchors } = answer!;
  const { foresee, unknownWords, horizon, policy } = prediction;
  if (unknownWords.length > 0) {
    const words = unknownWords.map((word) => `"${word}"`).join(', ');
    throw new Error(`unknown instruction "${instruction}": the policy has never seen ${words}`);
  }
  if (foresee === undefined) throw new Error(`policy ${policy} has no world model: it foresees nothing`);
  const arm = wanted ?? prediction.arm;
  const size = prediction.actions.length / prediction.candidates;
  if (given.length % size !== 0 || given.length > MOST_COURSES * size) {
    throw new Error(
      `${given.length} action values; expected ${horizon} × ${size / horizon} for each of 1 to ${MOST_COURSES} courses`,
    );
  }
  const chosen =
    given.length > 0
      ? Array.from({ length: given.length / size }, (_, k) => given.subarray(k * size, (k + 1) * size))
      : courses === 1
        ? [candidateActions(prediction, prediction.best)]
        : Array.from({ length: courses }, (_, k) => candidateActions(prediction, k));
  const imagined: Course[] = [];
  for (const actions of chosen) {
    const world = await turns.take(() => foresee(actions, arm, pictures));
    imagined.push({ arm, actions, anchor: anchors[arm], world });
  }
  return { answer: answer!, courses: imagined };
}

/**
 * The frames at k·period, k = 1 … count.
 * @param count 0 for all that there are
 * @param period s
 * @throws Error that says which times the model foresees
 */
export function framesAt(frames: readonly ForeseenFrame[], count: number, period: number): ForeseenFrame[] {
  if (count === 0) return [...frames];
  if (!(period > 0)) throw new Error(`the time between frames is ${period} s; it must be above 0`);
  const chosen: ForeseenFrame[] = [];
  for (let k = 1; k <= count; k++) {
    const time = k * period;
    const frame = frames.find(({ after }) => Math.abs(after - time) < SAME_TIME);
    if (frame === undefined) {
      const foreseen = frames.map(({ after }) => Number(after.toFixed(3))).join(', ');
      throw new Error(
        `frame ${k} would show ${Number(time.toFixed(3))} s after the observation; the model foresees only ${foreseen} s, ` +
          'and is not asked to go on from its own pictures',
      );
    }
    chosen.push(frame);
  }
  return chosen;
}
