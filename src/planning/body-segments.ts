import type { JointTrajectory } from '../control/trajectory.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import type { ProgressClock } from './progress-clock.js';

/** A part of the robot: a segment between the origins of two links, and a radius that covers it, m. */
type Segment = readonly [from: string, to: string, radius: number];

const trunk: readonly Segment[] = [
  ['pelvis', 'head_yaw_link', 0.25],
  ['pelvis', 'l_sole', 0.15],
  ['pelvis', 'r_sole', 0.15],
];

function arm(side: 'left' | 'right', gripper: string): readonly Segment[] {
  return [
    [`${side}_shoulder_yaw_link`, `${side}_elbow_link`, 0.08],
    [`${side}_elbow_link`, `${side}_wrist_yaw_link`, 0.08],
    [`${side}_wrist_yaw_link`, gripper, 0.14],
  ];
}

/** Points of the plan between which speeds are taken. */
const rows = [0, 6, 12, 18] as const;
const chords = rows.length - 1;
/** Speeds at full scale are kept while the plan moves at less than this share of it. */
const LEAST_SCALE = 0.02;

/**
 * Where the parts of the robot are in a plan and how fast they move at full speed. The speeds along the path are those
 * of the plan divided by its speed scale; those of a plan that stands still are the last known.
 *
 * Allocates nothing after construction.
 */
export class BodySegments {
  /** Parts. */
  readonly count: number;
  readonly #kinematics: Kinematics;
  readonly #frames: Int32Array;
  /** Index into #frames of each part's ends. */
  readonly #ends: Int32Array;
  readonly #radius: Float64Array;
  readonly #arms: number;
  readonly #positions: Float64Array;
  /** Of each frame now, 3 numbers, m. */
  readonly #now: Float64Array;
  readonly #after: Float64Array;
  readonly #pose = new Float64Array(7);
  /** Of each frame on each chord at full speed, m/s. */
  readonly #velocity: Float64Array;
  #lambda = 0;

  constructor(robot: Robot, kinematics: Kinematics) {
    const arms = [...arm('left', robot.gripperFrames.left), ...arm('right', robot.gripperFrames.right)];
    const segments = [...arms, ...trunk];
    const names = [...new Set(segments.flatMap((segment) => segment.slice(0, 2) as string[]))];
    this.count = segments.length;
    this.#arms = arms.length;
    this.#kinematics = kinematics;
    this.#frames = Int32Array.from(names, (name) => kinematics.frame(name));
    this.#ends = Int32Array.from(segments.flatMap(([from, to]) => [names.indexOf(from), names.indexOf(to)]));
    this.#radius = Float64Array.from(segments, ([, , radius]) => radius);
    this.#positions = new Float64Array(robot.names.length);
    this.#now = new Float64Array(3 * names.length);
    this.#after = new Float64Array(3 * names.length);
    this.#velocity = new Float64Array(3 * names.length * chords);
  }

  /** Whether a part belongs to an arm. */
  isArm(part: number): boolean {
    return part < this.#arms;
  }

  /** Takes the positions from a posture, rad; the speeds stay. Leaves the kinematics there. */
  place(posture: Float64Array): void {
    this.#kinematics.setPositions(posture);
    for (let f = 0; f < this.#frames.length; f++) {
      this.#kinematics.pose(this.#frames[f]!, this.#pose);
      for (let i = 0; i < 3; i++) this.#now[3 * f + i] = this.#pose[i]!;
    }
  }

  /** Takes positions and speeds from a plan. Leaves the kinematics at one of its points. */
  update(plan: JointTrajectory, progress: ProgressClock): void {
    const size = this.#now.length;
    for (let c = 0; c <= chords; c++) {
      // The last is the first, so that its positions stay.
      const row = rows[chords - c]!;
      for (let j = 0; j < plan.joints; j++) this.#positions[j] = plan.position[row * plan.joints + j]!;
      this.#after.set(this.#now);
      this.place(this.#positions);
      if (c === 0) continue;
      const next = rows[chords - c + 1]!;
      const span = progress.at(next) - progress.at(row);
      if (span < LEAST_SCALE * (plan.time[next]! - plan.time[row]!)) continue;
      const chord = (chords - c) * size;
      for (let k = 0; k < size; k++) this.#velocity[chord + k] = (this.#after[k]! - this.#now[k]!) / span;
    }
  }

  /** Largest speed of a part, in any direction, m/s. */
  speed(part: number): number {
    let largest = 0;
    for (let c = 0; c < chords; c++) {
      for (let end = 0; end < 2; end++) {
        const k = c * this.#now.length + 3 * this.#ends[2 * part + end]!;
        largest = Math.max(largest, Math.hypot(this.#velocity[k]!, this.#velocity[k + 1]!, this.#velocity[k + 2]!));
      }
    }
    return largest;
  }

  /**
   * Distance of a point from a part's surface, m.
   * @param upright whether the point stands for all heights
   * @param normal written: direction from the part's nearest point to the given one; a unit vector
   */
  separation(part: number, point: readonly [number, number, number], upright: boolean, normal: Float64Array): number {
    const a = 3 * this.#ends[2 * part]!;
    const b = 3 * this.#ends[2 * part + 1]!;
    const p = this.#now;
    const axes = upright ? 2 : 3;
    let along = 0;
    let length = 0;
    for (let i = 0; i < axes; i++) {
      const direction = p[b + i]! - p[a + i]!;
      along += direction * (point[i]! - p[a + i]!);
      length += direction * direction;
    }
    this.#lambda = length > 0 ? Math.min(Math.max(along / length, 0), 1) : 0;
    let squared = 0;
    normal[2] = 0;
    for (let i = 0; i < axes; i++) {
      normal[i] = point[i]! - p[a + i]! - this.#lambda * (p[b + i]! - p[a + i]!);
      squared += normal[i]! * normal[i]!;
    }
    const distance = Math.sqrt(squared);
    for (let i = 0; i < axes; i++) normal[i] = distance > 0 ? normal[i]! / distance : 0;
    return distance - this.#radius[part]!;
  }

  /** Largest speed, m/s and at least 0, in direction `normal` of the part's point that `separation` last found. */
  speedTowards(part: number, normal: Float64Array): number {
    const v = this.#velocity;
    let largest = 0;
    for (let c = 0; c < chords; c++) {
      const a = c * this.#now.length + 3 * this.#ends[2 * part]!;
      const b = c * this.#now.length + 3 * this.#ends[2 * part + 1]!;
      let towards = 0;
      for (let i = 0; i < 3; i++) towards += normal[i]! * (v[a + i]! + this.#lambda * (v[b + i]! - v[a + i]!));
      largest = Math.max(largest, towards);
    }
    return largest;
  }
}
