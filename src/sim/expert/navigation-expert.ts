import type { Arm } from '../../action/action-chunk.js';
import { type ExpertKind, type ExpertState, type ExpertView, StagedExpert } from './expert.js';
import { inwards } from './grasp-expert.js';
import { behind, distance, inLine, moveTowards, orientation } from './motion.js';
import { halfWidthOf, topOf } from './shape.js';

/** In which part of the task the expert is. */
type Stage = 'raise' | 'align' | 'over' | 'lower';

/** Distances in metres, speeds in m/s. */
const motion = {
  /** The gripper frame passes this much above the highest obstacle, as the fingers reach down. */
  rise: 0.125,
  /** The hand gets in line with the target this far in front of the pelvis. */
  clearX: 0.25,
  /** Width of the lane that the hand needs. */
  laneWidth: 0.2,
  raiseSpeed: 0.3,
  overSpeed: 0.28,
  lowerSpeed: 0.15,
  /** From further away than this on the floor plan it rises again. */
  lostDistance: 0.06,
  /** A hand this near to the way over the obstacles, m and rad, is on it; one this near to its end comes down. */
  corridor: 0.02,
  turn: 0.2,
  above: 0.03,
} as const;

const fingerTilt = 0.38;

/** Brings the hand to a place between obstacles: above them, in line with it, over it, and down to it. */
class NavigationExpert extends StagedExpert<Stage> {
  constructor() {
    super('raise');
  }

  get tolerance(): number {
    return this.stage === 'over' ? 0.4 : this.stage === 'lower' ? 0.3 : 1;
  }

  protected override recognise({ stage }: ExpertState<Stage>, view: ExpertView): Stage | undefined {
    const hand = view.gripper;
    const { above } = goals(view);
    const away = Math.hypot(above[0]! - hand[0]!, above[1]! - hand[1]!);
    if (stage === 'lower') return away > motion.lostDistance ? 'raise' : undefined;
    if (away < motion.above && hand[2]! < above[2]! - motion.corridor) return 'lower';
    const isOver =
      hand[0]! > motion.clearX + motion.corridor && inLine(hand, above, motion.corridor, motion.corridor, motion.turn);
    return stage !== 'over' && isOver ? 'over' : undefined;
  }

  protected override advance(
    state: ExpertState<Stage>,
    pose: Float64Array,
    view: ExpertView,
    measured: boolean,
  ): ExpertState<Stage> {
    const { target, above } = goals(view);
    switch (state.stage) {
      case 'raise': {
        const up = pose.slice();
        up[2] = above[2]!;
        const there = moveTowards(pose, up, motion.raiseSpeed);
        if (there && (!measured || up[2]! - view.gripper[2]! < 0.02)) state.stage = 'align';
        break;
      }
      case 'align':
        if (moveTowards(pose, behind(above, motion.clearX), motion.overSpeed)) state.stage = 'over';
        break;
      case 'over': {
        const there = moveTowards(pose, above, motion.overSpeed);
        if (there && (!measured || distance(view.gripper, above) < 0.03)) state.stage = 'lower';
        break;
      }
      case 'lower':
        moveTowards(pose, target, motion.lowerSpeed);
    }
    return state;
  }
}

/** Where the hand is to be, and the pose over it from which it comes down. */
function goals(view: ExpertView): { readonly target: Float64Array; readonly above: Float64Array } {
  const goal = view.pose(view.instruction.target);
  const target = Float64Array.of(goal[0]!, goal[1]!, goal[2]!, ...orientation(inwards(goal[1]!), fingerTilt));
  const above = target.slice();
  above[2] = Math.max(target[2]!, highest(view) + motion.rise);
  return { target, above };
}

/** The top of the highest obstacle on the hand's way forwards to the target, in base_link, m; −∞ where there is none. */
function highest(view: ExpertView): number {
  const { scene, criterion } = view;
  if (criterion.test !== 'reached')
    throw new Error(`the navigation expert reaches; the task asks for '${criterion.test}'`);
  const [x, y] = view.pose(view.instruction.target);
  const tops = criterion.untouched.map((name) => {
    const [at, body] = [view.pose(name), scene.bodies[name]!];
    const inTheWay = at[0]! > 0 && at[0]! < x! && Math.abs(at[1]! - y!) < halfWidthOf(body) + motion.laneWidth / 2;
    return inTheWay ? at[2]! + topOf(body) : Number.NEGATIVE_INFINITY;
  });
  return Math.max(...tops);
}

/** The one on whose side the target is. */
function chooseArm(view: ExpertView): Arm {
  return view.pose(view.instruction.target)[1]! > 0 ? 'left' : 'right';
}

export const navigation: ExpertKind = { chooseArm, create: () => new NavigationExpert() };
