import type { DoubleBuffer, MainModule, MjData, MjModel } from '@mujoco/mujoco';
import type { TreeDescription } from './kinematic-tree.js';
import { compileModel, GeomType, mujoco, ObjectType } from './mujoco.js';
import type { Robot } from './robot.js';

/** Live views of the engine's arrays. */
interface Views {
  readonly qpos: Float64Array;
  readonly qvel: Float64Array;
  readonly xpos: Float64Array;
  readonly xquat: Float64Array;
  readonly xmat: Float64Array;
  readonly geomPosition: Float64Array;
  readonly geomRotation: Float64Array;
  readonly geomSize: Float64Array;
  readonly geomBound: Float64Array;
  readonly geomType: Int32Array;
  readonly positionJacobian: Float64Array;
  readonly rotationJacobian: Float64Array;
  readonly bias: Float64Array;
}

/**
 * Kinematics, Jacobians and gravity of the robot in base_link, computed by MuJoCo on the URDF with its base fixed.
 * Allocates nothing after creation.
 */
export class Kinematics {
  readonly #mj: MainModule;
  readonly #model: MjModel;
  readonly #data: MjData;
  readonly #positionJacobian: DoubleBuffer;
  readonly #rotationJacobian: DoubleBuffer;
  readonly #bias: DoubleBuffer;
  readonly #frames = new Map<string, number>();
  readonly #joints: number;
  #fetched: Views;

  /** @param robot its URDF is loaded */
  static async create(robot: Robot): Promise<Kinematics> {
    const model = await compileModel(
      robot,
      `<mujoco>
        <option><flag contact="disable"/></option>
        <asset><model name="robot" file="robot.urdf"/></asset>
        <worldbody><attach model="robot" body="${robot.baseFrame}" prefix=""/></worldbody>
      </mujoco>`,
    );
    return new Kinematics(await mujoco(), model, robot.names.length);
  }

  private constructor(mj: MainModule, model: MjModel, joints: number) {
    this.#mj = mj;
    this.#model = model;
    this.#data = new mj.MjData(model);
    this.#joints = joints;
    this.#positionJacobian = new mj.DoubleBuffer(3 * joints);
    this.#rotationJacobian = new mj.DoubleBuffer(3 * joints);
    this.#bias = new mj.DoubleBuffer(joints);
    this.#fetched = this.#fetch();
    mj.mj_forward(model, this.#data);
  }

  /** Handle of a link, for the methods below. @throws Error where the URDF has no such link */
  frame(name: string): number {
    let body = this.#frames.get(name);
    if (body === undefined) {
      body = this.#mj.mj_name2id(this.#model, ObjectType.body, name);
      if (body < 0) throw new Error(`no link '${name}' in the URDF`);
      this.#frames.set(name, body);
    }
    return body;
  }

  /** Copies of the model's constants, for a {@link KinematicTree}. */
  describe(): TreeDescription {
    const model = this.#model;
    const joint = new Int32Array(model.nbody).fill(-1);
    for (let j = 0; j < model.njnt; j++) joint[model.jnt_bodyid[j]] = j;
    return {
      parent: Int32Array.from(model.body_parentid),
      translation: Float64Array.from(model.body_pos),
      quaternion: Float64Array.from(model.body_quat),
      joint,
      axis: Float64Array.from(model.jnt_axis),
      mass: Float64Array.from(model.body_mass),
      massCenter: Float64Array.from(model.body_ipos),
      shapeBody: Int32Array.from(model.geom_bodyid),
      shapeTranslation: Float64Array.from(model.geom_pos),
      shapeQuaternion: Float64Array.from(model.geom_quat),
      shapeSize: Float64Array.from(model.geom_size),
      shapeType: Int32Array.from(model.geom_type),
    };
  }

  /** Sets all joint positions (rad) and computes the pose of every link. @throws Error for a wrong number of them */
  setPositions(positions: ArrayLike<number>): void {
    if (positions.length !== this.#joints) {
      throw new Error(`${positions.length} joint positions; the robot has ${this.#joints} joints`);
    }
    this.#views().qpos.set(positions);
    this.#mj.mj_kinematics(this.#model, this.#data);
    this.#mj.mj_comPos(this.#model, this.#data);
  }

  /** Writes position x, y, z (m) and quaternion x, y, z, w of a link in base_link into `out` (7) at `offset`. */
  pose(frame: number, out: Float64Array, offset = 0): void {
    const { xpos, xquat } = this.#views();
    for (let k = 0; k < 3; k++) out[offset + k] = xpos[3 * frame + k]!;
    out[offset + 3] = xquat[4 * frame + 1]!;
    out[offset + 4] = xquat[4 * frame + 2]!;
    out[offset + 5] = xquat[4 * frame + 3]!;
    out[offset + 6] = xquat[4 * frame]!;
  }

  /** Writes the rotation matrix of a link in base_link, row-major, into `out` (9) at `offset`. */
  rotation(frame: number, out: Float64Array, offset = 0): void {
    const { xmat } = this.#views();
    for (let k = 0; k < 9; k++) out[offset + k] = xmat[9 * frame + k]!;
  }

  /**
   * Geometric Jacobian of a link's origin for chosen joints: rows vx, vy, vz, ωx, ωy, ωz in base_link, one column a
   * joint, row-major in `out` (6 × joints.length).
   */
  jacobian(frame: number, joints: Int32Array, out: Float64Array): void {
    this.#mj.mj_jacBody(this.#model, this.#data, this.#positionJacobian, this.#rotationJacobian, frame);
    const { positionJacobian: position, rotationJacobian: rotation } = this.#views();
    for (let row = 0; row < 3; row++) {
      for (let k = 0; k < joints.length; k++) {
        out[row * joints.length + k] = position[row * this.#joints + joints[k]!]!;
        out[(row + 3) * joints.length + k] = rotation[row * this.#joints + joints[k]!]!;
      }
    }
  }

  /** Torques (N·m) that hold the posture of `setPositions` against gravity, base upright, into `out`. */
  gravity(out: Float64Array): void {
    this.#views().qvel.fill(0);
    this.#mj.mj_comVel(this.#model, this.#data);
    this.#mj.mj_rne(this.#model, this.#data, 0, this.#bias);
    const { bias } = this.#views();
    for (let i = 0; i < this.#joints; i++) out[i] = bias[i]!;
  }

  /** Handles of named collision shapes. @throws Error where the URDF has no such shape */
  geoms(names: readonly string[]): Int32Array {
    return Int32Array.from(names, (name) => {
      const geom = this.#mj.mj_name2id(this.#model, ObjectType.geom, name);
      if (geom < 0) throw new Error(`no collision shape '${name}' in the URDF`);
      return geom;
    });
  }

  /** Smallest distance between a shape of `a` and one of `b`, m, negative where they overlap; at most `limit`. */
  distance(a: Int32Array, b: Int32Array, limit: number): number {
    const { geomPosition: position, geomBound: bound } = this.#views();
    let smallest = limit;
    for (let i = 0; i < a.length; i++) {
      const p = a[i]!;
      for (let k = 0; k < b.length; k++) {
        const q = b[k]!;
        const reach = bound[p]! + bound[q]! + smallest;
        const x = position[3 * p]! - position[3 * q]!;
        const y = position[3 * p + 1]! - position[3 * q + 1]!;
        const z = position[3 * p + 2]! - position[3 * q + 2]!;
        if (x * x + y * y + z * z > reach * reach) continue;
        smallest = Math.min(smallest, this.#mj.mj_geomDistance(this.#model, this.#data, p, q, smallest, null));
      }
    }
    return smallest;
  }

  /**
   * Height in base_link of the lowest point of shapes (boxes, capsules, spheres), m; shapes whose centre is behind
   * `edge` on the x axis do not count, and without any that counts the height is infinite.
   */
  lowestPoint(geoms: Int32Array, edge: number): number {
    const { geomPosition: position, geomRotation: rotation, geomSize: size, geomType: type } = this.#views();
    let lowest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < geoms.length; i++) {
      const geom = geoms[i]!;
      if (position[3 * geom]! < edge) continue;
      let below = size[3 * geom]!;
      if (type[geom] === GeomType.capsule) {
        below += size[3 * geom + 1]! * Math.abs(rotation[9 * geom + 8]!);
      } else if (type[geom] === GeomType.box) {
        below = 0;
        for (let axis = 0; axis < 3; axis++) below += size[3 * geom + axis]! * Math.abs(rotation[9 * geom + 6 + axis]!);
      }
      lowest = Math.min(lowest, position[3 * geom + 2]! - below);
    }
    return lowest;
  }

  /** The engine's arrays; fetched anew, as each fetch makes an object, only when growth of its memory detached them. */
  #views(): Views {
    if (this.#fetched.qpos.length === 0) this.#fetched = this.#fetch();
    return this.#fetched;
  }

  #fetch(): Views {
    const data = this.#data;
    const model = this.#model;
    return {
      qpos: data.qpos,
      qvel: data.qvel,
      xpos: data.xpos,
      xquat: data.xquat,
      xmat: data.xmat,
      geomPosition: data.geom_xpos,
      geomRotation: data.geom_xmat,
      geomSize: model.geom_size,
      geomBound: model.geom_rbound,
      geomType: model.geom_type,
      positionJacobian: this.#positionJacobian.GetView() as Float64Array,
      rotationJacobian: this.#rotationJacobian.GetView() as Float64Array,
      bias: this.#bias.GetView() as Float64Array,
    };
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.#positionJacobian.delete();
    this.#rotationJacobian.delete();
    this.#bias.delete();
    this.#data.delete();
    this.#model.delete();
  }
}
