import type { MainModule, MjData, MjModel } from '@mujoco/mujoco';
import type { JointCommand, RobotState } from '../control/hardware.js';
import { compileModel, mujoco, ObjectType } from '../robot/mujoco.js';
import type { Robot } from '../robot/robot.js';
import { SimulatedHoist } from './hoist.js';
import type { Layout } from './layout.js';
import { PlacedBodies } from './placed-bodies.js';
import type { Scene } from './scene.js';
import { sceneMjcf } from './scene-model.js';
import type { Support } from './support.js';

/** Numbers a drive's bias takes in MuJoCo's actuator_biasprm. */
const biasStride = 10;

/** How `steady` holds the base: N/m, N·s/m, N·m/rad, N·m·s/rad. */
const STEADY = { force: 5000, drag: 500, torque: 2000, friction: 200 };

/** MuJoCo's gravity, m/s². */
const GRAVITY = 9.81;

/** Live views of the engine's arrays. */
interface Views {
  readonly qpos: Float64Array;
  readonly qvel: Float64Array;
  readonly control: Float64Array;
  readonly bias: Float64Array;
  readonly torque: Float64Array;
  readonly sensordata: Float64Array;
  readonly xpos: Float64Array;
  readonly xquat: Float64Array;
  readonly xmat: Float64Array;
  readonly appliedForce: Float64Array;
  readonly com: Float64Array;
}

/**
 * The robot and its surroundings in MuJoCo, stepped 1 ms at a time. Deterministic: the same commands from the same
 * layout give the same bits. `step` and `readState` allocate nothing.
 */
export class Simulation {
  /** s a step */
  static readonly timeStep = 0.001;

  /** The engine's model and state, for rendering. */
  readonly model: MjModel;
  readonly data: MjData;
  /** What lifts the robot, where it hangs from a harness; undefined where it does not. */
  readonly hoist: SimulatedHoist | undefined;
  readonly #mj: MainModule;
  readonly #robot: Robot;
  readonly #scene: Scene;
  readonly #support: Support;
  readonly #bodies: PlacedBodies;
  readonly #sensors: Record<
    'orientation' | 'angular_velocity' | 'linear_acceleration' | 'left_foot' | 'right_foot',
    number
  >;
  /** Index of the force on the harness among the sensors; undefined where there is none. */
  readonly #harness: number | undefined;
  readonly #base: number;
  /** The gantry's weld as it was compiled. */
  readonly #weld: Float64Array;
  readonly #soles: { readonly left: number; readonly right: number };
  /** Velocity of the base before the last step, m/s, and whether there has been one. */
  readonly #velocityBefore = new Float64Array(3);
  #stepped = false;
  /** Where the last reset put the base, x and y in the world, m. */
  readonly #placed = new Float64Array(2);
  #fetched: Views;

  /**
   * @param support what carries the robot at the start
   * @throws Error with MuJoCo's message where the scene does not compile
   */
  static async create(robot: Robot, scene: Scene, support: Support = 'gantry'): Promise<Simulation> {
    const mj = await mujoco();
    return new Simulation(mj, robot, scene, support, await compileModel(robot, sceneMjcf(robot, scene, support)));
  }

  private constructor(mj: MainModule, robot: Robot, scene: Scene, support: Support, model: MjModel) {
    this.#mj = mj;
    this.#robot = robot;
    this.#scene = scene;
    this.#support = support;
    this.model = model;
    this.data = new mj.MjData(model);
    this.#fetched = this.#fetch();
    this.#bodies = new PlacedBodies(mj, model, scene);
    const sensor = (name: string) => model.sensor_adr[mj.mj_name2id(model, ObjectType.sensor, name)]!;
    this.#sensors = {
      orientation: sensor('orientation'),
      angular_velocity: sensor('angular_velocity'),
      linear_acceleration: sensor('linear_acceleration'),
      left_foot: sensor('left_foot'),
      right_foot: sensor('right_foot'),
    };
    this.#harness = support === 'harness' ? sensor('harness') : undefined;
    this.hoist = support === 'harness' ? new SimulatedHoist(mj, model, this.data) : undefined;
    this.#base = mj.mj_name2id(model, ObjectType.body, robot.baseFrame);
    this.#soles = {
      left: mj.mj_name2id(model, ObjectType.body, 'l_sole'),
      right: mj.mj_name2id(model, ObjectType.body, 'r_sole'),
    };
    this.#weld = Float64Array.from(model.eq_data);
    this.reset();
  }

  /** Length of the generalised coordinates: base 7, joints, 7 for each free body. */
  get stateSize(): number {
    return this.model.nq;
  }

  /** Simulated time, s. */
  get time(): number {
    return this.data.time;
  }

  /**
   * Puts the robot into a posture at rest and the bodies where `layout` says. In the gantry the pelvis hangs at the
   * scene's height; else the lower sole touches the floor.
   * @param posture joint positions, rad; the scene's posture where it is left out
   */
  reset(layout?: Layout, posture?: ArrayLike<number>): void {
    const { model, data } = this;
    model.eq_data.set(this.#weld);
    this.hoist?.detach();
    this.#mj.mj_resetData(model, data);
    this.#stepped = false;
    const { qpos: coordinates, bias } = this.#views();
    // The drives' gains are part of the model: without this the start would depend on the last command before it.
    bias.fill(0);
    this.#bodies.place(layout, coordinates);
    coordinates.set([0, 0, this.#scene.robot.pelvis_height, 1, 0, 0, 0]);
    coordinates.set(posture ?? this.#robot.posture(this.#scene.robot.posture), 7);
    if (this.#support !== 'gantry') {
      this.#mj.mj_kinematics(model, data);
      const { xpos } = this.#views();
      coordinates[2]! -= Math.min(xpos[3 * this.#soles.left + 2]!, xpos[3 * this.#soles.right + 2]!);
    }
    this.#mj.mj_forward(model, data);
    this.#placed.set(coordinates.subarray(0, 2));
  }

  /** Hangs the pelvis into the gantry where it is now, or takes it out. Not for the hot path. */
  setGantry(active: boolean): void {
    const { model, data } = this;
    if (active) {
      // The weld keeps the pose of the world in the pelvis' frame: (−Rᵀp, conj(q)).
      this.#mj.mj_kinematics(model, data);
      const { qpos } = this.#views();
      const world = new Float64Array(3);
      this.#toBase(world);
      model.eq_data.set([0, 0, 0, ...world, qpos[3]!, -qpos[4]!, -qpos[5]!, -qpos[6]!, 1]);
    }
    this.#mj.mj_setState(model, data, [active ? 1 : 0], this.#mj.mjtState.mjSTATE_EQ_ACTIVE.value);
  }

  /**
   * Pushes a link at its centre of mass from the next step on, until told otherwise.
   * @param link handle from `link` @param force N, world axes (3)
   */
  push(link: number, force: ArrayLike<number>): void {
    const { appliedForce } = this.#views();
    for (let k = 0; k < 3; k++) appliedForce[6 * link + k] = force[k]!;
  }

  /**
   * Steadies the base for the next step where its last reset put it, as people do who stand beside: by springs along x
   * and y and about all axes; its weight remains with the legs. Without effect in the gantry, which holds it already.
   * f = −k·Δp − d·v, τ = −k·Δφ − d·ω, in the world.
   */
  steady(): void {
    const { qpos, qvel, appliedForce, xmat } = this.#views();
    const at = 6 * this.#base;
    for (let k = 0; k < 2; k++) {
      appliedForce[at + k] = -STEADY.force * (qpos[k]! - this.#placed[k]!) - STEADY.drag * qvel[k]!;
    }
    // The base is placed without a turn: Δφ is twice the quaternion's vector. MuJoCo gives ω in the body's axes.
    const b = 9 * this.#base;
    for (let k = 0; k < 3; k++) {
      const turn = 2 * Math.sign(qpos[3]!) * qpos[4 + k]!;
      let rate = 0;
      for (let i = 0; i < 3; i++) rate += xmat[b + 3 * k + i]! * qvel[3 + i]!;
      appliedForce[at + 3 + k] = -STEADY.torque * turn - STEADY.friction * rate;
    }
  }

  /** Ends what `steady` began. */
  release(): void {
    this.#views().appliedForce.fill(0, 6 * this.#base, 6 * this.#base + 6);
  }

  /**
   * Applies the drives' law to `command` and advances by one time step.
   * @throws Error where the command is not finite (MuJoCo would set all of them to zero) or the physics diverged
   */
  step(command: JointCommand): void {
    const { model, data } = this;
    const { control, bias, qpos, qvel } = this.#views();
    for (let i = 0; i < control.length; i++) {
      const kp = command.kp[i]!;
      const kd = command.kd[i]!;
      control[i] = kp * command.position[i]! + kd * command.velocity[i]! + command.effort[i]!;
      if (!Number.isFinite(control[i])) throw new Error(`the command of ${this.#robot.names[i]} is not finite`);
      bias[biasStride * i + 1] = -kp;
      bias[biasStride * i + 2] = -kd;
    }
    for (let k = 0; k < 3; k++) this.#velocityBefore[k] = qvel[k]!;
    this.#stepped = true;
    const before = data.time;
    this.#bodies.drive(before, qpos, qvel);
    this.#mj.mj_step(model, data);
    if (data.time <= before) throw new Error('the simulation diverged (NaN in its state) and was reset by MuJoCo');
  }

  /** Measures what the robot's own sensors measure. */
  readState(state: RobotState): void {
    const { qpos, qvel, torque, sensordata } = this.#views();
    const n = state.position.length;
    state.time = this.data.time;
    for (let i = 0; i < n; i++) {
      state.position[i] = qpos[7 + i]!;
      state.velocity[i] = qvel[6 + i]!;
      state.effort[i] = torque[6 + i]!;
    }
    const { orientation } = this.#sensors;
    for (let k = 0; k < 4; k++) state.orientation[k] = sensordata[orientation + ((k + 1) % 4)]!;
    for (let k = 0; k < 3; k++) state.angularVelocity[k] = sensordata[this.#sensors.angular_velocity + k]!;
    this.#readAcceleration(state.linearAcceleration);
    this.#readWrench(this.#sensors.left_foot, this.#soles.left, state.leftFootWrench);
    this.#readWrench(this.#sensors.right_foot, this.#soles.right, state.rightFootWrench);
  }

  /** Ground truth: force on the harness, N; 0 while it is slack or there is none. */
  get harnessLoad(): number {
    return this.#harness === undefined ? 0 : Math.abs(this.#views().sensordata[this.#harness]!);
  }

  /**
   * Ground truth: the pairs of links or bodies that touch each other in the present state, body numbers as of `link`
   * (0: the floor). Not for the hot path.
   */
  touching(): readonly (readonly [number, number])[] {
    const { model, data } = this;
    this.#mj.mj_collision(model, data);
    const pairs: [number, number][] = [];
    const contacts = data.contact;
    const count = contacts.size();
    const geomBody: Int32Array = model.geom_bodyid;
    for (let i = 0; i < count; i++) {
      const contact = contacts.get(i)!;
      pairs.push([geomBody[contact.geom1]!, geomBody[contact.geom2]!]);
      contact.delete();
    }
    contacts.delete();
    return pairs;
  }

  /** Ground truth: copies the generalised coordinates (`stateSize`) into `out` at `offset`. */
  copyState(out: Float64Array, offset = 0): void {
    out.set(this.#views().qpos, offset);
  }

  /**
   * Ground truth: copies the generalised velocities into `out` at `offset`: six numbers for the base and for each free
   * body, where the coordinates have seven.
   */
  copyVelocity(out: Float64Array, offset = 0): void {
    out.set(this.#views().qvel, offset);
  }

  /**
   * Ground truth: sets the generalised coordinates and computes the pose of every body; for rendering.
   * @throws Error where their number is that of another scene
   */
  setState(qpos: ArrayLike<number>): void {
    if (qpos.length !== this.stateSize) {
      throw new Error(`${qpos.length} generalised coordinates; the scene has ${this.stateSize}`);
    }
    this.#views().qpos.set(qpos);
    this.#mj.mj_kinematics(this.model, this.data);
  }

  /** Handle of a body of the scene, for `linkPosition`. @throws Error for an unknown body */
  body(name: string): number {
    return this.#bodies.body(name);
  }

  /** Handles of all bodies of the scene: every other one but 0, the world, is a link of the robot. */
  get sceneBodies(): readonly number[] {
    return Object.keys(this.#scene.bodies).map((name) => this.#bodies.body(name));
  }

  /** Ground truth: position of a body of the scene in the world, into `out` (3). @throws Error for an unknown body */
  bodyPosition(name: string, out: Float64Array): void {
    this.linkPosition(this.#bodies.body(name), out);
  }

  /** Ground truth: how far the joint of a body, or of what carries it, is open: 0 … 1. @throws Error where there is none */
  opening(name: string): number {
    return this.#bodies.opening(name, this.#views().qpos);
  }

  /** Moves a free body by dx, dy in the world, m. @throws Error where it does not move freely */
  displace(name: string, dx: number, dy: number): void {
    this.#bodies.displace(name, dx, dy, this.#views().qpos);
  }

  /** Handle of any body or link, for `linkPosition`. @throws Error where there is none of that name */
  link(name: string): number {
    const body = this.#mj.mj_name2id(this.model, ObjectType.body, name);
    if (body < 0) throw new Error(`no link or body '${name}' in the simulation`);
    return body;
  }

  /** Ground truth: position of a link in the world, into `out` (3). */
  linkPosition(link: number, out: Float64Array): void {
    const { xpos } = this.#views();
    for (let k = 0; k < 3; k++) out[k] = xpos[3 * link + k]!;
  }

  /** Ground truth: centre of mass of a link and all that it carries in the world, into `out` (3). */
  centerOfMass(link: number, out: Float64Array): void {
    const { com } = this.#views();
    for (let k = 0; k < 3; k++) out[k] = com[3 * link + k]!;
  }

  /** Ground truth: pose of a link or body in the world, position and quaternion x, y, z, w, into `out` (7). */
  linkPose(link: number, out: Float64Array): void {
    const { xquat } = this.#views();
    this.linkPosition(link, out);
    for (let k = 0; k < 4; k++) out[3 + k] = xquat[4 * link + ((k + 1) % 4)]!;
  }

  /** Ground truth: position of a body of the scene in base_link, into `out` (3). */
  bodyPositionInBase(name: string, out: Float64Array): void {
    this.bodyPosition(name, out);
    this.#toBase(out);
  }

  /** Ground truth: pose of a link in base_link, position and quaternion x, y, z, w, into `out` (7). */
  linkPoseInBase(link: number, out: Float64Array): void {
    const { xquat } = this.#views();
    this.linkPosition(link, out);
    this.#toBase(out);
    // conj(base) ⊗ link
    const b = 4 * this.#base;
    const [bw, bx, by, bz] = [xquat[b]!, -xquat[b + 1]!, -xquat[b + 2]!, -xquat[b + 3]!];
    const l = 4 * link;
    const [w, x, y, z] = [xquat[l]!, xquat[l + 1]!, xquat[l + 2]!, xquat[l + 3]!];
    out[3] = bw * x + bx * w + by * z - bz * y;
    out[4] = bw * y - bx * z + by * w + bz * x;
    out[5] = bw * z + bx * y - by * x + bz * w;
    out[6] = bw * w - bx * x - by * y - bz * z;
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.data.delete();
    this.model.delete();
  }

  /** The engine's arrays; fetched anew, as each fetch makes an object, only when growth of its memory detached them. */
  #views(): Views {
    if (this.#fetched.qpos.length === 0) this.#fetched = this.#fetch();
    return this.#fetched;
  }

  #fetch(): Views {
    const { data, model } = this;
    return {
      qpos: data.qpos,
      qvel: data.qvel,
      control: data.ctrl,
      bias: model.actuator_biasprm,
      torque: data.qfrc_actuator,
      sensordata: data.sensordata,
      xpos: data.xpos,
      xquat: data.xquat,
      xmat: data.xmat,
      appliedForce: data.xfrc_applied,
      com: data.subtree_com,
    };
  }

  /**
   * Specific force of the last step, Rᵀ(Δv/Δt − g). MuJoCo's own sensor has the acceleration that there would have been
   * without the drives' damping being integrated implicitly: with the gains of a leg that is too large by some percent.
   */
  #readAcceleration(out: Float64Array): void {
    const { qvel, xmat, sensordata } = this.#views();
    if (!this.#stepped) {
      for (let k = 0; k < 3; k++) out[k] = sensordata[this.#sensors.linear_acceleration + k]!;
      return;
    }
    const before = this.#velocityBefore;
    const x = (qvel[0]! - before[0]!) / Simulation.timeStep;
    const y = (qvel[1]! - before[1]!) / Simulation.timeStep;
    const z = (qvel[2]! - before[2]!) / Simulation.timeStep + GRAVITY;
    const b = 9 * this.#base;
    for (let k = 0; k < 3; k++) out[k] = xmat[b + k]! * x + xmat[b + 3 + k]! * y + xmat[b + 6 + k]! * z;
  }

  /** Takes a position in the world into base_link: Rᵀ(p − b). */
  #toBase(p: Float64Array): void {
    const { xpos, xmat } = this.#views();
    const b = this.#base;
    const [x, y, z] = [p[0]! - xpos[3 * b]!, p[1]! - xpos[3 * b + 1]!, p[2]! - xpos[3 * b + 2]!];
    for (let k = 0; k < 3; k++) p[k] = xmat[9 * b + k]! * x + xmat[9 * b + 3 + k]! * y + xmat[9 * b + 6 + k]! * z;
  }

  /**
   * Turns the net contact force f, torque τ (world frame, at point p) into the wrench on the sole s:
   *   F = Rᵀf, T = Rᵀ(τ + (p − s) × f). The sensor counts the force on the foot as geom 1's on its contact: sign −.
   */
  #readWrench(address: number, sole: number, out: Float64Array): void {
    const { sensordata: s, xpos, xmat } = this.#views();
    const [fx, fy, fz] = [-s[address]!, -s[address + 1]!, -s[address + 2]!];
    const rx = s[address + 6]! - xpos[3 * sole]!;
    const ry = s[address + 7]! - xpos[3 * sole + 1]!;
    const rz = s[address + 8]! - xpos[3 * sole + 2]!;
    const tx = -s[address + 3]! + ry * fz - rz * fy;
    const ty = -s[address + 4]! + rz * fx - rx * fz;
    const tz = -s[address + 5]! + rx * fy - ry * fx;
    for (let k = 0; k < 3; k++) {
      const [a, b, c] = [xmat[9 * sole + k]!, xmat[9 * sole + 3 + k]!, xmat[9 * sole + 6 + k]!];
      out[k] = a * fx + b * fy + c * fz;
      out[3 + k] = a * tx + b * ty + c * tz;
    }
  }
}
