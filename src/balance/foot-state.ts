import type { Robot } from '../robot/robot.js';

/** Degrees of freedom of the base: velocity and angular velocity in world axes. */
export const BASE_DOF = 6;
/** Joints of a leg. */
export const LEG_JOINTS = 6;

/** A sole and the leg above it, world axes. */
export interface FootState {
  /** Centre of the sole's surface, m. */
  readonly position: Float64Array;
  /** Rotation of the sole, row-major (3 × 3): z is its normal, x points to the toes. */
  readonly rotation: Float64Array;
  /** Velocity then angular velocity of the sole's centre (6). */
  readonly velocity: Float64Array;
  /** Jacobian of that velocity for the leg's joints, row-major (6 × 6). */
  readonly jacobian: Float64Array;
  /** Acceleration of the sole at zero accelerations of base and joints, J̇q̇ (6). */
  readonly biasAcceleration: Float64Array;
}

/** A foot at the origin. */
export function createFoot(): FootState {
  return {
    position: new Float64Array(3),
    rotation: new Float64Array(9),
    velocity: new Float64Array(6),
    jacobian: new Float64Array(36),
    biasAcceleration: new Float64Array(6),
  };
}

/** Centre of a foot's lower surface in its link, and half its length and width, from the box in the URDF. */
export function soleOf(robot: Robot, shape: string): { center: Float64Array; size: readonly [number, number] } {
  const element = new RegExp(`<collision name="${shape}">.*?xyz="([^"]+)".*?<box size="([^"]+)"`).exec(robot.urdf.text);
  if (element === null) throw new Error(`no box '${shape}' in the URDF, which balance control needs`);
  const [x, y, z] = element[1].split(' ').map(Number);
  const [length, width, height] = element[2].split(' ').map(Number);
  return { center: Float64Array.of(x, y, z - height / 2), size: [length / 2, width / 2] };
}

/**
 * Walks down a leg. With r from one joint's anchor a to the next point, axis e and the parent's ω, α:
 *   α ← α + ω × e q̇,   ω ← ω + e q̇,   and over each stretch r:  v ← v + ω × r,  a ← a + α × r + ω × (ω × r).
 * @param origin,base position of base_link, and its velocity and angular velocity, world axes
 * @param first the leg's first joint @param xanchor,xaxis the engine's; joint 0 is the floating base
 * @param qvel the engine's velocities
 */
export function walkLeg(
  foot: FootState,
  origin: Float64Array,
  base: Float64Array,
  first: number,
  xanchor: Float64Array,
  xaxis: Float64Array,
  qvel: Float64Array,
): void {
  const { position, jacobian, biasAcceleration, velocity } = foot;
  let px = origin[0];
  let py = origin[1];
  let pz = origin[2];
  let vx = base[0];
  let vy = base[1];
  let vz = base[2];
  let wx = base[3];
  let wy = base[4];
  let wz = base[5];
  let ax = 0;
  let ay = 0;
  let az = 0;
  let bx = 0;
  let by = 0;
  let bz = 0;
  for (let k = 0; k <= LEG_JOINTS; k++) {
    // Joint 0 is the floating base.
    const joint = 1 + first + k;
    const end = k === LEG_JOINTS;
    const nx = end ? position[0] : xanchor[3 * joint];
    const ny = end ? position[1] : xanchor[3 * joint + 1];
    const nz = end ? position[2] : xanchor[3 * joint + 2];
    const rx = nx - px;
    const ry = ny - py;
    const rz = nz - pz;
    const cx = wy * rz - wz * ry;
    const cy = wz * rx - wx * rz;
    const cz = wx * ry - wy * rx;
    vx += cx;
    vy += cy;
    vz += cz;
    ax += by * rz - bz * ry + wy * cz - wz * cy;
    ay += bz * rx - bx * rz + wz * cx - wx * cz;
    az += bx * ry - by * rx + wx * cy - wy * cx;
    px = nx;
    py = ny;
    pz = nz;
    if (end) break;
    const rate = qvel[BASE_DOF + first + k];
    const ex = xaxis[3 * joint];
    const ey = xaxis[3 * joint + 1];
    const ez = xaxis[3 * joint + 2];
    bx += (wy * ez - wz * ey) * rate;
    by += (wz * ex - wx * ez) * rate;
    bz += (wx * ey - wy * ex) * rate;
    wx += ex * rate;
    wy += ey * rate;
    wz += ez * rate;
    const sx = position[0] - nx;
    const sy = position[1] - ny;
    const sz = position[2] - nz;
    jacobian[k] = ey * sz - ez * sy;
    jacobian[6 + k] = ez * sx - ex * sz;
    jacobian[12 + k] = ex * sy - ey * sx;
    jacobian[18 + k] = ex;
    jacobian[24 + k] = ey;
    jacobian[30 + k] = ez;
  }
  velocity[0] = vx;
  velocity[1] = vy;
  velocity[2] = vz;
  velocity[3] = wx;
  velocity[4] = wy;
  velocity[5] = wz;
  biasAcceleration[0] = ax;
  biasAcceleration[1] = ay;
  biasAcceleration[2] = az;
  biasAcceleration[3] = bx;
  biasAcceleration[4] = by;
  biasAcceleration[5] = bz;
}
