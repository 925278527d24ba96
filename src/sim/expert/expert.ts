import type { Arm } from '../../action/action-chunk.js';
import type { TaskInstruction } from '../scene.js';
import type { Scene } from '../scene-bodies.js';
import type { SuccessCriterion } from '../success-criteria.js';
import { horizon, waypointTime } from './motion.js';

/**
 * Ground truth that an expert acts on. Poses are in base_link: position (m) and quaternion x, y, z, w. For the left arm
 * everything is mirrored about y = 0, so that experts are written for the right arm.
 */
export interface ExpertView {
  readonly scene: Scene;
  readonly instruction: TaskInstruction;
  /** When the instruction is carried out. */
  readonly criterion: SuccessCriterion;
  /** Measured pose of the acting gripper. */
  readonly gripper: Float64Array;
  /** Of a body of the scene; a copy. */
  pose(body: string): Float64Array;
  /** How far the joint of a body, or of what carries it, is open: 0 … 1. */
  opening(body: string): number;
}

/** What the acting arm has been told so far. */
export interface CommandedHand {
  /** Gripper pose in base_link, mirrored for the left arm. */
  readonly pose: Float64Array;
  /** 0 open … 1 closed. */
  readonly gripper: number;
}

/** The next second: waypoints every 0.1 s, poses (7 each) in base_link, mirrored for the left arm, and gripper scalars. */
export interface ExpertPlan {
  readonly poses: Float64Array;
  readonly gripper: Float64Array;
}

/**
 * A scripted expert that knows the ground truth: it makes demonstrations and is never the policy. It acts through the
 * interface of the policy: every call yields the plan of the next second, re-aimed from the pose commanded so far.
 */
export interface Expert {
  /** The part of the task in which it is. */
  readonly stage: string;
  /** Share of the disturbance that the present part of the task bears, 0 … 1: little where the fingers are at the target. */
  readonly tolerance: number;
  /** The clean plan from the commanded state, as if every waypoint were reached. */
  plan(view: ExpertView, commanded: CommandedHand): ExpertPlan;
}

/** How a task's expert is made. */
export interface ExpertKind {
  /** The arm that is to act, from the unmirrored truth at the start. */
  chooseArm(view: ExpertView): Arm;
  /** @param rest gripper pose at the start, mirrored for the left arm @param view of the start */
  create(rest: Float64Array, view: ExpertView): Expert;
}

/** Where an expert is in its task. */
export interface ExpertState<Stage extends string> {
  stage: Stage;
  /** Time since the hand finished what it waits for, s. */
  settled: number;
  gripper: number;
}

/** An expert that goes from stage to stage, in the plan as in the world. */
export abstract class StagedExpert<Stage extends string> implements Expert {
  #state: ExpertState<Stage>;

  protected constructor(first: Stage) {
    this.#state = { stage: first, settled: 0, gripper: 0 };
  }

  get stage(): Stage {
    return this.#state.stage;
  }

  abstract get tolerance(): number;

  plan(view: ExpertView, commanded: CommandedHand): ExpertPlan {
    const poses = new Float64Array(7 * horizon);
    const gripper = new Float64Array(horizon);
    const pose = commanded.pose.slice();
    let state: ExpertState<Stage> = { ...this.#state, gripper: commanded.gripper };
    const present = this.recognise(state, view);
    if (present !== undefined) state = { ...state, stage: present, settled: 0 };
    for (let k = 0; k < horizon; k++) {
      state = this.advance({ ...state }, pose, view, k === 0);
      if (k === 0) this.#state = { ...state };
      poses.set(pose, 7 * k);
      gripper[k] = state.gripper;
    }
    return { poses, gripper };
  }

  /**
   * The stage in which the task is, where that is not the expert's own: something went wrong, or another one acts beside
   * it, by whose progress it goes. Else it would tell who holds the target already to open the hand and reach for it.
   */
  protected abstract recognise(state: Readonly<ExpertState<Stage>>, view: ExpertView): Stage | undefined;

  /**
   * Moves `pose` on by one waypoint and returns the state there.
   * @param state a copy, which may be changed
   * @param measured the present, where measurements count; else a later waypoint of the plan
   */
  protected abstract advance(
    state: ExpertState<Stage>,
    pose: Float64Array,
    view: ExpertView,
    measured: boolean,
  ): ExpertState<Stage>;

  /** Closes the hand at `rate` (1/s) to `end`, or keeps it closed. */
  protected grip(state: ExpertState<Stage>, rate: number, end = 1): void {
    state.gripper = state.gripper > end ? end : Math.min(end, state.gripper + rate * waypointTime);
  }

  /** {@link grip}. @returns whether it has been closed that far for `settle` s */
  protected close(state: ExpertState<Stage>, rate: number, settle: number, end = 1): boolean {
    this.grip(state, rate, end);
    if (state.gripper === end) state.settled += waypointTime;
    return state.settled >= settle;
  }

  /** Opens the hand at `rate` (1/s) to `end`. @returns whether it has been open that far for `settle` s */
  protected open(state: ExpertState<Stage>, rate: number, settle: number, end = 0): boolean {
    state.gripper = Math.max(end, state.gripper - rate * waypointTime);
    if (state.gripper === end) state.settled += waypointTime;
    return state.settled >= settle;
  }
}
