import type { ActionChunk, Arm } from '../../action/action-chunk.js';
import { interpolatePose, rotationBetween } from '../../math/pose.js';

/** Ground truth that the expert acts on; positions in base_link, m. */
export interface PickAndPlaceTruth {
  readonly target: Float64Array;
  readonly receptacle: Float64Array;
  /** Measured gripper pose: position and quaternion x, y, z, w. */
  readonly gripper: Float64Array;
}

/** What the arm has been told so far. */
export interface CommandedState {
  readonly arm: Arm;
  /** Gripper pose in base_link: position (m) and quaternion x, y, z, w. */
  readonly pose: Float64Array;
  /** 0 open … 1 closed. */
  readonly gripper: number;
}

/** In which part of the task the expert is; a plan moves on through them. */
type Stage = 'reach' | 'approach' | 'close' | 'lift' | 'withdraw' | 'carry' | 'release' | 'retreat' | 'rest';

/** Waypoints a plan has, and the time between them, s. */
const horizon = 10;
const dt = 0.1;

/** Distances in metres, speeds in m/s, gripper rates in 1/s. */
const motion = {
  /** The approach begins, and a held target is withdrawn to, this far in front of the pelvis. */
  clearX: 0.265,
  /** Where the gripper frame meets the target, relative to its centre. */
  graspOffset: [0, -0.006, 0.003],
  carryHeight: 0.075,
  liftHeight: 0.05,
  retreatX: 0.19,
  retreatHeight: 0.1,
  /** The approach comes down by this much. */
  approachRise: 0.04,
  reachSpeed: 0.32,
  approachSpeed: 0.22,
  graspSpeed: 0.1,
  slowDistance: 0.1,
  /** Half the width of the corridor in which the hand may come near the target, and how far it stays away outside. */
  corridor: 0.009,
  standOff: 0.06,
  carrySpeed: 0.3,
  turnSpeed: 1.2,
  closeRate: 1.6,
  openRate: 2.5,
  settleTime: 0.3,
  /** The hand must be this close, measured, before the approach begins. */
  readyDistance: 0.015,
  readyAngle: 0.1,
  /** Farther from the grasp than this, the target was lost. */
  lostDistance: 0.12,
} as const;

const fingerTilt = 0.38;

/** Quaternion of a yaw about z, then a tilt of the fingers downwards about y. */
function orientation(yaw: number, tilt: number): readonly number[] {
  const [cy, sy, ct, st] = [Math.cos(yaw / 2), Math.sin(yaw / 2), Math.cos(tilt / 2), Math.sin(tilt / 2)];
  return [-sy * st, cy * st, sy * ct, cy * ct];
}

/**
 * A scripted expert that knows the ground truth: it makes demonstrations and is never the policy. It acts through the
 * interface of the policy: every call yields the plan of the next second, re-aimed from the pose commanded so far.
 */
export class PickAndPlaceExpert {
  #stage: Stage = 'reach';
  /** Time since the gripper finished closing or opening, s. */
  #settled = 0;
  readonly #rest: Float64Array;

  /** @param rest gripper pose to return to, in base_link */
  constructor(rest: Float64Array) {
    this.#rest = rest.slice();
  }

  /** The part of the task in which it is. */
  get stage(): string {
    return this.#stage;
  }

  /**
   * The clean plan from the commanded state, as if every waypoint were reached.
   * @param time time of the observation, s
   */
  plan(time: number, truth: PickAndPlaceTruth, commanded: CommandedState): ActionChunk {
    this.#recover(truth, commanded);
    const poses = new Float64Array(7 * horizon);
    const gripper = new Float64Array(horizon);
    let state = { stage: this.#stage, settled: this.#settled, gripper: commanded.gripper };
    const pose = commanded.pose.slice();
    for (let k = 0; k < horizon; k++) {
      state = this.#advance(state, pose, truth, k === 0);
      if (k === 0) {
        this.#stage = state.stage;
        this.#settled = state.settled;
      }
      poses.set(pose, 7 * k);
      gripper[k] = state.gripper;
    }
    return { stamp: time, dt, arm: commanded.arm, anchor: commanded.pose.slice(), poses, gripper };
  }

  /** Goes back to the start of the task where the target is not where the hand should hold it. */
  #recover(truth: PickAndPlaceTruth, commanded: CommandedState): void {
    const carrying = this.#stage === 'lift' || this.#stage === 'withdraw' || this.#stage === 'carry';
    if (!carrying || commanded.gripper < 0.5) return;
    const away = Math.hypot(...[0, 1, 2].map((i) => truth.target[i]! - truth.gripper[i]!));
    if (away > motion.lostDistance) {
      this.#stage = 'release';
      this.#settled = 0;
    }
  }

  /** Moves `pose` on by one waypoint and returns the state there. `measured`: the present, where measurements count. */
  #advance(
    state: { stage: Stage; settled: number; gripper: number },
    pose: Float64Array,
    truth: PickAndPlaceTruth,
    measured: boolean,
  ): { stage: Stage; settled: number; gripper: number } {
    const grasp = graspPose(truth.target);
    let { stage, settled, gripper } = state;

    if (stage === 'reach') {
      const start = behind(grasp, motion.clearX);
      start[2]! += motion.approachRise;
      gripper = Math.max(0, gripper - motion.openRate * dt);
      if (moveTowards(pose, start, motion.reachSpeed) && gripper === 0 && (!measured || near(truth.gripper, start))) {
        stage = 'approach';
      }
    } else if (stage === 'approach') {
      const left = distance(pose, grasp);
      const speed = left > motion.slowDistance ? motion.approachSpeed : motion.graspSpeed;
      const aside = besides(pose, grasp);
      if (aside > motion.corridor && left < motion.slowDistance) {
        // Too far beside the line: back onto it, no nearer to the target, so that the fingers do not push it over.
        moveTowards(pose, behind(grasp, Math.min(pose[0]!, grasp[0]! - motion.standOff)), motion.approachSpeed);
      } else if (moveTowards(pose, grasp, speed)) {
        [stage, settled] = ['close', 0];
      }
    } else if (stage === 'close') {
      gripper = Math.min(1, gripper + motion.closeRate * dt);
      if (gripper === 1) settled += dt;
      if (settled >= motion.settleTime) stage = 'lift';
    } else if (stage === 'lift') {
      const above = pose.slice();
      above[2] = motion.liftHeight;
      if (moveTowards(pose, above, motion.carrySpeed)) stage = 'withdraw';
    } else if (stage === 'withdraw') {
      const clear = behind(pose, motion.clearX);
      clear[2] = motion.liftHeight;
      if (moveTowards(pose, clear, motion.carrySpeed)) stage = 'carry';
    } else if (stage === 'carry') {
      if (moveTowards(pose, placePose(truth), motion.carrySpeed)) {
        [stage, settled] = ['release', 0];
      }
    } else if (stage === 'release') {
      gripper = Math.max(0, gripper - motion.openRate * dt);
      if (gripper === 0) settled += dt;
      if (settled >= motion.settleTime) stage = 'retreat';
    } else if (stage === 'retreat') {
      const back = behind(pose, motion.retreatX);
      back[2] = motion.retreatHeight;
      if (moveTowards(pose, back, motion.carrySpeed)) stage = inside(truth) ? 'rest' : 'reach';
    } else {
      moveTowards(pose, this.#rest, motion.reachSpeed);
    }
    return { stage, settled, gripper };
  }
}

/** Where the gripper frame grasps a target: fingers forwards and tilted down, turned inwards towards the middle. */
function graspPose(target: Float64Array): Float64Array {
  const yaw = Math.min(Math.max(0.5 + 2.5 * (target[1]! - 0.02), 0.1), 0.5);
  return Float64Array.of(
    target[0]! + motion.graspOffset[0],
    target[1]! + motion.graspOffset[1],
    target[2]! + motion.graspOffset[2],
    ...orientation(yaw, fingerTilt),
  );
}

/** Where the gripper holds the target, wherever it sits in the hand, above the middle of the receptacle. */
function placePose({ target, receptacle, gripper }: PickAndPlaceTruth): Float64Array {
  return Float64Array.of(
    receptacle[0]! + gripper[0]! - target[0]!,
    receptacle[1]! + gripper[1]! - target[1]!,
    motion.carryHeight,
    ...orientation(0, fingerTilt),
  );
}

/** Whether the target lies in the receptacle, roughly: enough to decide whether to try again. */
function inside(truth: PickAndPlaceTruth): boolean {
  return Math.hypot(truth.target[0]! - truth.receptacle[0]!, truth.target[1]! - truth.receptacle[1]!) < 0.1;
}

function near(pose: Float64Array, goal: Float64Array): boolean {
  const turn = new Float64Array(3);
  rotationBetween(pose, 3, goal, 3, turn, 0);
  return distance(pose, goal) < motion.readyDistance && Math.hypot(...turn) < motion.readyAngle;
}

function distance(a: Float64Array, b: Float64Array): number {
  return Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!);
}

/** The pose moved back along the fingers' direction on the floor plan until its x is at most `x`; the height stays. */
function behind(pose: Float64Array, x: number): Float64Array {
  const [qx, qy, qz, qw] = [pose[3]!, pose[4]!, pose[5]!, pose[6]!];
  const forwardX = 1 - 2 * (qy * qy + qz * qz);
  const forwardY = 2 * (qx * qy + qz * qw);
  const length = Math.max(0, (pose[0]! - x) / forwardX);
  const moved = pose.slice();
  moved[0]! -= length * forwardX;
  moved[1]! -= length * forwardY;
  return moved;
}

/** Distance of `pose` from the line along the fingers of `goal`, on the floor plan. */
function besides(pose: Float64Array, goal: Float64Array): number {
  const yaw = 2 * Math.atan2(goal[5]!, goal[6]!);
  return Math.abs((pose[1]! - goal[1]!) * Math.cos(yaw) - (pose[0]! - goal[0]!) * Math.sin(yaw));
}

/** Moves `pose` towards `goal` for one waypoint, slowing down near it. @returns whether it is there (4 mm) */
function moveTowards(pose: Float64Array, goal: Float64Array, speed: number): boolean {
  const turn = new Float64Array(3);
  rotationBetween(pose, 3, goal, 3, turn, 0);
  const length = distance(pose, goal);
  const angle = Math.hypot(...turn);
  // Half of what is left in each waypoint at most, so that the motion ends softly.
  const fraction = Math.min(
    1,
    Math.max(0.5, 0.01 / Math.max(length, 1e-9)),
    (speed * dt) / Math.max(length, 1e-9),
    (motion.turnSpeed * dt) / Math.max(angle, 1e-9),
  );
  interpolatePose(pose, 0, goal, 0, fraction, pose, 0);
  return distance(pose, goal) < 0.004;
}
