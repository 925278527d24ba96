import type { Arm } from '../../action/action-chunk.js';
import { multiplyQuaternions, quaternionFromRotationVector } from '../../math/pose.js';
import { type ExpertKind, type ExpertState, type ExpertView, StagedExpert } from './expert.js';
import {
  angleBetween,
  behind,
  besides,
  distance,
  moveTowards,
  orientation,
  rotated,
  toFrame,
  waypointTime,
} from './motion.js';
import { bearingHeight, bottomOf, tableHeight, topOf } from './shape.js';

/** In which part of the task the expert is; a plan moves on through them. */
type Stage =
  | 'reach'
  | 'approach'
  | 'close'
  | 'lift'
  | 'withdraw'
  | 'carry'
  | 'over'
  | 'lower'
  | 'release'
  | 'retreat'
  | 'rest';

/** Distances in metres, speeds in m/s, gripper rates in 1/s. */
const motion = {
  /** The approach begins, and a held target is withdrawn to, this far in front of the pelvis. */
  clearX: 0.265,
  /** The gripper frame meets the target this far beside its axis, and at this height on it or somewhat above its middle. */
  graspAside: -0.006,
  graspHeight: 0.078,
  graspAboveMiddle: 0.003,
  liftRise: 0.025,
  /** The target is carried this much above the receptacle, and let go this much above what it then stands on … */
  carryRise: 0.03,
  dropHeight: 0.008,
  /** … but no further below the rim, which the palm must clear. */
  rimDepth: 0.011,
  retreatX: 0.19,
  retreatRise: 0.025,
  /** The approach comes down by this much. */
  approachRise: 0.04,
  reachSpeed: 0.32,
  approachSpeed: 0.22,
  graspSpeed: 0.1,
  slowDistance: 0.1,
  /** Half the width of the corridor in which the hand may come near the target, and how far it stays away outside. */
  corridor: 0.009,
  standOff: 0.06,
  /** Largest turn of the hand that sets the target upright, rad. */
  mostErection: 0.16,
  carrySpeed: 0.3,
  lowerSpeed: 0.15,
  lowEnough: 0.025,
  closeRate: 1.6,
  openRate: 2.5,
  settleTime: 0.3,
  /** The hand must be this close, measured, before the approach begins. */
  readyDistance: 0.015,
  readyAngle: 0.1,
  /** Farther from the grasp than this, the target was lost. */
  lostDistance: 0.12,
  /** The target counts as placed this near the receptacle's middle, on the floor plan. */
  placedDistance: 0.1,
} as const;

const fingerTilt = 0.38;

const tolerance: Readonly<Partial<Record<Stage, number>>> = {
  approach: 0.4,
  close: 0.15,
  lift: 0.4,
  over: 0.4,
  lower: 0.15,
  release: 0.15,
  retreat: 0.4,
};

/** Takes the target around its middle from the front and puts it into or onto the receptacle. */
class PickAndPlaceExpert extends StagedExpert<Stage> {
  readonly #rest: Float64Array;

  constructor(rest: Float64Array) {
    super('reach');
    this.#rest = rest.slice();
  }

  get tolerance(): number {
    return tolerance[this.stage] ?? 1;
  }

  protected override recover({ stage, gripper }: ExpertState<Stage>, view: ExpertView): Stage | undefined {
    const carrying = stage === 'lift' || stage === 'withdraw' || stage === 'carry' || stage === 'over';
    if (!carrying || gripper < 0.5) return undefined;
    return distance(view.pose(view.instruction.target), view.gripper) > motion.lostDistance ? 'release' : undefined;
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
        const start = behind(grasp, motion.clearX);
        start[2]! += motion.approachRise;
        this.open(state, motion.openRate, 0);
        const there = moveTowards(pose, start, motion.reachSpeed) && state.gripper === 0;
        if (there && (!measured || near(view.gripper, start))) go('approach');
        break;
      }
      case 'approach': {
        const left = distance(pose, grasp);
        const speed = left > motion.slowDistance ? motion.approachSpeed : motion.graspSpeed;
        if (besides(pose, grasp) > motion.corridor && left < motion.slowDistance) {
          // Too far beside the line: back onto it, no nearer to the target, so that the fingers do not push it over.
          moveTowards(pose, behind(grasp, Math.min(pose[0]!, grasp[0]! - motion.standOff)), motion.approachSpeed);
        } else if (moveTowards(pose, grasp, speed)) {
          go('close');
        }
        break;
      }
      case 'close':
        if (this.close(state, motion.closeRate, motion.settleTime)) go('lift');
        break;
      case 'lift': {
        const above = pose.slice();
        above[2] = tableHeight(view.scene) + graspHeight(view) + motion.liftRise;
        if (moveTowards(pose, above, motion.carrySpeed)) go('withdraw');
        break;
      }
      case 'withdraw':
        if (moveTowards(pose, behind(pose, motion.clearX), motion.carrySpeed)) go('carry');
        break;
      case 'carry': {
        if (moveTowards(pose, behind(placePose(view, true), motion.clearX), motion.carrySpeed)) go('over');
        break;
      }
      case 'over':
        if (moveTowards(pose, placePose(view, true), motion.carrySpeed)) go('lower');
        break;
      case 'lower': {
        const goal = placePose(view, false);
        const there = moveTowards(pose, goal, motion.lowerSpeed);
        // At the end of the arm's reach the hand comes to rest a little above.
        if (distance(pose, goal) < motion.lowEnough) state.settled += waypointTime;
        if (there || state.settled >= motion.settleTime) go('release');
        break;
      }
      case 'release':
        if (this.open(state, motion.openRate, motion.settleTime)) go('retreat');
        break;
      case 'retreat': {
        const back = behind(pose, motion.retreatX);
        back[2] = Math.max(this.#rest[2]! + motion.retreatRise, pose[2]!);
        if (moveTowards(pose, back, motion.carrySpeed)) go(placed(view) ? 'rest' : 'reach');
        break;
      }
      case 'rest':
        moveTowards(pose, this.#rest, motion.reachSpeed);
    }
    return state;
  }
}

/** Height of the gripper frame above the target's foot in the grasp, m. */
function graspHeight({ scene, instruction }: ExpertView): number {
  const foot = bottomOf(scene.bodies[instruction.target]!);
  return Math.max(motion.graspHeight, foot + motion.graspAboveMiddle);
}

/** Where the gripper frame grasps the target: fingers forwards and tilted down, turned inwards towards the middle. */
function graspPose(view: ExpertView): Float64Array {
  const { scene, instruction } = view;
  const [x, y, z] = view.pose(instruction.target) as unknown as [number, number, number];
  const foot = bottomOf(scene.bodies[instruction.target]!);
  const height = z - foot + graspHeight(view);
  return Float64Array.of(x, y + motion.graspAside, height, ...orientation(inwards(y, 0.1), fingerTilt));
}

/** Yaw of a hand that reaches to `y`: the more inwards, the further inwards it reaches. */
function inwards(y: number, least: number): number {
  return Math.min(Math.max(0.5 + 2.5 * (y - 0.02), least), 0.5);
}

/** Yaw of a hand that puts something down at `y`: away from the shoulder, where the wrist can erect what it holds. */
function outwards(y: number): number {
  return Math.min(Math.max(1.5 * (y + 0.2), -0.6), 0.45);
}

/** Where the gripper holds the target upright, however it sits in the hand, above the middle of the receptacle. */
function placePose(view: ExpertView, carrying: boolean): Float64Array {
  const { scene, instruction } = view;
  const receptacle = view.pose(instruction.receptacle);
  const body = scene.bodies[instruction.receptacle]!;
  const rim = topOf(body);
  const drop = Math.max(bearingHeight(body) + motion.dropHeight, rim - motion.rimDepth);
  const foot = receptacle[2]! + (carrying ? rim + motion.carryRise : drop);
  const center = [receptacle[0]!, receptacle[1]!, foot + bottomOf(scene.bodies[instruction.target]!)];
  return uprightPose(view.pose(instruction.target), view.gripper, center, outwards(receptacle[1]!));
}

/**
 * The hand pose that holds what it now holds with its centre at `center` and its axis vertical: the nominal orientation
 * turned by the smallest rotation that erects the axis.
 */
function uprightPose(held: Float64Array, hand: Float64Array, center: ArrayLike<number>, yaw: number): Float64Array {
  const nominal = Float64Array.of(0, 0, 0, ...orientation(yaw, fingerTilt));
  // In the hand's frame: the held body's axis and its centre.
  const axis = toFrame(hand, rotated(held, [0, 0, 1]));
  const offset = toFrame(hand, [held[0]! - hand[0]!, held[1]! - hand[1]!, held[2]! - hand[2]!]);
  const [x, y, z] = rotated(nominal, axis);
  // From (x, y, z) to the vertical: about (y, −x, 0) by the angle between them.
  const sine = Math.hypot(x, y);
  const angle = Math.min(Math.atan2(sine, z), motion.mostErection);
  const pose = nominal.slice();
  if (sine > 1e-6) {
    const turn = Float64Array.of((angle * y) / sine, (-angle * x) / sine, 0, 0, 0, 0, 0);
    quaternionFromRotationVector(turn, 0, turn, 3);
    multiplyQuaternions(turn, 3, nominal, 3, pose, 3);
  }
  const shift = rotated(pose, offset);
  for (let k = 0; k < 3; k++) pose[k] = center[k]! - shift[k]!;
  return pose;
}

/** Whether the target is with the receptacle, roughly: enough to decide whether to try again. */
function placed(view: ExpertView): boolean {
  const [target, receptacle] = [view.pose(view.instruction.target), view.pose(view.instruction.receptacle)];
  return Math.hypot(target[0]! - receptacle[0]!, target[1]! - receptacle[1]!) < motion.placedDistance;
}

function near(pose: Float64Array, goal: Float64Array): boolean {
  return distance(pose, goal) < motion.readyDistance && angleBetween(pose, goal) < motion.readyAngle;
}

/** Whoever is nearer to target and receptacle together. */
function chooseArm(view: ExpertView): Arm {
  const { target, receptacle } = view.instruction;
  return view.pose(target)[1]! + 0.1 * view.pose(receptacle)[1]! > 0 ? 'left' : 'right';
}

export const pickAndPlace: ExpertKind = { chooseArm, create: (rest) => new PickAndPlaceExpert(rest) };
