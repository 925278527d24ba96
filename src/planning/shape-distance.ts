import { type KinematicTree, matrixFromQuaternionAt } from '../robot/kinematic-tree.js';
import { GeomType } from '../robot/mujoco.js';

/** Distance between the spheres that cover a capsule, in radii. */
const spacing = 0.6;

/**
 * Distances of collision shapes (boxes, capsules, spheres) in the posture of a {@link KinematicTree}: one shape as the
 * spheres that cover it, the other as what it is. Results go to `found`: point on the first shape (3, m), direction
 * away from the other (3). Allocates nothing after construction.
 */
export class ShapeSpheres {
  readonly #tree: KinematicTree;
  /** Of each shape: spheres in its body, x, y, z, radius; and where they begin and end. */
  readonly #spheres: Float64Array;
  readonly #first: Int32Array;
  /** Of each shape: its rotation in its body, and the radius around its centre. */
  readonly #rotation: Float64Array;
  readonly #bound: Float64Array;
  readonly #a = new Float64Array(3);
  readonly #b = new Float64Array(3);

  constructor(tree: KinematicTree) {
    const { shapeBody, shapeQuaternion, shapeTranslation, shapeSize, shapeType } = tree.description;
    this.#tree = tree;
    const count = shapeBody.length;
    this.#rotation = new Float64Array(9 * count);
    this.#bound = new Float64Array(count);
    this.#first = new Int32Array(count + 1);
    const spheres: number[] = [];
    for (let shape = 0; shape < count; shape++) {
      matrixFromQuaternionAt(shapeQuaternion, 4 * shape, this.#rotation, 9 * shape);
      const size = shapeSize.slice(3 * shape, 3 * shape + 3);
      this.#bound[shape] = boundOf(shapeType[shape], size);
      for (const [x, y, z, radius] of cover(shapeType[shape], size)) {
        const r = 9 * shape;
        for (let k = 0; k < 3; k++) {
          const row = this.#rotation.subarray(r + 3 * k, r + 3 * k + 3);
          spheres.push(shapeTranslation[3 * shape + k] + row[0] * x + row[1] * y + row[2] * z);
        }
        spheres.push(radius);
      }
      this.#first[shape + 1] = spheres.length / 4;
    }
    this.#spheres = Float64Array.from(spheres);
  }

  /** Centre of a shape in base_link into `out` (3 from `at`). */
  center(shape: number, out: Float64Array, at: number): void {
    const { shapeBody, shapeTranslation } = this.#tree.description;
    toBase(this.#tree, shapeBody[shape], shapeTranslation, 3 * shape, this.#a);
    for (let k = 0; k < 3; k++) out[at + k] = this.#a[k];
  }

  /**
   * Whether two shapes can be nearer than `limit`, by the spheres around them; their centres (3 numbers from `i` and
   * `k`) given.
   */
  near(p: number, q: number, centers: Float64Array, i: number, k: number, limit: number): boolean {
    const x = centers[i] - centers[k];
    const y = centers[i + 1] - centers[k + 1];
    const z = centers[i + 2] - centers[k + 2];
    const reach = this.#bound[p] + this.#bound[q] + limit;
    if (x * x + y * y + z * z > reach * reach) return false;
    for (let c = 0; c < 3; c++) this.#a[c] = centers[i + c];
    return this.#fromShape(q, this.#a, this.#b) < this.#bound[p] + limit;
  }

  /** Whether a ball (its centre 3 numbers from `i`) can be nearer to shape `q` than `limit`. */
  nearBall(centers: Float64Array, i: number, radius: number, q: number, limit: number): boolean {
    for (let c = 0; c < 3; c++) this.#a[c] = centers[i + c];
    return this.#fromShape(q, this.#a, this.#b) < radius + limit;
  }

  /** Distance of shape `p` (its spheres) from shape `q`, m; negative inside. */
  distance(p: number, q: number, found: Float64Array): number {
    const { shapeBody } = this.#tree.description;
    const spheres = this.#spheres;
    let least = Number.POSITIVE_INFINITY;
    for (let s = this.#first[p]; s < this.#first[p + 1]; s++) {
      toBase(this.#tree, shapeBody[p], spheres, 4 * s, this.#a);
      const distance = this.#fromShape(q, this.#a, this.#b) - spheres[4 * s + 3];
      if (distance >= least) continue;
      least = distance;
      this.#write(found, spheres[4 * s + 3]);
    }
    return least;
  }

  /** Distance of shape `p` from a sphere (centre and radius at `at`), m. */
  distanceToSphere(p: number, sphere: Float64Array, at: number, found: Float64Array): number {
    const { shapeBody } = this.#tree.description;
    const spheres = this.#spheres;
    let least = Number.POSITIVE_INFINITY;
    for (let s = this.#first[p]; s < this.#first[p + 1]; s++) {
      toBase(this.#tree, shapeBody[p], spheres, 4 * s, this.#a);
      for (let k = 0; k < 3; k++) this.#b[k] = this.#a[k] - sphere[at + k];
      const distance = normalise(this.#b) - sphere[at + 3] - spheres[4 * s + 3];
      if (distance >= least) continue;
      least = distance;
      this.#write(found, spheres[4 * s + 3]);
    }
    return least;
  }

  #write(found: Float64Array, radius: number): void {
    for (let k = 0; k < 3; k++) {
      found[k] = this.#a[k] - radius * this.#b[k];
      found[3 + k] = this.#b[k];
    }
  }

  /** Signed distance of a point from a shape and the direction away from it. */
  #fromShape(q: number, point: Float64Array, away: Float64Array): number {
    const { shapeBody, shapeTranslation, shapeSize, shapeType } = this.#tree.description;
    const { position, rotation } = this.#tree;
    const body = shapeBody[q];
    const o = 9 * body;
    const local = 9 * q;
    const r = this.#rotation;
    // The point in the body, then in the shape.
    const dx = point[0] - position[3 * body];
    const dy = point[1] - position[3 * body + 1];
    const dz = point[2] - position[3 * body + 2];
    const bx = rotation[o] * dx + rotation[o + 3] * dy + rotation[o + 6] * dz - shapeTranslation[3 * q];
    const by = rotation[o + 1] * dx + rotation[o + 4] * dy + rotation[o + 7] * dz - shapeTranslation[3 * q + 1];
    const bz = rotation[o + 2] * dx + rotation[o + 5] * dy + rotation[o + 8] * dz - shapeTranslation[3 * q + 2];
    away[0] = r[local] * bx + r[local + 3] * by + r[local + 6] * bz;
    away[1] = r[local + 1] * bx + r[local + 4] * by + r[local + 7] * bz;
    away[2] = r[local + 2] * bx + r[local + 5] * by + r[local + 8] * bz;
    let distance: number;
    if (shapeType[q] === GeomType.box) {
      distance = outOfBox(away, shapeSize, 3 * q);
    } else {
      if (shapeType[q] === GeomType.capsule) {
        const half = shapeSize[3 * q + 1];
        away[2] -= Math.min(Math.max(away[2], -half), half);
      }
      distance = normalise(away) - shapeSize[3 * q];
    }
    const ax = r[local] * away[0] + r[local + 1] * away[1] + r[local + 2] * away[2];
    const ay = r[local + 3] * away[0] + r[local + 4] * away[1] + r[local + 5] * away[2];
    const az = r[local + 6] * away[0] + r[local + 7] * away[1] + r[local + 8] * away[2];
    for (let k = 0; k < 3; k++) {
      away[k] = rotation[o + 3 * k] * ax + rotation[o + 3 * k + 1] * ay + rotation[o + 3 * k + 2] * az;
    }
    return distance;
  }
}

/**
 * The lowest point of a shape in base_link into `found` (x, y, z), then the x of its centre.
 */
export function lowestPoint(tree: KinematicTree, shape: number, found: Float64Array): void {
  const { shapeBody, shapeTranslation, shapeQuaternion, shapeSize, shapeType } = tree.description;
  const { rotation } = tree;
  const body = shapeBody[shape];
  toBase(tree, body, shapeTranslation, 3 * shape, found);
  found[3] = found[0];
  if (shapeType[shape] === GeomType.sphere) {
    found[2] -= shapeSize[3 * shape];
    return;
  }
  matrixFromQuaternionAt(shapeQuaternion, 4 * shape, turn, 0);
  const box = shapeType[shape] === GeomType.box;
  for (let axis = box ? 0 : 2; axis < 3; axis++) {
    const half = box ? shapeSize[3 * shape + axis] : shapeSize[3 * shape + 1];
    const o = 9 * body;
    const down =
      rotation[o + 6] * turn[axis] + rotation[o + 7] * turn[3 + axis] + rotation[o + 8] * turn[6 + axis] > 0 ? -1 : 1;
    for (let k = 0; k < 3; k++) {
      const along =
        rotation[o + 3 * k] * turn[axis] +
        rotation[o + 3 * k + 1] * turn[3 + axis] +
        rotation[o + 3 * k + 2] * turn[6 + axis];
      found[k] += down * half * along;
    }
  }
  if (!box) found[2] -= shapeSize[3 * shape];
}

const turn = new Float64Array(9);

/** A point of a body in base_link. */
function toBase(tree: KinematicTree, body: number, points: Float64Array, at: number, out: Float64Array): void {
  const { position, rotation } = tree;
  const x = points[at];
  const y = points[at + 1];
  const z = points[at + 2];
  const o = 9 * body;
  out[0] = position[3 * body] + rotation[o] * x + rotation[o + 1] * y + rotation[o + 2] * z;
  out[1] = position[3 * body + 1] + rotation[o + 3] * x + rotation[o + 4] * y + rotation[o + 5] * z;
  out[2] = position[3 * body + 2] + rotation[o + 6] * x + rotation[o + 7] * y + rotation[o + 8] * z;
}

/** Makes a vector one of length 1 (0, 0, 1 where it has none). @returns its length */
function normalise(v: Float64Array): number {
  const length = Math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  if (length < 1e-12) {
    v[0] = 0;
    v[1] = 0;
    v[2] = 1;
    return 0;
  }
  for (let k = 0; k < 3; k++) v[k] /= length;
  return length;
}

/** Signed distance of a point from a box around the origin; the point becomes the direction away from it. */
function outOfBox(point: Float64Array, size: Float64Array, at: number): number {
  let nearest = 0;
  let inside = Number.NEGATIVE_INFINITY;
  let outside = 0;
  for (let k = 0; k < 3; k++) {
    const beyond = Math.abs(point[k]) - size[at + k];
    if (beyond > inside) {
      inside = beyond;
      nearest = k;
    }
    if (beyond > 0) outside += beyond * beyond;
  }
  const side = point[nearest] < 0 ? -1 : 1;
  if (inside <= 0) {
    point.fill(0);
    point[nearest] = side;
    return inside;
  }
  for (let k = 0; k < 3; k++) {
    const beyond = Math.abs(point[k]) - size[at + k];
    point[k] = beyond > 0 ? Math.sign(point[k]) * beyond : 0;
  }
  normalise(point);
  return Math.sqrt(outside);
}

function boundOf(type: number, [a, b, c]: Float64Array): number {
  if (type === GeomType.box) return Math.hypot(a, b, c);
  return type === GeomType.capsule ? a + b : a;
}

/** Spheres (x, y, z, radius) that cover a shape, in its frame. */
function cover(type: number, [a, b, c]: Float64Array): [number, number, number, number][] {
  if (type === GeomType.capsule) {
    const count = Math.max(2, Math.ceil((2 * b) / (spacing * a)) + 1);
    const gap = (2 * b) / (count - 1);
    return Array.from({ length: count }, (_, i) => [0, 0, -b + i * gap, Math.hypot(a, gap / 2)]);
  }
  if (type !== GeomType.box) return [[0, 0, 0, a]];
  // A layer of 3 × 3 in the plane of the two longer sides.
  const half = [a, b, c];
  const thin = half.indexOf(Math.min(a, b, c));
  const [u, v] = [0, 1, 2].filter((k) => k !== thin);
  const radius = Math.hypot(half[thin], half[u] / 3, half[v] / 3);
  const spheres: [number, number, number, number][] = [];
  for (const i of [-2 / 3, 0, 2 / 3]) {
    for (const k of [-2 / 3, 0, 2 / 3]) {
      const center: [number, number, number, number] = [0, 0, 0, radius];
      center[u] = i * half[u];
      center[v] = k * half[v];
      spheres.push(center);
    }
  }
  return spheres;
}
