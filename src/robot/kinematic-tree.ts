/** Constants of a kinematic tree as MuJoCo compiles them from the URDF; quaternions are w first. Body 0 is the base. */
export interface TreeDescription {
  /** Of each body: its parent, which comes before it. */
  readonly parent: Int32Array;
  /** Place in the parent at zero: position (3, m) and quaternion (4). */
  readonly translation: Float64Array;
  readonly quaternion: Float64Array;
  /** The joint that moves the body about its origin, or −1. */
  readonly joint: Int32Array;
  /** Of each joint: its axis in the body (3). */
  readonly axis: Float64Array;
  /** Of each body: kg, and its centre of mass in the body (3, m). */
  readonly mass: Float64Array;
  readonly massCenter: Float64Array;
  /** Of each collision shape: its body, place in the body, sizes (3) and type as MuJoCo numbers it. */
  readonly shapeBody: Int32Array;
  readonly shapeTranslation: Float64Array;
  readonly shapeQuaternion: Float64Array;
  readonly shapeSize: Float64Array;
  readonly shapeType: Int32Array;
}

/** Standard gravity as MuJoCo has it, m/s². */
const GRAVITY = 9.81;

/**
 * Poses, point Jacobians, gravity torques and centre of mass of the robot in base_link, in plain arithmetic on the
 * constants that MuJoCo compiled: the numbers of {@link Kinematics} a few times faster, which a planner needs that
 * looks at many postures each cycle. Allocates nothing after construction.
 */
export class KinematicTree {
  readonly description: TreeDescription;
  /** Of each body: origin (3, m) and rotation (9, row-major) in base_link. */
  readonly position: Float64Array;
  readonly rotation: Float64Array;
  /** Of each joint: its axis in base_link (3) and the body that it moves. */
  readonly axis: Float64Array;
  readonly jointBody: Int32Array;
  /** kg */
  readonly mass: number;
  /** Centre of mass of the last {@link weigh}, m. */
  readonly center = new Float64Array(3);
  readonly #bodies: number;
  readonly #local: Float64Array;
  /** Which coordinate axis a joint's axis is, 0…2; +3 where it is against it. */
  readonly #principal: Int32Array;
  readonly #carries: Uint8Array;
  /** Mass, and mass times centre of mass, of each body and all that it carries. */
  readonly #carried: Float64Array;

  /** @throws Error where a joint's axis is none of its body's coordinate axes */
  constructor(description: TreeDescription) {
    const { parent, joint, axis, quaternion, mass } = description;
    this.description = description;
    this.#bodies = parent.length;
    this.position = new Float64Array(3 * this.#bodies);
    this.rotation = new Float64Array(9 * this.#bodies);
    for (let k = 0; k < 3; k++) this.rotation[4 * k] = 1;
    this.#local = new Float64Array(9 * this.#bodies);
    for (let b = 0; b < this.#bodies; b++) matrixFromQuaternionAt(quaternion, 4 * b, this.#local, 9 * b);
    const joints = axis.length / 3;
    this.axis = new Float64Array(axis.length);
    this.jointBody = new Int32Array(joints);
    this.#principal = new Int32Array(joints);
    for (let b = 0; b < this.#bodies; b++) if (joint[b] >= 0) this.jointBody[joint[b]] = b;
    for (let j = 0; j < joints; j++) {
      const along = [0, 1, 2].find((k) => Math.abs(axis[3 * j + k]) === 1);
      if (along === undefined) throw new Error(`joint ${j} turns about an axis that is not one of its link's`);
      this.#principal[j] = along + (axis[3 * j + along] < 0 ? 3 : 0);
    }
    this.#carries = new Uint8Array(this.#bodies * joints);
    for (let b = 1; b < this.#bodies; b++) {
      for (let j = 0; j < joints; j++) {
        this.#carries[b * joints + j] = joint[b] === j ? 1 : this.#carries[parent[b] * joints + j];
      }
    }
    this.#carried = new Float64Array(4 * this.#bodies);
    this.mass = mass.reduce((sum, m) => sum + m, 0);
  }

  /** The bodies from the base to `body`. */
  path(body: number): Int32Array {
    const path: number[] = [];
    for (let b = body; b !== 0; b = this.description.parent[b]) path.unshift(b);
    return Int32Array.from(path);
  }

  /** Whether joint `j` moves `body`. */
  carries(j: number, body: number): boolean {
    return this.#carries[body * this.jointBody.length + j] === 1;
  }

  /** Computes the poses of all bodies. @param positions all joints, rad */
  update(positions: Float64Array): void {
    for (let b = 1; b < this.#bodies; b++) this.#place(b, positions);
  }

  /** Computes the poses of the first `count` of `bodies`, parents first; all others stay as they are. */
  updateBodies(bodies: Int32Array, count: number, positions: Float64Array): void {
    for (let i = 0; i < count; i++) this.#place(bodies[i], positions);
  }

  /**
   * Gravity torques into `out` (all joints, N·m) and the centre of mass, in the posture of the last {@link update}:
   *   τ_j = g·m·(a_j × (c − o_j))_z with mass m and centre c of all that joint j carries, its axis a_j and origin o_j.
   */
  weigh(out: Float64Array, at = 0): void {
    const { parent, mass, massCenter } = this.description;
    const { position: p, rotation: r, axis } = this;
    const carried = this.#carried;
    for (let b = 0; b < this.#bodies; b++) {
      const m = mass[b];
      const i = 3 * b;
      const o = 9 * b;
      const x = massCenter[i];
      const y = massCenter[i + 1];
      const z = massCenter[i + 2];
      carried[4 * b] = m;
      carried[4 * b + 1] = m * (p[i] + r[o] * x + r[o + 1] * y + r[o + 2] * z);
      carried[4 * b + 2] = m * (p[i + 1] + r[o + 3] * x + r[o + 4] * y + r[o + 5] * z);
      carried[4 * b + 3] = m * (p[i + 2] + r[o + 6] * x + r[o + 7] * y + r[o + 8] * z);
    }
    for (let b = this.#bodies - 1; b > 0; b--) {
      const from = 4 * b;
      const to = 4 * parent[b];
      carried[to] += carried[from];
      carried[to + 1] += carried[from + 1];
      carried[to + 2] += carried[from + 2];
      carried[to + 3] += carried[from + 3];
    }
    for (let j = 0; j < this.jointBody.length; j++) {
      const b = this.jointBody[j];
      const m = carried[4 * b];
      const x = carried[4 * b + 1] - m * p[3 * b];
      const y = carried[4 * b + 2] - m * p[3 * b + 1];
      out[at + j] = GRAVITY * (axis[3 * j] * y - axis[3 * j + 1] * x);
    }
    for (let k = 0; k < 3; k++) this.center[k] = carried[1 + k] / this.mass;
  }

  /**
   * How the centre of mass moves with joint `j` along the direction (nx, ny) of the floor, m/rad, after {@link weigh}:
   *   n·∂c/∂q_j = (m/M)·n·(a_j × (c_j − o_j)).
   */
  centerGradient(j: number, nx: number, ny: number): number {
    const b = this.jointBody[j];
    const carried = this.#carried;
    const m = carried[4 * b];
    const x = carried[4 * b + 1] - m * this.position[3 * b];
    const y = carried[4 * b + 2] - m * this.position[3 * b + 1];
    const z = carried[4 * b + 3] - m * this.position[3 * b + 2];
    const ax = this.axis[3 * j];
    const ay = this.axis[3 * j + 1];
    const az = this.axis[3 * j + 2];
    return (nx * (ay * z - az * y) + ny * (az * x - ax * z)) / this.mass;
  }

  /** How a point (x, y, z) that joint `j` carries moves with it along the direction (nx, ny, nz), m/rad. */
  pointGradient(j: number, x: number, y: number, z: number, nx: number, ny: number, nz: number): number {
    const b = 3 * this.jointBody[j];
    const dx = x - this.position[b];
    const dy = y - this.position[b + 1];
    const dz = z - this.position[b + 2];
    const ax = this.axis[3 * j];
    const ay = this.axis[3 * j + 1];
    const az = this.axis[3 * j + 2];
    return nx * (ay * dz - az * dy) + ny * (az * dx - ax * dz) + nz * (ax * dy - ay * dx);
  }

  /** p = p_parent + R_parent·t, R = R_parent·R₀·Rot(axis, q). */
  #place(b: number, positions: Float64Array): void {
    const { parent, translation: t, joint } = this.description;
    const { position: p, rotation: r, axis } = this;
    const local = this.#local;
    const above = parent[b];
    const i = 9 * above;
    const o = 9 * b;
    const tx = t[3 * b];
    const ty = t[3 * b + 1];
    const tz = t[3 * b + 2];
    for (let k = 0; k < 3; k++) {
      const row = i + 3 * k;
      const x = r[row];
      const y = r[row + 1];
      const z = r[row + 2];
      const into = o + 3 * k;
      p[3 * b + k] = p[3 * above + k] + x * tx + y * ty + z * tz;
      r[into] = x * local[o] + y * local[o + 3] + z * local[o + 6];
      r[into + 1] = x * local[o + 1] + y * local[o + 4] + z * local[o + 7];
      r[into + 2] = x * local[o + 2] + y * local[o + 5] + z * local[o + 8];
    }
    const j = joint[b];
    if (j < 0) return;
    const angle = positions[j];
    const against = this.#principal[j] > 2;
    const along = against ? this.#principal[j] - 3 : this.#principal[j];
    const sine = against ? -Math.sin(angle) : Math.sin(angle);
    const cosine = Math.cos(angle);
    // Turning about axis a mixes the columns a + 1 and a + 2.
    const u = o + (along === 2 ? 0 : along + 1);
    const v = o + (along === 0 ? 2 : along - 1);
    for (let k = 0; k < 9; k += 3) {
      const x = r[u + k];
      const y = r[v + k];
      r[u + k] = cosine * x + sine * y;
      r[v + k] = cosine * y - sine * x;
    }
    axis[3 * j] = against ? -r[o + along] : r[o + along];
    axis[3 * j + 1] = against ? -r[o + along + 3] : r[o + along + 3];
    axis[3 * j + 2] = against ? -r[o + along + 6] : r[o + along + 6];
  }
}

/** Rotation matrix (row-major) of the unit quaternion w, x, y, z at `from`, into `out` at `to`. */
export function matrixFromQuaternionAt(q: Float64Array, from: number, out: Float64Array, to: number): void {
  const w = q[from];
  const x = q[from + 1];
  const y = q[from + 2];
  const z = q[from + 3];
  out[to] = 1 - 2 * (y * y + z * z);
  out[to + 1] = 2 * (x * y - z * w);
  out[to + 2] = 2 * (x * z + y * w);
  out[to + 3] = 2 * (x * y + z * w);
  out[to + 4] = 1 - 2 * (x * x + z * z);
  out[to + 5] = 2 * (y * z - x * w);
  out[to + 6] = 2 * (x * z - y * w);
  out[to + 7] = 2 * (y * z + x * w);
  out[to + 8] = 1 - 2 * (x * x + y * y);
}
