import type { Arm } from '../action/action-chunk.js';
import { collisionOf, gripperPosition, pixelDifference } from '../cosmos/course-comparison.js';
import type { PolicySenses } from '../cosmos/policy-backend.js';
import type { PolicySession } from '../cosmos/policy-session.js';
import type { Turns } from '../cosmos/turns.js';
import {
  type Course,
  type CourseRequest,
  type Courses,
  framesAt,
  generateCourses,
  MOST_COURSES,
} from '../cosmos/world-generator.js';
import type { ForeseenFrame } from '../cosmos/world-model.js';
import type { ServiceRequest, ServiceResponse } from './messages.js';
import { type AnswerContext, foreseenImage, worldMessage } from './policy-messages.js';
import type { RosNode } from './ros-node.js';
import { toSeconds } from './time.js';

type WorldRequest = ServiceRequest<'cosmos_humanoid/srv/GenerateWorld'>;
type WorldResponse = ServiceResponse<'cosmos_humanoid/srv/GenerateWorld'>;
type CounterfactualRequest = ServiceRequest<'cosmos_humanoid/srv/GenerateCounterfactual'>;
type CounterfactualResponse = ServiceResponse<'cosmos_humanoid/srv/GenerateCounterfactual'>;
type OutcomesRequest = ServiceRequest<'cosmos_humanoid/srv/PredictOutcomes'>;
type OutcomesResponse = ServiceResponse<'cosmos_humanoid/srv/PredictOutcomes'>;

/** Share of different pixels from which on two frames count as different. */
const DIVERGED = 0.01;
const DEFAULT_OUTCOMES = 5;

/** The latest observation, what was seen before it, and the policy in use. */
export interface Present {
  /** Of the policy's camera. */
  readonly opticalFrame: string;
  senses(): PolicySenses;
  /** A conversation of its own with the policy, which has seen what came before. */
  session(): PolicySession;
  /** @param wanted instruction of the request; '' for the one in force @throws Error where there is none */
  context(wanted: string): AnswerContext;
}

/** What the services need of the node. */
export interface WorldServicesHost {
  readonly turns: Turns;
  /** The policy's camera. */
  readonly camera: string;
  /** Steps of the action sampler, and candidates of which the policy takes the best. */
  readonly steps: number;
  readonly candidates: number;
  /** @throws Error while there is no observation */
  present(): Present;
}

/** Offers what the world model foresees of actions that nobody carries out; refusals are answered with the reason. */
export function offerWorldServices(node: RosNode, host: WorldServicesHost): void {
  node.createService('cosmos_humanoid/srv/GenerateWorld', 'cosmos/generate_world', (request) =>
    generateWorld(host, request),
  );
  node.createService('cosmos_humanoid/srv/GenerateCounterfactual', 'cosmos/generate_counterfactual', (request) =>
    generateCounterfactual(host, request),
  );
  node.createService('cosmos_humanoid/srv/PredictOutcomes', 'cosmos/predict_outcomes', (request) =>
    predictOutcomes(host, request),
  );
}

async function generateWorld(host: WorldServicesHost, request: WorldRequest): Promise<WorldResponse> {
  checkCamera(host, request.camera);
  const present = host.present();
  const context = present.context(request.instruction);
  const { answer, courses } = await imagine(host, present, context, {
    ...request,
    courses: 1,
    seed: Number(request.seed),
  });
  const course = only(courses, 'actions');
  const frames = framesAt(course.world.frames, request.num_frames, request.frame_period);
  return {
    success: true,
    message: '',
    frames: images(present, context, frames),
    certainties: Float64Array.from(frames, ({ certainty }) => certainty),
    state: worldMessage(answer, context, course.world),
    actions: course.actions,
    dt: answer.chunk.dt,
    arm: course.arm,
    confidence: course.world.success,
    feasibility: course.world.feasibility,
  } as WorldResponse;
}

async function generateCounterfactual(
  host: WorldServicesHost,
  request: CounterfactualRequest,
): Promise<CounterfactualResponse> {
  checkCamera(host, request.camera);
  const present = host.present();
  const context = present.context(request.actual_instruction);
  const other = present.context(request.counterfactual_instruction);
  const common = { courses: 1, seed: Number(request.seed) };
  const asked = { actions: request.actual_actions, arm: request.actual_arm, ...common };
  const { answer, courses } = await imagine(host, present, context, asked);
  const supposed = { actions: request.counterfactual_actions, arm: request.counterfactual_arm, ...common };
  const { courses: others } = await imagine(host, present, other, supposed);
  const actual = only(courses, 'actual_actions');
  const counterfactual = only(others, 'counterfactual_actions');
  const shown = [actual, counterfactual].map(({ world }) =>
    framesAt(world.frames, request.num_frames, request.frame_period),
  ) as [ForeseenFrame[], ForeseenFrame[]];
  const differences = shown[0].map((frame, k) => pixelDifference(frame, shown[1][k]!));
  const diverged = differences.findIndex((share) => share > DIVERGED);
  const distances = shown[0].map(({ after }) => {
    if (actual.arm !== counterfactual.arm) return Number.NaN;
    const waypoint = Math.round(after / answer.chunk.dt) - 1;
    const [a, b] = [gripperPosition(actual, waypoint), gripperPosition(counterfactual, waypoint)];
    return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  });
  return {
    success: true,
    message: '',
    actual_frames: images(present, context, shown[0]),
    counterfactual_frames: images(present, context, shown[1]),
    differences: Float64Array.from(differences),
    divergence_frame: diverged < 0 ? differences.length : diverged,
    gripper_distances: Float64Array.from(distances),
    actual_actions: actual.actions,
    actual_arm: actual.arm,
    counterfactual_actions: counterfactual.actions,
    counterfactual_arm: counterfactual.arm,
    actual_confidence: actual.world.success,
    counterfactual_confidence: counterfactual.world.success,
  } as CounterfactualResponse;
}

async function predictOutcomes(host: WorldServicesHost, request: OutcomesRequest): Promise<OutcomesResponse> {
  const present = host.present();
  const context = present.context(request.instruction);
  const { answer, courses } = await imagine(host, present, context, {
    ...request,
    courses: request.num_outcomes || DEFAULT_OUTCOMES,
    seed: Number(request.seed),
  });
  const named = answer.prediction.objects.map(({ position }) => position);
  const ranked = courses
    .map((course) => {
      const { world } = course;
      const collision = collisionOf(course, world.objects, named);
      return { course, collision, rank: world.success * (1 - collision) * world.feasibility };
    })
    .sort((a, b) => b.rank - a.rank);
  const { horizon } = request;
  const frames = ranked.map(({ course: { world } }) =>
    horizon === 0 ? world.frames.at(-1)! : framesAt(world.frames, 1, horizon)[0]!,
  );
  return {
    success: true,
    message: '',
    actions: Float64Array.from(ranked.flatMap(({ course }) => [...course.actions])),
    dt: answer.chunk.dt,
    arm: ranked[0]!.course.arm,
    probabilities: Float64Array.from(ranked, ({ course }) => course.world.success),
    collisions: Float64Array.from(ranked, ({ collision }) => collision),
    feasibilities: Float64Array.from(ranked, ({ course }) => course.world.feasibility),
    frames: images(present, context, frames),
    certainties: Float64Array.from(frames, ({ certainty }) => certainty),
    state: worldMessage(answer, context, ranked[0]!.course.world),
  } as OutcomesResponse;
}

function imagine(
  host: WorldServicesHost,
  present: Present,
  { instruction }: AnswerContext,
  asked: { readonly actions: ArrayLike<number>; readonly arm: string } & Pick<CourseRequest, 'courses' | 'seed'>,
): Promise<Courses> {
  const { courses, seed } = asked;
  const { arm } = asked;
  if (arm !== '' && arm !== 'left' && arm !== 'right') throw new Error(`arm is '${arm}'; it must be left or right`);
  const request: CourseRequest = {
    instruction,
    actions: Float64Array.from(asked.actions),
    arm: arm === '' ? undefined : (arm as Arm),
    courses: Math.min(courses, MOST_COURSES + 1),
    sampled: host.candidates,
    seed,
    pictures: true,
  };
  return generateCourses(present, request, host.turns, host.steps);
}

/** @throws Error where several courses are given to a service that follows one */
function only(courses: readonly Course[], field: string): Course {
  if (courses.length !== 1) throw new Error(`${field} holds ${courses.length} courses of action; expected one`);
  return courses[0]!;
}

function checkCamera({ camera }: WorldServicesHost, wanted: string): void {
  if (wanted !== '' && wanted !== camera)
    throw new Error(`camera is '${wanted}'; the policy sees and foresees through ${camera} only`);
}

function images({ opticalFrame }: Present, { stamp }: AnswerContext, frames: readonly ForeseenFrame[]) {
  return frames.map((frame) => foreseenImage(frame, toSeconds(stamp), opticalFrame));
}
