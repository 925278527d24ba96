import type { Arm } from '../../action/action-chunk.js';
import type { ExpertKind, ExpertState, ExpertView } from './expert.js';
import { GraspExpert, type GraspStage, uprightPose } from './grasp-expert.js';
import { behind, distance, inLine, moveTowards, waypointTime } from './motion.js';
import { bearingHeight, bottomOf, topOf } from './shape.js';

/** In which part of the task the expert is with the target in the hand. */
type Stage = 'carry' | 'over' | 'lower' | 'rest';

/** Distances in metres, speeds in m/s. */
const motion = {
  /** A held target is carried from side to side this far in front of the pelvis. */
  clearX: 0.265,
  /** The target is carried this much above the receptacle, and let go this much above what it then stands on … */
  carryRise: 0.03,
  dropHeight: 0.008,
  /** … but no further below the rim, which the palm must clear. */
  rimDepth: 0.011,
  carrySpeed: 0.3,
  restSpeed: 0.32,
  lowerSpeed: 0.15,
  closeEnough: 0.025,
  settleTime: 0.3,
  /** The target counts as placed this near the receptacle's middle, on the floor plan. */
  placedDistance: 0.1,
  /** A hand this near to the way to above the receptacle, m and rad, is on it; one this near to its end comes down. */
  corridor: 0.025,
  turn: 0.2,
  above: 0.03,
  descent: 0.012,
  /** One that is closed by less, low over the receptacle, lets go. */
  lettingGo: 0.9,
  /** One that comes down this far beside the place goes up again. */
  strayDistance: 0.05,
} as const;

/** Factor of the speeds where nobody holds target or receptacle. */
const PACE = 1.25;

const tolerance: Readonly<Record<string, number>> = { over: 0.4, lower: 0.15 };

/** Takes the target around its middle from the front and puts it into or onto the receptacle. */
export class PickAndPlaceExpert extends GraspExpert<Stage> {
  protected readonly held = 'carry';

  /** @param rest gripper pose at the start @param pace factor of the speeds */
  constructor(rest: Float64Array, pace: number) {
    super(rest, pace);
  }

  override get tolerance(): number {
    return tolerance[this.stage] ?? super.tolerance;
  }

  protected override carries(stage: Stage | GraspStage): boolean {
    return super.carries(stage) || stage === 'carry' || stage === 'over' || stage === 'lower';
  }

  protected left(view: ExpertView): Stage | GraspStage {
    return placed(view) ? 'rest' : 'reach';
  }

  protected delivered(view: ExpertView): boolean {
    return placed(view);
  }

  protected brought(stage: Stage | GraspStage, view: ExpertView): Stage | undefined {
    const [hand, above] = [view.gripper, placePose(view, true)];
    const aside = Math.hypot(hand[0]! - above[0]!, hand[1]! - above[1]!);
    if (stage === 'lower') return aside > motion.strayDistance ? 'carry' : undefined;
    const { above: near, descent, corridor, turn, clearX } = motion;
    if (aside < near && hand[2]! < above[2]! - descent) return 'lower';
    const isOver = hand[0]! > clearX + corridor && inLine(hand, above, corridor, corridor, turn);
    return stage !== 'over' && isOver ? 'over' : undefined;
  }

  protected override recognise(
    state: ExpertState<Stage | GraspStage>,
    view: ExpertView,
  ): Stage | GraspStage | undefined {
    if (state.stage === 'lower' && state.gripper < motion.lettingGo && placed(view)) return 'release';
    const stage = super.recognise(state, view);
    return stage === undefined && state.stage === 'rest' && !placed(view) ? 'reach' : stage;
  }

  protected handle(state: ExpertState<Stage | GraspStage>, pose: Float64Array, view: ExpertView): void {
    const { pace } = this;
    switch (state.stage) {
      case 'carry': {
        const goal = behind(placePose(view, true), motion.clearX);
        const there = moveTowards(pose, goal, pace * motion.carrySpeed);
        if (there || this.#close(state, pose, goal)) this.go(state, 'over');
        break;
      }
      case 'over':
        if (moveTowards(pose, placePose(view, true), pace * motion.carrySpeed)) this.go(state, 'lower');
        break;
      case 'lower': {
        const goal = placePose(view, false);
        const there = moveTowards(pose, goal, pace * motion.lowerSpeed);
        if (there || this.#close(state, pose, goal)) this.go(state, 'release');
        break;
      }
      case 'rest':
        moveTowards(pose, this.rest, pace * motion.restSpeed);
    }
  }

  /** Whether the hand has come to rest near its goal: at the end of its reach it does not get there. */
  #close(state: ExpertState<Stage | GraspStage>, pose: Float64Array, goal: Float64Array): boolean {
    if (distance(pose, goal) < motion.closeEnough) state.settled += waypointTime;
    return state.settled >= motion.settleTime;
  }
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
  return uprightPose(view.pose(instruction.target), view.gripper, [0, 0, 0], center, outwards(receptacle[1]!));
}

/** Whether the target is with the receptacle, roughly: enough to decide whether to try again. */
function placed(view: ExpertView): boolean {
  const [target, receptacle] = [view.pose(view.instruction.target), view.pose(view.instruction.receptacle)];
  return Math.hypot(target[0]! - receptacle[0]!, target[1]! - receptacle[1]!) < motion.placedDistance;
}

/** Whoever is nearer to target and receptacle together. */
export function nearerArm(view: ExpertView): Arm {
  const { target, receptacle } = view.instruction;
  return view.pose(target)[1]! + 0.1 * view.pose(receptacle)[1]! > 0 ? 'left' : 'right';
}

export const pickAndPlace = {
  chooseArm: nearerArm,
  create: (rest: Float64Array) => new PickAndPlaceExpert(rest, PACE),
} satisfies ExpertKind;
