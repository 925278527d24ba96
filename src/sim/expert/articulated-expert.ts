import type { Arm } from '../../action/action-chunk.js';
import { multiplyQuaternions, quaternionFromRotationVector } from '../../math/pose.js';
import { bodyOnJoint, type SceneJoint } from '../scene-bodies.js';
import { type ExpertKind, type ExpertState, type ExpertView, StagedExpert } from './expert.js';
import {
  angleBetween,
  behind,
  besides,
  distance,
  forward,
  inLine,
  moveTowards,
  orientation,
  rotated,
  shifted,
  waypointTime,
} from './motion.js';

/** In which part of the task the expert is; a plan moves on through them. */
type Stage = 'reach' | 'approach' | 'close' | 'move' | 'release' | 'retreat' | 'rest';

/** Distances in metres, speeds in m/s, gripper rates in 1/s. */
const motion = {
  /** The approach begins this far before the handle, and the hand retreats to there, but not nearer to the pelvis. */
  approachLength: 0.13,
  clearX: 0.2,
  /** The gripper frame meets the handle this far before and beside its axis, so that the fingertips are short of the front. */
  graspBefore: 0.02,
  graspAside: 0.018,
  /** … and above its middle. */
  graspRise: 0.003,
  reachSpeed: 0.32,
  approachSpeed: 0.2,
  graspSpeed: 0.1,
  slowDistance: 0.06,
  corridor: 0.012,
  standOff: 0.08,
  moveSpeed: 0.16,
  /** The hand goes this much further than the joint is to go, as the handle has some play in it. */
  overshoot: 0.02,
  closeRate: 1.6,
  openRate: 2.5,
  /** The hand goes back while it opens, so that the fingers do not push what they let go. */
  releaseSpeed: 0.05,
  settleTime: 0.3,
  /** The hand must be this close, measured, before the approach begins. */
  readyDistance: 0.015,
  readyAngle: 0.1,
  /** Times these where the hand will only push. */
  loose: 4,
  /** Farther from the grasp than this, the handle was lost. */
  lostDistance: 0.07,
  /** How far the hand closes; one that is closed by more than `closed`, this near to the grasp, holds the handle. */
  grip: 0.85,
  closed: 0.7,
  open: 0.05,
  heldDistance: 0.03,
  /** The grasp is given up where the handle is farther away, and the approach begins anew this far beside its line. */
  strayDistance: 0.08,
  strayAside: 0.05,
  /** The hand is on its way to the handle at most this far above or below it. */
  approachRise: 0.015,
  /** A joint that has gone this share of its range is being moved. */
  moved: 0.03,
} as const;

const fingerTilt = 0.38;
/** Share of a door’s turn that the hand follows; in the rest the handle turns in the hand: the wrist turns no further. */
const following = 0.25;
/** How far the expert goes beyond what the task asks for, and when it is there: shares of the joint's range. */
const aims = { beyond: 0.2, most: 0.95, closed: 0.02, tolerance: 0.06 } as const;

const tolerance: Readonly<Partial<Record<Stage, number>>> = {
  approach: 0.4,
  close: 0.15,
  move: 0.3,
  release: 0.15,
  retreat: 0.4,
};

/** Takes an upright handle, moves what it is fixed to along its joint, and lets go. */
class ArticulatedExpert extends StagedExpert<Stage> {
  /** How far the joint was open before the hand took it. */
  #before = 0;

  constructor() {
    super('reach');
  }

  get tolerance(): number {
    return tolerance[this.stage] ?? 1;
  }

  protected override recognise({ stage, gripper }: ExpertState<Stage>, view: ExpertView): Stage | undefined {
    const grasp = graspPose(view);
    const opening = view.opening(view.instruction.target);
    const away = distance(grasp, view.gripper);
    const there = away < motion.heldDistance;
    const held = there && gripper > motion.closed;
    const grasped = Math.abs(opening - this.#before) > motion.moved ? 'move' : 'close';
    switch (stage) {
      case 'reach':
      case 'approach': {
        if (held) return finished(view) ? 'release' : grasped;
        this.#before = opening;
        // The hand that pushes goes on to the end of its waypoint.
        if (finished(view) && (stage === 'reach' || !closing(view))) return 'retreat';
        if (stage === 'approach') return besides(view.gripper, grasp) > motion.strayAside ? 'reach' : undefined;
        const near = gripper < motion.open && away < motion.approachLength - motion.readyDistance;
        const turn = (closing(view) ? motion.loose : 2) * motion.readyAngle;
        return near && inLine(view.gripper, grasp, 2 * motion.corridor, motion.approachRise, turn)
          ? 'approach'
          : undefined;
      }
      case 'close':
        if (away > motion.strayDistance) return 'reach';
        return gripper > motion.grip - motion.open && held && grasped === 'move' ? 'move' : undefined;
      case 'move':
        if (gripper < motion.closed) return there && !finished(view) ? 'close' : 'release';
        return away > motion.lostDistance ? 'release' : undefined;
      case 'release':
      case 'retreat':
        return held && !finished(view) ? grasped : undefined;
      case 'rest':
        return finished(view) ? undefined : 'reach';
    }
  }

  protected override advance(
    state: ExpertState<Stage>,
    pose: Float64Array,
    view: ExpertView,
    measured: boolean,
  ): ExpertState<Stage> {
    const go = (stage: Stage) => {
      state.stage = stage;
      state.settled = 0;
    };
    const grasp = graspPose(view);
    switch (state.stage) {
      case 'reach': {
        const start = backed(grasp, motion.approachLength);
        this.open(state, motion.openRate, 0);
        const there = moveTowards(pose, start, motion.reachSpeed) && state.gripper === 0;
        if (there && (!measured || near(view.gripper, start, closing(view) ? motion.loose : 1))) go('approach');
        break;
      }
      case 'approach': {
        const left = distance(pose, grasp);
        this.open(state, motion.openRate, 0);
        const speed = left > motion.slowDistance ? motion.approachSpeed : motion.graspSpeed;
        if (besides(pose, grasp) > motion.corridor && left < motion.standOff) {
          // Too far beside the line: back onto it, no nearer to the handle.
          moveTowards(pose, behind(grasp, Math.min(pose[0]!, grasp[0]! - motion.standOff)), motion.approachSpeed);
        } else if (moveTowards(pose, grasp, speed)) {
          go('close');
        }
        // The open hand pushes what is to be closed.
        if (measured && closing(view) && finished(view)) go('retreat');
        break;
      }
      case 'close':
        if (this.close(state, motion.closeRate, motion.settleTime, motion.grip)) go('move');
        break;
      case 'move': {
        this.grip(state, motion.closeRate, motion.grip);
        const { joint, body, left } = remaining(view);
        const done = Math.abs(left) < aims.tolerance * (joint.range[1] - joint.range[0]);
        const there = joint.type === 'slide' ? slide(pose, view, joint, body) : swing(pose, view, joint, body);
        if (measured ? done : there) go('release');
        break;
      }
      case 'release':
        if (this.open(state, motion.openRate, motion.settleTime)) go('retreat');
        moveTowards(pose, backed(pose, motion.releaseSpeed * waypointTime), motion.releaseSpeed);
        break;
      case 'retreat': {
        this.open(state, motion.openRate, 0);
        const back = backed(grasp, motion.approachLength);
        back.set(pose.subarray(3), 3);
        if (moveTowards(pose, back, motion.reachSpeed)) go(finished(view) ? 'rest' : 'reach');
        break;
      }
      // The arm stays where it touches nothing: its place at the start may be that of an open door.
      case 'rest':
        break;
    }
    return state;
  }
}

/** Where the gripper frame grasps the handle: fingers forwards and tilted down, in the direction of the front it is on. */
function graspPose(view: ExpertView): Float64Array {
  const handle = view.pose(view.instruction.target);
  const [x, y] = rotated(handle, [1, 0, 0]);
  const facing = Math.atan2(y, x);
  // The wrist turns inwards more easily than outwards.
  const yaw = Math.min(Math.max(facing + 0.15, -0.5), 0.6);
  const [c, s] = [Math.cos(yaw), Math.sin(yaw)];
  return Float64Array.of(
    handle[0]! - c * motion.graspBefore - s * motion.graspAside,
    handle[1]! - s * motion.graspBefore + c * motion.graspAside,
    handle[2]! + motion.graspRise,
    ...orientation(yaw, fingerTilt),
  );
}

/** The pose moved back along its fingers on the floor plan, m. */
function backed(pose: Float64Array, length: number): Float64Array {
  const [x, y] = forward(pose);
  const norm = Math.hypot(x, y);
  const way = Math.min(length, Math.max(0, ((pose[0]! - motion.clearX) * norm) / x));
  return shifted(pose, (-way * x) / norm, (-way * y) / norm, 0);
}

function closing({ criterion }: ExpertView): boolean {
  return criterion.test === 'opened' && criterion.at_most < 1;
}

/** The joint in question, the body on it, and how far it still has to go, m or rad. */
function remaining(view: ExpertView): { readonly joint: SceneJoint; readonly body: string; readonly left: number } {
  const { scene, instruction, criterion } = view;
  const body = bodyOnJoint(scene, instruction.target)!;
  const joint = scene.bodies[body]!.joint!;
  const least = criterion.test === 'opened' ? criterion.at_least : 0;
  const goal = closing(view) ? aims.closed : Math.min(least + aims.beyond, aims.most);
  return { joint, body, left: (goal - view.opening(instruction.target)) * (joint.range[1] - joint.range[0]) };
}

/** Moves the hand along a slide for one waypoint. The slide's axis has no part along y. @returns whether it is there */
function slide(pose: Float64Array, view: ExpertView, joint: SceneJoint, body: string): boolean {
  const { left } = remaining(view);
  const way = left + Math.sign(left) * motion.overshoot;
  const [x, y, z] = rotated(view.pose(body), joint.axis);
  const goal = shifted(view.gripper, way * x, way * y, way * z);
  goal.set(pose.subarray(3), 3);
  return moveTowards(pose, goal, motion.moveSpeed);
}

/**
 * Moves the hand around an upright hinge at the body's origin for one waypoint. Doors open towards the robot.
 * @returns whether it is there
 */
function swing(pose: Float64Array, view: ExpertView, _joint: SceneJoint, body: string): boolean {
  const { left } = remaining(view);
  const hinge = view.pose(body);
  const [x, y] = [pose[0]! - hinge[0]!, pose[1]! - hinge[1]!];
  const radius = Math.hypot(x, y);
  // Turning by +1 moves the hand along (−y, x): towards the robot where y is above 0.
  const sense = Math.sign(y) * Math.sign(left);
  const now = Math.atan2(view.gripper[1]! - hinge[1]!, view.gripper[0]! - hinge[0]!);
  const covered = sense * wrapped(Math.atan2(y, x) - now);
  const way = Math.abs(left) + motion.overshoot / radius - covered;
  const turn = sense * Math.min(Math.max(way, 0), (motion.moveSpeed * waypointTime) / radius);
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  pose[0] = hinge[0]! + c * x - s * y;
  pose[1] = hinge[1]! + s * x + c * y;
  const rotation = Float64Array.of(0, 0, following * turn, 0, 0, 0, 0);
  quaternionFromRotationVector(rotation, 0, rotation, 3);
  multiplyQuaternions(rotation, 3, pose, 3, pose, 3);
  return way < 1e-3;
}

function wrapped(angle: number): number {
  return Math.atan2(Math.sin(angle), Math.cos(angle));
}

/** Whether the joint is where it should be, roughly: enough to decide whether to try again. What is open is so with more to spare. */
function finished(view: ExpertView): boolean {
  const { joint, left } = remaining(view);
  return Math.abs(left) < (closing(view) ? 1 : 2) * aims.tolerance * (joint.range[1] - joint.range[0]);
}

function near(pose: Float64Array, goal: Float64Array, loose: number): boolean {
  const [away, turned] = [distance(pose, goal), angleBetween(pose, goal)];
  return away < loose * motion.readyDistance && turned < loose * motion.readyAngle;
}

/** The one on whose side the handle is. */
function chooseArm(view: ExpertView): Arm {
  return view.pose(view.instruction.target)[1]! > 0 ? 'left' : 'right';
}

export const articulated: ExpertKind = { chooseArm, create: () => new ArticulatedExpert() };
