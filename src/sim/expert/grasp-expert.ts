import { multiplyQuaternions, quaternionFromRotationVector } from '../../math/pose.js';
import { type ExpertState, type ExpertView, StagedExpert } from './expert.js';
import {
  angleBetween,
  behind,
  besides,
  distance,
  inLine,
  moveTowards,
  orientation,
  rotated,
  toFrame,
} from './motion.js';
import { bottomOf } from './shape.js';

/** In which part of a grasp the expert is; a plan moves on through them. */
export type GraspStage = 'reach' | 'approach' | 'close' | 'lift' | 'withdraw' | 'release' | 'retreat';

/** Distances in metres, speeds in m/s, gripper rates in 1/s. */
const motion = {
  /** The approach begins, and a held target is withdrawn to, this far in front of the pelvis. */
  clearX: 0.265,
  /** What is further away than this is waited for. */
  reachX: 0.55,
  /** The gripper frame meets the target this far beside its axis, and at this height on it or somewhat above its middle. */
  graspAside: -0.006,
  graspHeight: 0.078,
  graspAboveMiddle: 0.003,
  liftRise: 0.04,
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
  closeRate: 1.6,
  openRate: 2.5,
  settleTime: 0.3,
  /** The hand must be this close, measured, before the approach begins. */
  readyDistance: 0.015,
  readyAngle: 0.1,
  /** Farther from the grasp than this, the target was lost. */
  lostDistance: 0.12,
  /** A hand that is closed by more than this, and as near to the grasp, holds the target … */
  heldDistance: 0.04,
  closed: 0.8,
  /** … one by so much does not close any further, one by less than half lets it go, one by as little is open … */
  firm: 0.9,
  half: 0.5,
  open: 0.05,
  /** … and one this much, this near to it, takes it. */
  taking: 0.3,
  takenDistance: 0.02,
  /** A target this much above what it stood on is lifted. */
  liftedRise: 0.015,
  /** The approach may be taken up this far beside its line, m and rad; farther off, aside or in height, it begins anew. */
  entry: 0.025,
  entryTurn: 0.2,
  strayAside: 0.05,
  strayRise: 0.08,
  /** The grasp is given up where the target is farther away. */
  strayDistance: 0.08,
} as const;

const fingerTilt = 0.38;

const tolerance: Readonly<Record<string, number>> = {
  approach: 0.4,
  close: 0.15,
  lift: 0.4,
  release: 0.15,
  retreat: 0.4,
};

/**
 * Takes the target around its middle from the front, lifts it and draws it back; then does with it what the task asks
 * for. What it lost or let go in the wrong place it takes again.
 */
export abstract class GraspExpert<Stage extends string> extends StagedExpert<Stage | GraspStage> {
  readonly rest: Float64Array;
  /** Factor of all speeds of `motion`. */
  readonly pace: number;
  /** Height of what the target stood on when it was taken, in base_link, m. */
  #support = 0;

  /** @param rest gripper pose at the start @param pace factor of the speeds */
  protected constructor(rest: Float64Array, pace = 1) {
    super('reach');
    this.rest = rest.slice();
    this.pace = pace;
  }

  get tolerance(): number {
    return tolerance[this.stage] ?? 1;
  }

  /** Goes on with the target in the hand, which is where `withdraw` brought it, or after `retreat`. */
  protected abstract handle(
    state: ExpertState<Stage | GraspStage>,
    pose: Float64Array,
    view: ExpertView,
    measured: boolean,
  ): void;

  /** Where the expert goes on with the target in the hand. */
  protected abstract readonly held: Stage;

  /** Where it goes on when it has let the target go. */
  protected abstract left(view: ExpertView): Stage | GraspStage;

  /** Whether the target may be let go where it is. */
  protected abstract delivered(view: ExpertView): boolean;

  /** The stage in which a held target is, where another one has brought it farther than the expert's stage would have. */
  protected abstract brought(stage: Stage | GraspStage, view: ExpertView): Stage | undefined;

  /** Whether the hand should have the target. */
  protected carries(stage: Stage | GraspStage): boolean {
    return stage === 'lift' || stage === 'withdraw';
  }

  protected override recognise(
    { stage, gripper }: ExpertState<Stage | GraspStage>,
    view: ExpertView,
  ): Stage | GraspStage | undefined {
    const [hand, grasp] = [view.gripper, graspPose(view)];
    const away = distance(grasp, hand);
    const taken = away < motion.heldDistance && gripper > motion.closed;
    const lifted = grasp[2]! - graspHeight(view) > this.#support + motion.liftedRise;
    const held = (): Stage | GraspStage => this.brought('lift', view) ?? 'lift';
    if (this.carries(stage)) {
      if (gripper < motion.half) return away < motion.heldDistance && !this.delivered(view) ? 'close' : 'release';
      const lost = distance(view.pose(view.instruction.target), hand) > motion.lostDistance;
      return lost ? 'release' : this.brought(stage, view);
    }
    switch (stage) {
      case 'close':
        if (away > motion.strayDistance) return 'reach';
        return gripper > motion.firm && taken && lifted ? held() : undefined;
      case 'reach':
      case 'approach': {
        if (taken) return lifted ? held() : 'close';
        this.#support = grasp[2]! - graspHeight(view);
        if (stage === 'reach') return gripper < motion.open && approaches(hand, grasp) ? 'approach' : undefined;
        if (away < motion.takenDistance && gripper > motion.taking) return 'close';
        return strays(hand, grasp) ? 'reach' : undefined;
      }
      default:
        return taken && !this.delivered(view) ? held() : undefined;
    }
  }

  protected go(state: ExpertState<Stage | GraspStage>, stage: Stage | GraspStage): void {
    state.stage = stage;
    state.settled = 0;
  }

  protected override advance(
    state: ExpertState<Stage | GraspStage>,
    pose: Float64Array,
    view: ExpertView,
    measured: boolean,
  ): ExpertState<Stage | GraspStage> {
    const grasp = graspPose(view);
    const { pace } = this;
    if (this.carries(state.stage)) this.grip(state, pace * motion.closeRate);
    switch (state.stage) {
      case 'reach': {
        const start = behind(grasp, motion.clearX);
        start[2]! += motion.approachRise;
        this.open(state, pace * motion.openRate, 0);
        const there =
          moveTowards(pose, start, pace * motion.reachSpeed) && state.gripper === 0 && grasp[0]! < motion.reachX;
        if (there && (!measured || near(view.gripper, start))) this.go(state, 'approach');
        break;
      }
      case 'approach': {
        const left = distance(pose, grasp);
        this.open(state, pace * motion.openRate, 0);
        const speed = pace * (left > motion.slowDistance ? motion.approachSpeed : motion.graspSpeed);
        if (besides(pose, grasp) > motion.corridor && left < motion.slowDistance) {
          // Too far beside the line: back onto it, no nearer to the target, so that the fingers do not push it over.
          moveTowards(
            pose,
            behind(grasp, Math.min(pose[0]!, grasp[0]! - motion.standOff)),
            pace * motion.approachSpeed,
          );
        } else if (moveTowards(pose, grasp, speed)) {
          this.go(state, 'close');
        }
        break;
      }
      case 'close':
        if (this.close(state, pace * motion.closeRate, motion.settleTime)) this.go(state, 'lift');
        break;
      case 'lift': {
        const above = pose.slice();
        above[2] = Math.max(pose[2]!, this.#support + graspHeight(view) + motion.liftRise);
        if (moveTowards(pose, above, pace * motion.carrySpeed)) this.go(state, 'withdraw');
        break;
      }
      case 'withdraw':
        if (moveTowards(pose, behind(pose, motion.clearX), pace * motion.carrySpeed)) this.go(state, this.held);
        break;
      case 'release':
        if (this.open(state, pace * motion.openRate, motion.settleTime)) this.go(state, 'retreat');
        break;
      case 'retreat': {
        this.open(state, pace * motion.openRate, 0);
        const back = behind(pose, motion.retreatX);
        back[2] = Math.max(this.rest[2]! + motion.retreatRise, pose[2]!);
        if (moveTowards(pose, back, pace * motion.carrySpeed)) this.go(state, this.left(view));
        break;
      }
      default:
        this.handle(state, pose, view, measured);
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
  return Float64Array.of(x, y + motion.graspAside, height, ...orientation(inwards(y), fingerTilt));
}

/** Yaw of a hand that reaches to `y`: the more inwards, the further inwards it reaches. */
export function inwards(y: number): number {
  return Math.min(Math.max(0.5 + 2.5 * (y - 0.02), 0.1), 0.5);
}

/**
 * The hand pose that holds what it now holds with its axis vertical and a point of it at `goal`: the nominal orientation
 * turned by the smallest rotation that erects the axis.
 * @param point in the held body's frame, m
 */
export function uprightPose(
  held: Float64Array,
  hand: Float64Array,
  point: readonly [number, number, number],
  goal: ArrayLike<number>,
  yaw: number,
): Float64Array {
  const nominal = Float64Array.of(0, 0, 0, ...orientation(yaw, fingerTilt));
  // In the hand's frame: the held body's axis and the point.
  const axis = toFrame(hand, rotated(held, [0, 0, 1]));
  const [px, py, pz] = rotated(held, point);
  const offset = toFrame(hand, [held[0]! + px - hand[0]!, held[1]! + py - hand[1]!, held[2]! + pz - hand[2]!]);
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
  for (let k = 0; k < 3; k++) pose[k] = goal[k]! - shift[k]!;
  return pose;
}

/** Whether the hand has come past the begin of the approach and is on its way to the grasp. */
function approaches(hand: Float64Array, grasp: Float64Array): boolean {
  const { clearX, readyDistance, reachX, entry, approachRise, entryTurn } = motion;
  return hand[0]! > clearX + readyDistance && grasp[0]! < reachX && inLine(hand, grasp, entry, approachRise, entryTurn);
}

/** Whether the way to the grasp is none any more: past it, beside it, too high or low, or to what is too far away. */
function strays(hand: Float64Array, grasp: Float64Array): boolean {
  const { takenDistance, strayAside, strayRise, reachX } = motion;
  return (
    hand[0]! > grasp[0]! + takenDistance ||
    besides(hand, grasp) > strayAside ||
    Math.abs(hand[2]! - grasp[2]!) > strayRise ||
    grasp[0]! > reachX + takenDistance
  );
}

function near(pose: Float64Array, goal: Float64Array): boolean {
  return distance(pose, goal) < motion.readyDistance && angleBetween(pose, goal) < motion.readyAngle;
}
