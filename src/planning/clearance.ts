import type { Arm } from '../action/action-chunk.js';
import { KinematicTree } from '../robot/kinematic-tree.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { lowestPoint, ShapeSpheres } from './shape-distance.js';

/** What the arms keep away from. */
export interface ClearanceOptions {
  /** Height of the work surface in base_link, m, and where it begins in front of the robot, m; none without. */
  readonly surface?: { readonly height: number; readonly edge: number };
  /** Smallest distance between an arm and the surface, m. */
  readonly surfaceDistance: number;
  /** Smallest distance between an arm and the own body, the other arm or an obstacle, m. */
  readonly bodyDistance: number;
}

/** Without a work surface. */
export const defaultClearance: ClearanceOptions = { surfaceDistance: 0.002, bodyDistance: 0.01 };

/** Links of the own body that an arm can reach. */
const body = ['pelvis_box', 'torso_box', 'torso_chest_box', 'left_hip_yaw_link_capsule', 'right_hip_yaw_link_capsule'];

/** Distances beyond this are not looked at, m. */
const horizon = 0.09;
/** Shapes of an arm up to the palm, which come first; and the radius around the palm's centre that holds the fingers. */
const forearmShapes = 5;
const handRadius = 0.2;
/** Most obstacles. */
const obstacleCapacity = 16;

/** Where an arm is nearest to something: the arm's point, the direction away from it, and the distance to spare. */
export interface Witness {
  /** Distance less what is required, m. */
  margin: number;
  /** Point of the arm, m, and unit vector along which the margin grows; in base_link. */
  x: number;
  y: number;
  z: number;
  nx: number;
  ny: number;
  nz: number;
  /** The link that the point is on. */
  body: number;
}

/** Places where an arm is near the surface: so many of its lowest shapes; and near anything else. */
const surfaceWitnesses = 3;
const otherWitnesses = 2;

/**
 * How far an arm is from the work surface, the own body, the other arm and obstacles in the posture of {@link tree}.
 * The arm's shapes count as spheres that cover them (2 mm more than they are, 7 mm at the palm's corners), over the
 * surface as what they are. Allocates nothing after construction.
 */
export class Clearance {
  /** Set its posture before asking. */
  readonly tree: KinematicTree;
  /** The nearest places of the arm last asked for, of which the first {@link count} hold, in no order. */
  readonly witnesses: readonly Witness[];
  readonly #options: ClearanceOptions;
  readonly #arms: Readonly<Record<Arm, Int32Array>>;
  readonly #obstaclesOf: Readonly<Record<Arm, Int32Array>>;
  readonly #spheres: ShapeSpheres;
  readonly #obstacles = new Float64Array(4 * obstacleCapacity);
  readonly #found = new Float64Array(8);
  /** Centres of an arm's shapes, then of what it is to keep away from. */
  readonly #centers: Float64Array;
  #obstacleCount = 0;
  #count = 0;

  constructor(robot: Robot, kinematics: Kinematics, options: ClearanceOptions = defaultClearance) {
    this.#options = options;
    this.tree = new KinematicTree(kinematics.describe());
    this.#spheres = new ShapeSpheres(this.tree);
    this.witnesses = Array.from({ length: surfaceWitnesses + otherWitnesses }, () => ({
      margin: 0,
      x: 0,
      y: 0,
      z: 0,
      nx: 0,
      ny: 0,
      nz: 0,
      body: 0,
    }));
    const names = [...robot.urdf.shapes];
    const shapes = (pattern: string) => kinematics.geoms(names.filter((name) => new RegExp(`^${pattern}`).test(name)));
    const arm = (side: Arm) =>
      Int32Array.from([
        ...shapes(`${side}_(elbow|wrist)`),
        ...shapes(`${side}_palm`),
        ...shapes(`${side}_(thumb|index|middle|ring|pinky)`),
      ]);
    const trunk = kinematics.geoms(body);
    const others = (side: Arm) => Int32Array.from([...trunk, ...shapes(`${side}_(shoulder_yaw|elbow|wrist|palm)`)]);
    this.#arms = { left: arm('left'), right: arm('right') };
    this.#centers = new Float64Array(6 * names.length);
    this.#obstaclesOf = { left: others('right'), right: others('left') };
  }

  /** Witnesses of the arm last asked for. */
  get count(): number {
    return this.#count;
  }

  /**
   * What else to keep away from: spheres in base_link, four numbers each (centre and radius, m), the first
   * 16 at most.
   */
  setObstacles(spheres: Float64Array, count: number): void {
    this.#obstacleCount = Math.min(count, obstacleCapacity);
    for (let i = 0; i < 4 * this.#obstacleCount; i++) this.#obstacles[i] = spheres[i];
  }

  /**
   * Whether `next` (all joints, rad) keeps its distance, or at least comes no closer than `before`, so that an arm that
   * is too close can leave. Leaves the tree at `next`.
   */
  allows(arm: Arm, before: Float64Array, next: Float64Array): boolean {
    this.tree.update(next);
    const margin = this.margin(arm);
    if (margin >= 0) return true;
    this.tree.update(before);
    const previous = this.margin(arm);
    this.tree.update(next);
    return margin >= previous;
  }

  /** Smallest distance of an arm to anything less what is required, m; finds the witnesses. At most 0.09 m. */
  margin(arm: Arm): number {
    this.#count = 0;
    const least = Math.min(this.#overSurface(arm), this.#fromOthers(arm));
    return Math.min(least, horizon);
  }

  #overSurface(arm: Arm): number {
    const { surface, surfaceDistance } = this.#options;
    if (surface === undefined) return Number.POSITIVE_INFINITY;
    const shapes = this.#arms[arm];
    const found = this.#found;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < shapes.length; i++) {
      lowestPoint(this.tree, shapes[i], found);
      if (found[3] < surface.edge) continue;
      const margin = found[2] - surface.height - surfaceDistance;
      least = Math.min(least, margin);
      if (margin < horizon) this.#keep(0, surfaceWitnesses, shapes[i], margin, found[0], found[1], found[2], 0, 0, 1);
    }
    return least;
  }

  #fromOthers(arm: Arm): number {
    const shapes = this.#arms[arm];
    const others = this.#obstaclesOf[arm];
    const { bodyDistance } = this.#options;
    const found = this.#found;
    const first = this.#count;
    const spheres = this.#spheres;
    const centers = this.#centers;
    const behind = 3 * shapes.length;
    for (let i = 0; i < shapes.length; i++) spheres.center(shapes[i], centers, 3 * i);
    for (let k = 0; k < others.length; k++) spheres.center(others[k], centers, behind + 3 * k);
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < others.length; k++) {
      // Most of the shapes are the hand's: all of them at once, where it is far away.
      const palm = 3 * (forearmShapes - 1);
      const count = spheres.nearBall(centers, palm, handRadius, others[k], horizon) ? shapes.length : forearmShapes;
      for (let i = 0; i < count; i++) {
        if (!spheres.near(shapes[i], others[k], centers, 3 * i, behind + 3 * k, horizon)) continue;
        const margin = spheres.distance(shapes[i], others[k], found) - bodyDistance;
        least = Math.min(least, margin);
        if (margin < horizon) this.#keepFound(first, shapes[i], margin);
      }
    }
    for (let i = 0; i < shapes.length; i++) {
      for (let k = 0; k < this.#obstacleCount; k++) {
        const margin = spheres.distanceToSphere(shapes[i], this.#obstacles, 4 * k, found) - bodyDistance;
        least = Math.min(least, margin);
        if (margin < horizon) this.#keepFound(first, shapes[i], margin);
      }
    }
    return least;
  }

  #keepFound(first: number, shape: number, margin: number): void {
    const f = this.#found;
    this.#keep(first, first + otherWitnesses, shape, margin, f[0], f[1], f[2], f[3], f[4], f[5]);
  }

  /** Keeps a witness among those from `first` to `end` if it is one of the nearest. */
  #keep(
    first: number,
    end: number,
    shape: number,
    margin: number,
    x: number,
    y: number,
    z: number,
    nx: number,
    ny: number,
    nz: number,
  ): void {
    let place = this.#count;
    if (place < end) {
      this.#count++;
    } else {
      place = first;
      for (let i = first + 1; i < end; i++) if (this.witnesses[i].margin > this.witnesses[place].margin) place = i;
      if (margin >= this.witnesses[place].margin) return;
    }
    const witness = this.witnesses[place];
    witness.margin = margin;
    witness.x = x;
    witness.y = y;
    witness.z = z;
    witness.nx = nx;
    witness.ny = ny;
    witness.nz = nz;
    witness.body = this.tree.description.shapeBody[shape];
  }
}
