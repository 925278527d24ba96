import { accelerationLimits } from '../control/limits.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { PosturePath } from './posture-path.js';
import type { TrajectoryPoint } from './trajectory-goal.js';

/** How briskly the body moves. */
export interface TransitionOptions {
  /** Shares of the joints' velocity and acceleration limits in a transition whose time is not given. */
  readonly speed: number;
  readonly acceleration: number;
  /** Shortest time, s. */
  readonly least: number;
}

export const transitionDefaults: TransitionOptions = { speed: 0.3, acceleration: 0.1, least: 1 };

/** A transition to a posture, for a trajectory goal. */
export interface Transition {
  /** Names of the joints that move: all but the hands. */
  readonly joints: readonly string[];
  readonly points: readonly TrajectoryPoint[];
  /** s */
  readonly duration: number;
}

/** Time between points of a path that is not straight in the joints, s. */
const POINT_PERIOD = 0.1;
/** Places at which the path's demands on the joints are looked at. */
const PROBES = 64;
/** Small step along the path, for derivatives. */
const STEP = 1e-3;

/**
 * Plans the way from one posture to another (all joints, rad), from rest to rest, on a quintic in time:
 *   s(τ) = 10τ³ − 15τ⁴ + 6τ⁵,  τ = t/T,  q̇ = q′·ṡ,  q̈ = q″·ṡ² + q′·s̈
 * @param duration T, s; 0 for the shortest that keeps the options
 * @throws Error that says which joint exceeds which limit in the time given, or that the legs do not reach
 */
export function planTransition(
  robot: Robot,
  kinematics: Kinematics,
  from: Float64Array,
  to: Float64Array,
  duration = 0,
  options: TransitionOptions = transitionDefaults,
): Transition {
  const path = new PosturePath(robot, kinematics, from, to);
  const comfortable = Math.max(demand(robot, path, options.speed, options.acceleration).time, options.least);
  if (duration > 0) {
    const { time, joint } = demand(robot, path, 1, 1);
    if (duration < time) {
      throw new Error(`${duration} s are too short: within its limits ${joint} needs ${time.toFixed(2)} s`);
    }
  }
  const total = duration > 0 ? duration : comfortable;
  const count = path.straight ? 1 : Math.ceil(total / POINT_PERIOD);
  const points = Array.from({ length: count }, (_, i) => pointAt(path, (i + 1) / count, total));
  return { joints: Array.from(path.joints, (joint) => robot.names[joint]!), points, duration: total };
}

/** s, ds/dτ and d²s/dτ² at τ. */
function timing(tau: number): { s: number; rate: number; change: number } {
  return {
    s: tau ** 3 * (10 + tau * (6 * tau - 15)),
    rate: 30 * tau ** 2 * (1 - tau) ** 2,
    change: 60 * tau * (1 - tau) * (1 - 2 * tau),
  };
}

/** q, q′ and q″ of the path's joints at s. */
function derivatives(path: PosturePath, s: number): { q: Float64Array; first: Float64Array; second: Float64Array } {
  const middle = Math.min(Math.max(s, STEP), 1 - STEP);
  const [a, b, c] = [path.at(middle - STEP), path.at(middle), path.at(middle + STEP)];
  return {
    q: path.at(s),
    first: b.map((_, j) => (c[j]! - a[j]!) / (2 * STEP)),
    second: b.map((_, j) => (c[j]! - 2 * b[j]! + a[j]!) / STEP ** 2),
  };
}

/** The shortest time at these shares of the limits, s, and the joint that needs it. */
function demand(robot: Robot, path: PosturePath, speed: number, acceleration: number): { time: number; joint: string } {
  const accelerations = accelerationLimits(robot);
  let time = 0;
  let joint = '';
  for (let i = 1; i < PROBES; i++) {
    const { s, rate, change } = timing(i / PROBES);
    const { first, second } = derivatives(path, s);
    for (const [j, index] of path.joints.entries()) {
      const fast = Math.abs(first[j]! * rate) / (speed * robot.velocityLimit[index]!);
      const hard = Math.abs(second[j]! * rate ** 2 + first[j]! * change) / (acceleration * accelerations[index]!);
      const needed = Math.max(fast, Math.sqrt(hard));
      if (needed > time) [time, joint] = [needed, robot.names[index]!];
    }
  }
  return { time, joint };
}

function pointAt(path: PosturePath, tau: number, total: number): TrajectoryPoint {
  const { s, rate, change } = timing(tau);
  const { q, first, second } = derivatives(path, s);
  return {
    timeFromStart: tau * total,
    positions: q,
    velocities: first.map((value) => (value * rate) / total),
    accelerations: first.map((value, j) => (second[j]! * rate ** 2 + value * change) / total ** 2),
  };
}
