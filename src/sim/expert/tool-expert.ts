import type { ExpertKind, ExpertState, ExpertView } from './expert.js';
import { GraspExpert, type GraspStage, inwards, uprightPose } from './grasp-expert.js';
import { inLine, moveTowards, rotated } from './motion.js';
import { nearerArm } from './pick-and-place-expert.js';

/** In which part of the task the expert is with the tool in the hand. */
type Stage = 'bring' | 'touch';

/** Distances in metres, speeds in m/s. */
const motion = {
  /** The tip comes from this far before the point that it is to touch. */
  standOff: 0.07,
  bringSpeed: 0.25,
  touchSpeed: 0.08,
  /** A hand this near to the way from there to the touch, m and rad, is on it. */
  corridor: 0.015,
  turn: 0.2,
} as const;

/** Takes a tool by its handle and touches the receptacle with its tip, and stays there. */
class ToolExpert extends GraspExpert<Stage> {
  protected readonly held = 'bring';

  constructor(rest: Float64Array) {
    super(rest);
  }

  override get tolerance(): number {
    return this.stage === 'touch' ? 0.4 : super.tolerance;
  }

  protected override carries(stage: Stage | GraspStage): boolean {
    return stage === 'bring' || stage === 'touch' || super.carries(stage);
  }

  /** It lets go only what it lost. */
  protected left(): GraspStage {
    return 'reach';
  }

  protected delivered(): boolean {
    return false;
  }

  protected brought(stage: Stage | GraspStage, view: ExpertView): Stage | undefined {
    const [hand, end] = [view.gripper, touchPose(view, 0)];
    const isNear =
      hand[0]! > end[0]! - motion.standOff && inLine(hand, end, motion.corridor, motion.corridor, motion.turn);
    return stage !== 'touch' && isNear ? 'touch' : undefined;
  }

  protected handle(state: ExpertState<Stage | GraspStage>, pose: Float64Array, view: ExpertView): void {
    switch (state.stage) {
      case 'bring':
        if (moveTowards(pose, touchPose(view, motion.standOff), motion.bringSpeed)) this.go(state, 'touch');
        break;
      case 'touch':
        moveTowards(pose, touchPose(view, 0), motion.touchSpeed);
    }
  }
}

/** Where the hand holds the tool upright with its tip `before` the point to touch, m. */
function touchPose(view: ExpertView, before: number): Float64Array {
  const { instruction, criterion } = view;
  if (criterion.test !== 'touched') throw new Error(`the tool expert touches; the task asks for '${criterion.test}'`);
  const goal = view.pose(instruction.receptacle);
  const [x, y, z] = rotated(goal, criterion.at);
  const point = [goal[0]! + x - before, goal[1]! + y, goal[2]! + z];
  return uprightPose(view.pose(instruction.target), view.gripper, criterion.tip, point, inwards(goal[1]!));
}

export const tool: ExpertKind = { chooseArm: nearerArm, create: (rest) => new ToolExpert(rest) };
