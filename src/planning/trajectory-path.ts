import type { Robot } from '../robot/robot.js';
import { JointPath, type PathKnot } from './joint-path.js';
import { TrajectoryCode, type TrajectoryGoal, type TrajectoryPoint, TrajectoryRefusal } from './trajectory-goal.js';
import { checkPath } from './trajectory-limits.js';

/** A state of all joints (rad, rad/s) at a time (s). */
export interface JointState {
  readonly time: number;
  readonly position: Float64Array;
  readonly velocity: Float64Array;
}

/** The last point may still move by this, rad/s. */
const REST = 1e-3;
/** Shortest time from one point to the next, s. */
const SHORTEST = 1e-3;

/** A path of some joints. */
export interface PlannedPath {
  /** Indices into the joint vector. */
  readonly joints: Int32Array;
  readonly path: JointPath;
}

/**
 * The path from what is commanded through the points of a trajectory, as ros2_control's joint_trajectory_controller
 * reads it: points in the past are left out, the first that is not is approached from the command. The path keeps the
 * limits of the robot.
 * @param now s, on the clock of `goal.start` @param from the command from which the path departs
 * @throws TrajectoryRefusal that names joint, point, value and limit
 */
export function planPath(goal: TrajectoryGoal, robot: Robot, now: number, from: JointState): PlannedPath {
  const joints = findJoints(goal.joints, robot);
  const first = checkPoints(goal, joints.length);
  const start = goal.start ?? from.time;
  const ends = start + goal.points[goal.points.length - 1]!.timeFromStart;
  if (ends < now) {
    throw new TrajectoryRefusal(
      TrajectoryCode.oldHeaderTimestamp,
      `the trajectory ended ${(now - ends).toFixed(3)} s ago: check header.stamp and the clocks`,
    );
  }
  const pick = (values: Float64Array) => Float64Array.from(joints, (joint) => values[joint]!);
  const knots: PathKnot[] = [
    {
      time: from.time,
      position: pick(from.position),
      velocity: pick(from.velocity),
      acceleration: new Float64Array(joints.length),
    },
  ];
  let skipped = 0;
  for (const [k, point] of goal.points.entries()) {
    const time = start + point.timeFromStart;
    const last = k === goal.points.length - 1;
    if (time < from.time + SHORTEST && !last) skipped++;
    else knots.push(knotOf(point, Math.max(time, from.time + SHORTEST), first));
  }
  const path = new JointPath(knots);
  checkPath(path, joints, robot, skipped);
  return { joints, path };
}

/** What the points of a trajectory give. */
interface Given {
  readonly velocities: boolean;
  readonly accelerations: boolean;
}

function knotOf(point: TrajectoryPoint, time: number, given: Given): PathKnot {
  const knot = { time, position: Float64Array.from(point.positions) };
  if (!given.velocities) return knot;
  const moving = { ...knot, velocity: Float64Array.from(point.velocities) };
  return given.accelerations ? { ...moving, acceleration: Float64Array.from(point.accelerations) } : moving;
}

function findJoints(names: readonly string[], robot: Robot): Int32Array {
  const refuse = (why: string) => new TrajectoryRefusal(TrajectoryCode.invalidJoints, why);
  if (names.length === 0) throw refuse('the trajectory names no joints');
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw refuse(`joint "${twice}" is named twice`);
  return Int32Array.from(names, (name) => {
    const joint = robot.names.indexOf(name);
    if (joint < 0) throw refuse(`the robot has no joint "${name}"`);
    return joint;
  });
}

/** @returns what every point gives @throws TrajectoryRefusal */
function checkPoints({ joints, points }: TrajectoryGoal, count: number): Given {
  const refuse = (why: string) => new TrajectoryRefusal(TrajectoryCode.invalidGoal, why);
  if (points.length === 0) throw refuse('the trajectory has no points');
  for (const [k, point] of points.entries()) {
    for (const field of ['positions', 'velocities', 'accelerations'] as const) {
      const values = point[field];
      const expected = field === 'positions' || values.length > 0 ? count : 0;
      if (values.length !== expected) {
        throw refuse(`point ${k} has ${values.length} ${field} for ${count} joints`);
      }
      for (let j = 0; j < values.length; j++) {
        if (!Number.isFinite(values[j])) throw refuse(`point ${k}: ${field} of ${joints[j]} is ${values[j]}`);
      }
    }
    const before = k === 0 ? -Number.MIN_VALUE : points[k - 1]!.timeFromStart;
    if (!(point.timeFromStart > before && Number.isFinite(point.timeFromStart))) {
      const least = k === 0 ? 'at least 0' : `more than ${before} s, that of point ${k - 1}`;
      throw refuse(`point ${k}: time_from_start is ${point.timeFromStart} s, needs ${least}`);
    }
  }
  const velocities = points.every((point) => point.velocities.length > 0);
  const accelerations = velocities && points.every((point) => point.accelerations.length > 0);
  const end = points[points.length - 1]!;
  for (let j = 0; j < (velocities ? count : 0); j++) {
    if (Math.abs(end.velocities[j]!) <= REST) continue;
    throw refuse(
      `point ${points.length - 1}, the last: velocity of ${joints[j]} is ${end.velocities[j]} rad/s, needs 0`,
    );
  }
  return { velocities, accelerations };
}
