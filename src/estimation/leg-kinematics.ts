import { matrixFromQuaternion, multiplyMatrices } from '../math/rotation.js';
import { chain, jointTransforms } from '../robot/joint-transforms.js';
import type { Robot } from '../robot/robot.js';

/**
 * Pose and motion of one sole in base_link from the positions and velocities of its leg's joints, read from the URDF's
 * chain. Of the same numbers as MuJoCo's kinematics, without the other 63 joints. Real-time safe.
 */
export class LegKinematics {
  /** The leg's joints, from the hip down; indices into a vector of all joints. */
  readonly joints: Int32Array;
  /** Origin of the sole, m. */
  readonly position = new Float64Array(3);
  /** Orientation of the sole, row-major. */
  readonly rotation = new Float64Array(9);
  /** Velocity of the sole's origin relative to base_link, m/s. */
  readonly velocity = new Float64Array(3);
  /** Angular velocity of the sole relative to base_link, rad/s. */
  readonly angularVelocity = new Float64Array(3);
  /** Of each joint and of the fixed end: origin in the frame before, rotation at zero, axis. */
  readonly #origins: Float64Array;
  readonly #rotations: Float64Array[] = [];
  readonly #axes: Float64Array;
  readonly #before = new Float64Array(9);
  readonly #turn = new Float64Array(9);

  /** @param sole the link at the end @throws Error where no chain leads there */
  constructor(robot: Robot, sole: string) {
    const path = chain(jointTransforms(robot.urdf.text), robot.baseFrame, sole);
    this.joints = Int32Array.from(path, ({ name, fixed }) => (fixed ? -1 : robot.index(name)));
    this.#origins = Float64Array.from(path.flatMap(({ translation }) => translation));
    this.#axes = Float64Array.from(path.flatMap(({ axis }) => axis));
    for (const { rotation } of path) {
      const matrix = new Float64Array(9);
      matrixFromQuaternion(Float64Array.from(rotation), matrix);
      this.#rotations.push(matrix);
    }
  }

  /**
   * Computes the sole's pose and motion. @param positions rad @param velocities rad/s; of all joints
   *
   * Along the chain, with o and R₀ a joint's origin and rotation at zero, a its axis:
   *   ṗ ← ṗ + ω × R·o,  p ← p + R·o,  R ← R·R₀·exp(a·q),  ω ← ω + R·a·q̇
   */
  update(positions: Float64Array, velocities: Float64Array): void {
    const { joints, position: p, rotation: r, velocity: v, angularVelocity: w } = this;
    const origins = this.#origins;
    const axes = this.#axes;
    p.fill(0);
    v.fill(0);
    w.fill(0);
    r.fill(0);
    r[0] = 1;
    r[4] = 1;
    r[8] = 1;
    for (let k = 0; k < joints.length; k++) {
      const i = 3 * k;
      const ox = r[0] * origins[i] + r[1] * origins[i + 1] + r[2] * origins[i + 2];
      const oy = r[3] * origins[i] + r[4] * origins[i + 1] + r[5] * origins[i + 2];
      const oz = r[6] * origins[i] + r[7] * origins[i + 1] + r[8] * origins[i + 2];
      v[0] += w[1] * oz - w[2] * oy;
      v[1] += w[2] * ox - w[0] * oz;
      v[2] += w[0] * oy - w[1] * ox;
      p[0] += ox;
      p[1] += oy;
      p[2] += oz;
      this.#before.set(r);
      multiplyMatrices(this.#before, this.#rotations[k], r);
      const joint = joints[k];
      if (joint < 0) continue;
      const speed = velocities[joint];
      const x = axes[i];
      const y = axes[i + 1];
      const z = axes[i + 2];
      w[0] += (r[0] * x + r[1] * y + r[2] * z) * speed;
      w[1] += (r[3] * x + r[4] * y + r[5] * z) * speed;
      w[2] += (r[6] * x + r[7] * y + r[8] * z) * speed;
      this.#turnAbout(x, y, z, positions[joint]);
      this.#before.set(r);
      multiplyMatrices(this.#before, this.#turn, r);
    }
  }

  /** exp(a·q) = cos q·1 + sin q·[a]× + (1 − cos q)·a·aᵀ (Rodrigues). */
  #turnAbout(x: number, y: number, z: number, angle: number): void {
    const t = this.#turn;
    const c = Math.cos(angle);
    const s = Math.sin(angle);
    const d = 1 - c;
    t[0] = c + d * x * x;
    t[1] = d * x * y - s * z;
    t[2] = d * x * z + s * y;
    t[3] = d * x * y + s * z;
    t[4] = c + d * y * y;
    t[5] = d * y * z - s * x;
    t[6] = d * x * z - s * y;
    t[7] = d * y * z + s * x;
    t[8] = c + d * z * z;
  }
}
