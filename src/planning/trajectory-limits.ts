import { accelerationLimits } from '../control/limits.js';
import type { Robot } from '../robot/robot.js';
import type { JointPath } from './joint-path.js';
import { TrajectoryCode, TrajectoryRefusal } from './trajectory-goal.js';

/** A path is looked at this often between two knots, s, but this many times at least and at most. */
const STEP = 0.01;
const LEAST = 16;
const MOST = 256;

/** Excess that counts as rounding, as a share of the limit. */
const ROUNDING = 1e-6;

/**
 * Checks position, velocity and acceleration along a path, between its knots too. Where the velocity of a straight
 * path jumps at a knot, the jump may be as large as the velocity limit, which the control loop reaches in its
 * acceleration time.
 * @param joints of the path, as indices into the joint vector
 * @param skipped points of the trajectory that the path leaves out: knot 0 is the command, knot 1 point `skipped`
 * @throws TrajectoryRefusal that names point, joint, value and limit
 */
export function checkPath(path: JointPath, joints: Int32Array, robot: Robot, skipped: number): void {
  const acceleration = accelerationLimits(robot);
  const q = new Float64Array(joints.length);
  const v = new Float64Array(joints.length);
  const a = new Float64Array(joints.length);
  const arriving = new Float64Array(joints.length);
  const { times } = path;
  for (let segment = 0; segment < times.length - 1; segment++) {
    const duration = times[segment + 1]! - times[segment]!;
    const steps = Math.min(Math.max(Math.ceil(duration / STEP), LEAST), MOST);
    const where = segment === 0 ? `on the way to point ${skipped}` : `from point ${skipped + segment - 1} to the next`;
    for (let i = 0; i <= steps; i++) {
      path.sampleSegment(segment, (duration * i) / steps, q, v, a);
      for (let j = 0; j < joints.length; j++) {
        const joint = joints[j]!;
        const name = robot.names[joint]!;
        const low = robot.lower[joint]!;
        const high = robot.upper[joint]!;
        const place = i === steps ? `point ${skipped + segment}` : where;
        const past = Math.max(q[j]! - high, low - q[j]!);
        if (past > ROUNDING) refuse(place, name, 'position', q[j]!, q[j]! > high ? high : low, 'rad');
        const fastest = robot.velocityLimit[joint]!;
        if (Math.abs(v[j]!) > fastest * (1 + ROUNDING)) refuse(place, name, 'velocity', v[j]!, fastest, 'rad/s');
        const jump = i === 0 && segment > 0 ? v[j]! - arriving[j]! : 0;
        if (Math.abs(jump) > fastest * (1 + ROUNDING)) {
          refuse(`at point ${skipped + segment - 1}`, name, 'jump of velocity', jump, fastest, 'rad/s');
        }
        const hardest = acceleration[joint]!;
        if (Math.abs(a[j]!) > hardest * (1 + ROUNDING)) refuse(place, name, 'acceleration', a[j]!, hardest, 'rad/s²');
      }
    }
    arriving.set(v);
  }
}

function refuse(place: string, joint: string, what: string, value: number, limit: number, unit: string): never {
  throw new TrajectoryRefusal(
    TrajectoryCode.invalidGoal,
    `${place}: ${what} of ${joint} is ${value.toFixed(3)} ${unit}, the limit is ${limit.toFixed(3)} ${unit}`,
  );
}
