import type { MainModule, MjModel } from '@mujoco/mujoco';
import { ObjectType } from '../robot/mujoco.js';
import { createPathState, followPath, type Waypoint } from './body-path.js';
import type { Layout } from './layout.js';
import { type BodyMotion, bodyMotion, bodyOnJoint, type Scene } from './scene-bodies.js';

/** Numbers of a free body's place and velocity. */
const PLACE = 7;
const VELOCITY = 6;
/** Where bodies are that a layout does without: behind the robot below the floor, and so far from each other; m. */
const parking = { x: -3, z: -2, spacing: 0.5 } as const;

/** Where the engine keeps one body of the scene. */
interface BodyHandle {
  readonly name: string;
  readonly motion: BodyMotion;
  readonly body: number;
  /** Start of the body's coordinates and velocities; -1 for a fixed body. */
  readonly qpos: number;
  readonly dof: number;
  /** As compiled: place in the world or the parent, m, and quaternion w, x, y, z. */
  readonly home: Float64Array;
  /** Its geoms, and their contact bits as compiled. */
  readonly geoms: readonly { readonly geom: number; readonly type: number; readonly affinity: number }[];
  readonly bits: { readonly type: number; readonly affinity: number };
}

/**
 * The bodies of a scene in the engine: puts them where a layout says, parks those that it does without below the floor,
 * where they touch nothing, and moves kinematic ones along their paths.
 */
export class PlacedBodies {
  readonly #scene: Scene;
  readonly #model: MjModel;
  readonly #handles: ReadonlyMap<string, BodyHandle>;
  /** Coordinates that are kept for as long as the layout holds. */
  readonly #held: { readonly handle: BodyHandle; readonly place: Float64Array }[] = [];
  readonly #driven: { readonly handle: BodyHandle; readonly path: readonly Waypoint[] }[] = [];
  readonly #state = createPathState();

  constructor(mj: MainModule, model: MjModel, scene: Scene) {
    this.#scene = scene;
    this.#model = model;
    const geomBody: Int32Array = model.geom_bodyid;
    const handle = (name: string): BodyHandle => {
      const body = mj.mj_name2id(model, ObjectType.body, name);
      const motion = bodyMotion(scene.bodies[name]!);
      const joint = motion === 'fixed' ? -1 : mj.mj_name2id(model, ObjectType.joint, name);
      const geoms = Array.from(geomBody.keys()).filter((geom) => geomBody[geom] === body);
      return {
        name,
        motion,
        body,
        qpos: joint < 0 ? -1 : model.jnt_qposadr[joint]!,
        dof: joint < 0 ? -1 : model.jnt_dofadr[joint]!,
        home: Float64Array.of(
          ...model.body_pos.slice(3 * body, 3 * body + 3),
          ...model.body_quat.slice(4 * body, 4 * body + 4),
        ),
        geoms: geoms.map((geom) => ({
          geom,
          type: model.geom_contype[geom]!,
          affinity: model.geom_conaffinity[geom]!,
        })),
        bits: { type: model.body_contype[body]!, affinity: model.body_conaffinity[body]! },
      };
    };
    this.#handles = new Map(Object.keys(scene.bodies).map((name) => [name, handle(name)]));
  }

  /** The engine's number of a body. @throws Error for an unknown body */
  body(name: string): number {
    return this.#handle(name).body;
  }

  /**
   * How far the joint of a body, or of what carries it, is open: 0 … 1 of its range.
   * @throws Error where there is none
   */
  opening(name: string, coordinates: Float64Array): number {
    const moving = bodyOnJoint(this.#scene, name);
    if (moving === undefined) throw new Error(`body '${name}' is on no joint`);
    const [least, most] = this.#scene.bodies[moving]!.joint!.range;
    return (coordinates[this.#handle(moving).qpos]! - least) / (most - least);
  }

  /** Puts every body where `layout` says; without one, where the scene says. Not for the hot path. */
  place(layout: Layout | undefined, coordinates: Float64Array): void {
    this.#held.length = 0;
    this.#driven.length = 0;
    let spot = 0;
    for (const handle of this.#handles.values()) {
      const parked = layout?.parked.has(handle.name) ?? false;
      this.#setContacts(handle, !parked);
      if (handle.motion === 'joint') {
        const [least, most] = this.#scene.bodies[handle.name]!.joint!.range;
        const share = layout?.openings.get(handle.name) ?? 0;
        const position = Float64Array.of(Math.min(least + share * (most - least), most));
        coordinates.set(position, handle.qpos);
        if (parked) this.#held.push({ handle, place: position });
        continue;
      }
      const root = this.#scene.bodies[handle.name]!.parent === undefined;
      const at = parked && root ? parkedPlace(handle.home, spot++) : this.#placeOf(handle, layout);
      if (handle.motion === 'fixed') {
        this.#model.body_pos.set(at.subarray(0, 3), 3 * handle.body);
        this.#model.body_quat.set(at.subarray(3), 4 * handle.body);
        continue;
      }
      coordinates.set(at, handle.qpos);
      const path = layout?.paths.get(handle.name);
      if (parked || (handle.motion === 'kinematic' && path === undefined)) this.#held.push({ handle, place: at });
      else if (path !== undefined) this.#driven.push({ handle, path });
    }
    this.drive(0, coordinates, undefined);
  }

  /**
   * Keeps what is held and moves what is driven at `time`, s since the start of the episode. Allocates nothing.
   * @param velocities left alone where they are left out
   */
  drive(time: number, coordinates: Float64Array, velocities: Float64Array | undefined): void {
    for (let i = 0; i < this.#held.length; i++) {
      const { handle, place } = this.#held[i]!;
      for (let k = 0; k < place.length; k++) coordinates[handle.qpos + k] = place[k]!;
      if (velocities === undefined) continue;
      const count = handle.motion === 'joint' ? 1 : VELOCITY;
      for (let k = 0; k < count; k++) velocities[handle.dof + k] = 0;
    }
    for (let i = 0; i < this.#driven.length; i++) {
      const { handle, path } = this.#driven[i]!;
      const { place, rate } = this.#state;
      followPath(path, time, this.#state);
      for (let k = 0; k < 3; k++) coordinates[handle.qpos + k] = place[k]!;
      writeHeading(place[3]!, handle.home, coordinates, handle.qpos + 3);
      if (velocities === undefined) continue;
      for (let k = 0; k < 3; k++) {
        velocities[handle.dof + k] = rate[k]!;
        velocities[handle.dof + 3 + k] = 0;
      }
      // A free joint turns about its own axes; headings are of bodies that stand upright.
      velocities[handle.dof + 5] = rate[3]!;
    }
  }

  /** Moves a free body in the world by dx, dy, m. @throws Error where it does not move freely */
  displace(name: string, dx: number, dy: number, coordinates: Float64Array): void {
    const { motion, qpos } = this.#handle(name);
    if (motion !== 'free') throw new Error(`body '${name}' does not move freely`);
    coordinates[qpos]! += dx;
    coordinates[qpos + 1]! += dy;
  }

  #placeOf({ name, home }: BodyHandle, layout: Layout | undefined): Float64Array {
    const at = home.slice();
    const [start] = layout?.paths.get(name) ?? [];
    const placed = start ?? layout?.placements.get(name);
    if (placed === undefined) return at;
    at[0] = placed.x;
    at[1] = placed.y;
    if (start !== undefined) at[2] = start.z;
    writeHeading(placed.yaw, home, at, 3);
    return at;
  }

  #setContacts({ body, geoms, bits }: BodyHandle, touches: boolean): void {
    const { geom_contype, geom_conaffinity, body_contype, body_conaffinity } = this.#model;
    for (const { geom, type, affinity } of geoms) {
      geom_contype[geom] = touches ? type : 0;
      geom_conaffinity[geom] = touches ? affinity : 0;
    }
    body_contype[body] = touches ? bits.type : 0;
    body_conaffinity[body] = touches ? bits.affinity : 0;
  }

  #handle(name: string): BodyHandle {
    const handle = this.#handles.get(name);
    if (handle === undefined) throw new Error(`no body '${name}' in the scene`);
    return handle;
  }
}

/** The place of the parked body number `spot`. */
function parkedPlace(home: Float64Array, spot: number): Float64Array {
  const at = home.slice(0, PLACE);
  at[0] = parking.x;
  at[1] = spot * parking.spacing;
  at[2] = parking.z;
  return at;
}

/** Writes the quaternion w, x, y, z of a body's own orientation turned by `yaw` about the vertical. */
function writeHeading(yaw: number, home: Float64Array, out: Float64Array, at: number): void {
  const [c, s] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
  const [w, x, y, z] = [home[3]!, home[4]!, home[5]!, home[6]!];
  out[at] = c * w - s * z;
  out[at + 1] = c * x - s * y;
  out[at + 2] = c * y + s * x;
  out[at + 3] = c * z + s * w;
}
