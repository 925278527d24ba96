import type { MainModule, MjData, MjModel } from '@mujoco/mujoco';
import type { BaseEstimate } from '../estimation/base-estimate.js';
import { mujoco, ObjectType } from '../robot/mujoco.js';
import type { Robot } from '../robot/robot.js';
import { BASE_DOF, createFoot, type FootState, LEG_JOINTS, soleOf, walkLeg } from './foot-state.js';

/** Standard gravity, m/s². */
export const GRAVITY = 9.81;

/** Joints of the waist. */
export const WAIST_JOINTS = 3;

interface Views {
  readonly qpos: Float64Array;
  readonly qvel: Float64Array;
  readonly inertia: Float64Array;
  readonly bias: Float64Array;
  readonly xpos: Float64Array;
  readonly xmat: Float64Array;
  readonly xanchor: Float64Array;
  readonly xaxis: Float64Array;
  readonly com: Float64Array;
}

/** The first joints of the legs; the six of each follow one another down to the sole. */
const LEGS = ['left_hip_pitch_joint', 'right_hip_pitch_joint'] as const;
const WAIST = 'waist_yaw_joint';
const FEET = [
  { link: 'left_ankle_pitch_link', shape: 'left_foot_box' },
  { link: 'right_ankle_pitch_link', shape: 'right_foot_box' },
] as const;

/**
 * Rigid-body dynamics of the robot on a floating base for balance control: legs, waist, head and arms (31 joints), the
 * fingers stiff. MuJoCo computes it from the URDF: M q̈ + h = Sᵀτ + Jᵀw. The order of the 37 degrees of freedom is the
 * base's velocity (3) and angular velocity (3), both in world axes, then the joints. Allocates nothing after creation.
 */
export class BodyModel {
  /** Where each of the model's joints is in a vector of all the robot's joints. */
  readonly joints: Int32Array;
  /** Degrees of freedom: base and joints. */
  readonly dof: number;
  /** First degree of freedom of the waist; head and arms follow it. */
  readonly waistDof: number;
  /** kg */
  readonly mass: number;
  /** Half the length and half the width of a sole, m. */
  readonly soleSize: readonly [number, number];
  /** M, row-major (dof × dof), with the rotors' inertia. */
  readonly inertia: Float64Array;
  /** h: Coriolis, centrifugal and gravity forces (dof). */
  readonly bias: Float64Array;
  /** Origin and orientation of base_link: quaternion x, y, z, w, and row-major matrix. */
  readonly position = new Float64Array(3);
  readonly orientation = new Float64Array(4);
  readonly rotation = new Float64Array(9);
  /** Velocity and angular velocity of base_link in world axes (6). */
  readonly velocity = new Float64Array(6);
  /** Centre of mass, m, and its velocity, m/s. */
  readonly com = new Float64Array(3);
  readonly comVelocity = new Float64Array(3);
  /** left, right */
  readonly feet: readonly [FootState, FootState];
  readonly #mj: MainModule;
  readonly #model: MjModel;
  readonly #data: MjData;
  readonly #rowStart: Int32Array;
  readonly #rowLength: Int32Array;
  readonly #column: Int32Array;
  readonly #legStart: readonly [number, number];
  readonly #footBody: readonly [number, number];
  readonly #soleOffset: readonly [Float64Array, Float64Array];
  readonly #pelvis: number;
  #fetched: Views;

  /** @throws Error where the URDF lacks a leg, a foot's shape or the fixed joint between base_link and the pelvis */
  static async create(robot: Robot): Promise<BodyModel> {
    const mj = await mujoco();
    const fingers = new Set(['left_hand', 'right_hand'].flatMap((hand) => [...robot.group(hand)]));
    const stiff = new Set(Array.from(fingers, (i) => robot.names[i]));
    const base = /(<joint name="\w+" type=)"fixed">(?=\s*<parent link="base_link"\/>)/;
    const text = robot.urdf.text
      .replace(/<(collision|visual)[\s\S]*?<\/\1>/g, '')
      .replace(/<joint name="(\w+)" type="revolute">/g, (element, name) =>
        stiff.has(name) ? `<joint name="${name}" type="fixed">` : element,
      )
      .replace(base, '$1"floating">')
      .replace('fusestatic="false"', 'fusestatic="true"');
    return new BodyModel(mj, robot, mj.MjModel.from_xml_string(text) as MjModel);
  }

  private constructor(mj: MainModule, robot: Robot, model: MjModel) {
    this.#mj = mj;
    this.#model = model;
    this.#data = new mj.MjData(model);
    this.dof = model.nv;
    const names = Array.from({ length: model.njnt - 1 }, (_, i) => mj.mj_id2name(model, ObjectType.joint, i + 1));
    this.joints = Int32Array.from(names, (name) => robot.index(name));
    const armature = Float64Array.from(this.joints, (i) => robot.armature[i]);
    model.dof_armature.set(armature, BASE_DOF);
    mj.mj_setConst(model, this.#data);
    this.#rowStart = Int32Array.from(model.M_rowadr);
    this.#rowLength = Int32Array.from(model.M_rownnz);
    this.#column = Int32Array.from(model.M_colind);
    const body = (name: string) => {
      const index = mj.mj_name2id(model, ObjectType.body, name);
      if (index < 0) throw new Error(`no link '${name}' in the URDF, which balance control needs`);
      return index;
    };
    this.#legStart = [names.indexOf(LEGS[0]), names.indexOf(LEGS[1])];
    this.waistDof = BASE_DOF + names.indexOf(WAIST);
    this.#footBody = [body(FEET[0].link), body(FEET[1].link)];
    const soles = FEET.map(({ shape }) => soleOf(robot, shape));
    this.#soleOffset = [soles[0].center, soles[1].center];
    this.soleSize = soles[0].size;
    this.#pelvis = body('pelvis');
    this.mass = model.body_subtreemass[this.#pelvis];
    this.inertia = new Float64Array(this.dof ** 2);
    this.bias = new Float64Array(this.dof);
    this.feet = [createFoot(), createFoot()];
    this.#fetched = this.#fetch();
  }

  /** First degree of freedom of a leg; its six follow one another from the hip to the sole. @param foot 0 left, 1 right */
  legDof(foot: number): number {
    return BASE_DOF + this.#legStart[foot];
  }

  /** Whether a joint, in the model's order, is one of an ankle's two: the last ones of each leg. */
  isAnkle(joint: number): boolean {
    const inLeft = joint - this.#legStart[0];
    const inRight = joint - this.#legStart[1];
    return (
      inLeft === LEG_JOINTS - 1 || inLeft === LEG_JOINTS - 2 || inRight === LEG_JOINTS - 1 || inRight === LEG_JOINTS - 2
    );
  }

  /**
   * Computes poses only: base, centre of mass and soles.
   * @param positions of all the robot's joints, rad; where one is not finite, the joint's last one that was counts
   * @param base pose of base_link
   */
  updatePose(positions: Float64Array, base: Pick<BaseEstimate, 'position' | 'orientation'>): void {
    const { qpos, com, xpos, xmat } = this.#views();
    const { position, orientation } = base;
    this.orientation.set(orientation);
    for (let k = 0; k < 3; k++) {
      qpos[k] = position[k];
      qpos[4 + k] = orientation[k];
    }
    qpos[3] = orientation[3];
    const { joints } = this;
    copyFinite(positions, joints, qpos, 7);
    this.#mj.mj_kinematics(this.#model, this.#data);
    this.#mj.mj_comPos(this.#model, this.#data);
    const p = this.#pelvis;
    for (let k = 0; k < 3; k++) {
      this.position[k] = position[k];
      this.com[k] = com[3 * p + k];
    }
    for (let k = 0; k < 9; k++) this.rotation[k] = xmat[9 * p + k];
    for (let f = 0; f < 2; f++) {
      const b = this.#footBody[f];
      const offset = this.#soleOffset[f];
      const foot = this.feet[f];
      for (let k = 0; k < 9; k++) foot.rotation[k] = xmat[9 * b + k];
      for (let k = 0; k < 3; k++) {
        foot.position[k] = xpos[3 * b + k];
        for (let c = 0; c < 3; c++) foot.position[k] += foot.rotation[3 * k + c] * offset[c];
      }
    }
  }

  /** Computes poses, velocities and dynamics. @param velocities of all the robot's joints, rad/s, likewise */
  update(positions: Float64Array, velocities: Float64Array, base: BaseEstimate): void {
    this.updatePose(positions, base);
    const { qvel } = this.#views();
    const { joints, rotation: r, velocity } = this;
    for (let k = 0; k < 3; k++) {
      const omega = base.angularVelocity;
      qvel[k] = base.velocity[k];
      qvel[3 + k] = omega[k];
      velocity[k] = base.velocity[k];
      velocity[3 + k] = r[3 * k] * omega[0] + r[3 * k + 1] * omega[1] + r[3 * k + 2] * omega[2];
    }
    copyFinite(velocities, joints, qvel, BASE_DOF);
    const mj = this.#mj;
    const model = this.#model;
    const data = this.#data;
    mj.mj_makeM(model, data);
    // Unlike mj_rne, which takes a buffer, this call allocates nothing in JavaScript.
    mj.mj_fwdVelocity(model, data);
    this.#expand();
    this.#toWorld();
    this.#comVelocity();
    for (let f = 0; f < 2; f++) {
      const { xanchor, xaxis } = this.#views();
      walkLeg(this.feet[f], this.position, this.velocity, this.#legStart[f], xanchor, xaxis, qvel);
    }
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.#data.delete();
    this.#model.delete();
  }

  /** Full matrix and bias from the engine's sparse lower triangle. */
  #expand(): void {
    const { inertia, bias } = this.#views();
    const n = this.dof;
    for (let i = 0; i < n; i++) {
      this.bias[i] = bias[i];
      const start = this.#rowStart[i];
      const end = start + this.#rowLength[i];
      for (let k = start; k < end; k++) {
        const c = this.#column[k];
        this.inertia[i * n + c] = inertia[k];
        this.inertia[c * n + i] = inertia[k];
      }
    }
  }

  /** The engine's angular base coordinates are in base_link: rows and columns 3…5 become R·row, column·Rᵀ. */
  #toWorld(): void {
    const n = this.dof;
    const { inertia, bias, rotation: r } = this;
    for (let c = 0; c < n; c++) {
      const x = inertia[3 * n + c];
      const y = inertia[4 * n + c];
      const z = inertia[5 * n + c];
      for (let k = 0; k < 3; k++) inertia[(3 + k) * n + c] = r[3 * k] * x + r[3 * k + 1] * y + r[3 * k + 2] * z;
    }
    for (let i = 0; i < n; i++) {
      const x = inertia[i * n + 3];
      const y = inertia[i * n + 4];
      const z = inertia[i * n + 5];
      for (let k = 0; k < 3; k++) inertia[i * n + 3 + k] = r[3 * k] * x + r[3 * k + 1] * y + r[3 * k + 2] * z;
    }
    const x = bias[3];
    const y = bias[4];
    const z = bias[5];
    for (let k = 0; k < 3; k++) bias[3 + k] = r[3 * k] * x + r[3 * k + 1] * y + r[3 * k + 2] * z;
  }

  /** The base's first rows of M q̇ are the linear momentum. */
  #comVelocity(): void {
    const n = this.dof;
    const { qvel } = this.#views();
    const { inertia, velocity, mass } = this;
    for (let i = 0; i < 3; i++) {
      let sum = 0;
      for (let c = 0; c < BASE_DOF; c++) sum += inertia[i * n + c] * velocity[c];
      for (let c = BASE_DOF; c < n; c++) sum += inertia[i * n + c] * qvel[c];
      this.comVelocity[i] = sum / mass;
    }
  }

  /** Axis of a joint in world axes, into `out` (3). @param dof the joint's degree of freedom */
  axis(dof: number, out: Float64Array): void {
    const { xaxis } = this.#views();
    const joint = 1 + dof - BASE_DOF;
    for (let k = 0; k < 3; k++) out[k] = xaxis[3 * joint + k];
  }

  /** The engine's arrays; fetched anew only when growth of its memory detached them. */
  #views(): Views {
    if (this.#fetched.qpos.length === 0) this.#fetched = this.#fetch();
    return this.#fetched;
  }

  #fetch(): Views {
    const data = this.#data;
    return {
      qpos: data.qpos,
      qvel: data.qvel,
      inertia: data.M,
      bias: data.qfrc_bias,
      xpos: data.xpos,
      xmat: data.xmat,
      xanchor: data.xanchor,
      xaxis: data.xaxis,
      com: data.subtree_com,
    };
  }
}

/** Copies the values at `joints` to `out` from `start` on; one that is not finite leaves what is there. */
function copyFinite(values: Float64Array, joints: Int32Array, out: Float64Array, start: number): void {
  for (let j = 0; j < joints.length; j++) {
    const value = values[joints[j]];
    if (Number.isFinite(value)) out[start + j] = value;
  }
}
