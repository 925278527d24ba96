import type { Arm } from '../action/action-chunk.js';
import type { Robot } from '../robot/robot.js';
import type { Layout } from '../sim/layout.js';
import type { Task } from '../sim/scene.js';
import { bodyMotion, bodyOnJoint, carriedBy } from '../sim/scene-bodies.js';
import type { Simulation } from '../sim/simulation.js';
import { HiddenShare } from './hidden-share.js';

/** Indices of the physical quantities, as in msg/WorldState.msg. */
export const Quantity = {
  gravity: 0,
  speed: 1,
  inertiaXx: 2,
  inertiaYy: 3,
  inertiaZz: 4,
  friction: 5,
  restitution: 6,
  collision: 7,
  mass: 8,
  supported: 9,
  contained: 10,
  grasped: 11,
  upright: 12,
  gripperDistance: 13,
  receptacleDistance: 14,
  occlusion: 15,
} as const;
export const QUANTITY_COUNT = 16;

/** Extent of the receptacle in which the target counts as contained where the task does not say: |x|, |y|, height, m. */
const room = { x: 0.09, y: 0.09, below: 0.12 } as const;

/**
 * The physical quantities of msg/WorldState.msg, from the simulation's truth: labels for training, never an input. They
 * are about the instruction's target; where that is fixed to something on a joint, mass and inertia are of the latter.
 */
export class TruthLabels {
  readonly #simulation: Simulation;
  readonly #task: Task;
  readonly #hidden: HiddenShare;
  readonly #grippers: Readonly<Record<Arm, number>>;
  readonly #thumbs = new Set<number>();
  readonly #fingers = new Set<number>();
  readonly #sceneBodies: ReadonlySet<number>;
  readonly #last = { time: Number.NaN, place: new Float64Array(3) };

  static async create(robot: Robot, task: Task, simulation: Simulation): Promise<TruthLabels> {
    return new TruthLabels(robot, task, simulation, await HiddenShare.create(robot, simulation));
  }

  private constructor(robot: Robot, task: Task, simulation: Simulation, hidden: HiddenShare) {
    this.#simulation = simulation;
    this.#task = task;
    this.#hidden = hidden;
    const { left, right } = robot.gripperFrames;
    this.#grippers = { left: simulation.link(left), right: simulation.link(right) };
    for (const name of robot.urdf.links.keys()) {
      if (/_thumb_/.test(name)) this.#thumbs.add(simulation.link(name));
      else if (/_(index|middle|ring|pinky|palm|hand)/.test(name)) this.#fingers.add(simulation.link(name));
    }
    this.#sceneBodies = new Set(simulation.sceneBodies);
  }

  /** An episode begins. */
  reset(): void {
    this.#last.time = Number.NaN;
  }

  /** @param arm the acting one @param time s @returns 16 numbers in the order of {@link Quantity} */
  quantities(layout: Layout, arm: Arm, time: number): Float32Array {
    const simulation = this.#simulation;
    const { model } = simulation;
    const { scene } = this.#task;
    const { target, receptacle } = layout.instruction;
    const out = new Float32Array(QUANTITY_COUNT);
    const moving = bodyOnJoint(scene, target) ?? target;
    const [place, goal, hand] = [new Float64Array(7), new Float64Array(7), new Float64Array(7)];
    simulation.linkPose(simulation.body(target), place);
    simulation.linkPose(simulation.body(receptacle), goal);
    simulation.linkPose(this.#grippers[arm], hand);
    const between = (a: Float64Array, b: Float64Array) => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!);

    out[Quantity.gravity] = -model.opt.gravity[2];
    const { time: before, place: was } = this.#last;
    out[Quantity.speed] = time > before ? between(place, was) / (time - before) : 0;
    this.#last.time = time;
    this.#last.place.set(place.subarray(0, 3));

    const body = simulation.body(moving);
    out.set(ownInertia(model.body_inertia, model.body_iquat, body), Quantity.inertiaXx);
    out[Quantity.mass] = model.body_mass[body]!;
    const geomBody: Int32Array = model.geom_bodyid;
    const geom = geomBody.indexOf(simulation.body(target));
    out[Quantity.friction] = model.geom_friction[3 * geom]!;
    out[Quantity.restitution] = restitution(model.geom_solref[2 * geom + 1]!);

    const own = new Set(
      Object.keys(scene.bodies)
        .filter((name) => name === target || name === moving || carriedBy(scene, name, moving))
        .map((name) => simulation.body(name)),
    );
    const belongs = new Set([...own, simulation.body(receptacle)]);
    const isRobot = (link: number) => link !== 0 && !this.#sceneBodies.has(link);
    let [supported, collision, thumb, finger] = [bodyMotion(scene.bodies[moving]!) === 'free' ? 0 : 1, 0, false, false];
    for (const [a, b] of simulation.touching()) {
      for (const [one, other] of [
        [a, b],
        [b, a],
      ] as const) {
        if (own.has(one)) {
          if (!isRobot(other) && !own.has(other)) supported = 1;
          if (this.#thumbs.has(other)) thumb = true;
          if (this.#fingers.has(other)) finger = true;
        }
        if (isRobot(one) && this.#sceneBodies.has(other) && !belongs.has(other)) collision = 1;
      }
    }
    out[Quantity.collision] = collision;
    out[Quantity.supported] = supported;
    out[Quantity.grasped] = thumb && finger ? 1 : 0;
    const criterion = this.#task.success[layout.instruction.goal]!;
    const { x, y, below } = criterion.test === 'placed' ? criterion.inside : room;
    const rise = place[2]! - goal[2]!;
    const inside = Math.abs(place[0]! - goal[0]!) < x && Math.abs(place[1]! - goal[1]!) < y && rise > 0 && rise < below;
    out[Quantity.contained] = inside && bodyMotion(scene.bodies[moving]!) === 'free' ? 1 : 0;
    // The z component of the body's z axis.
    out[Quantity.upright] = 1 - 2 * (place[3]! ** 2 + place[4]! ** 2);
    out[Quantity.gripperDistance] = between(hand, place);
    out[Quantity.receptacleDistance] = between(place, goal);
    out[Quantity.occlusion] = this.#hidden.of(target);
    return out;
  }
}

/** Diagonal of R·diag(I)·Rᵀ: the inertia about a body's centre of mass, along the body's own axes. */
function ownInertia(inertia: Float64Array, frame: Float64Array, body: number): [number, number, number] {
  const [w, x, y, z] = frame.slice(4 * body, 4 * body + 4) as unknown as [number, number, number, number];
  const rows = [
    [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
    [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
    [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
  ];
  return rows.map((row) => row.reduce((sum, r, k) => sum + r * r * inertia[3 * body + k]!, 0)) as [
    number,
    number,
    number,
  ];
}

/** Ratio of the speeds after and before an impact on a contact of damping ratio ζ: exp(−π·ζ/√(1 − ζ²)), 0 from ζ = 1 on. */
function restitution(damping: number): number {
  return damping >= 1 ? 0 : Math.exp((-Math.PI * damping) / Math.sqrt(1 - damping * damping));
}

/** Which bodies of a scene a layout has, in the scene's order: 1 there, 0 parked. */
export function presentBodies(task: Task, layout: Layout): Float32Array {
  return Float32Array.from(Object.keys(task.scene.bodies), (name) => (layout.parked.has(name) ? 0 : 1));
}
