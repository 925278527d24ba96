import type { KinematicTree } from '../../robot/kinematic-tree.js';
import type { Kinematics } from '../../robot/kinematics.js';

/** Corners of both soles. */
const corners = 8;
/** Edges of the support polygon that are looked at: the nearest. */
const edges = 2;

const feet = ['left_foot_box', 'right_foot_box'] as const;

/**
 * Distance of the centre of mass from the edges of the support polygon, the convex hull of both soles, seen along z of
 * base_link (the base is taken as upright), in the posture of a {@link KinematicTree}. Allocates nothing after
 * construction.
 */
export class Balance {
  /** Distance to the nearest edges of the last {@link measure}, m: positive inside. */
  readonly margin = new Float64Array(edges);
  readonly #tree: KinematicTree;
  readonly #shapes: Int32Array;
  /** Of each corner: x, y, z in base_link. */
  readonly #corner = new Float64Array(3 * corners);
  /** Of each of the nearest edges: its ends and its outward normal. */
  readonly #ends = new Int32Array(2 * edges);
  readonly #normal = new Float64Array(2 * edges);

  constructor(kinematics: Kinematics, tree: KinematicTree) {
    this.#tree = tree;
    this.#shapes = kinematics.geoms(feet);
  }

  /** How many edges are looked at. */
  get edges(): number {
    return edges;
  }

  /** Finds the nearest edges, after the tree's `update` and `weigh`. @returns the distance to the nearest, m */
  measure(): number {
    this.#place();
    const c = this.#corner;
    const cx = this.#tree.center[0];
    const cy = this.#tree.center[1];
    this.margin.fill(Number.POSITIVE_INFINITY);
    for (let a = 0; a < corners; a++) {
      for (let b = 0; b < corners; b++) {
        const dx = c[3 * b] - c[3 * a];
        const dy = c[3 * b + 1] - c[3 * a + 1];
        const length = Math.sqrt(dx * dx + dy * dy);
        if (length < 1e-6 || !this.#outermost(a, dx, dy)) continue;
        // Counter-clockwise: the outward normal is to the right of the edge.
        const nx = dy / length;
        const ny = -dx / length;
        this.#keep(a, b, nx, ny, nx * (c[3 * a] - cx) + ny * (c[3 * a + 1] - cy));
      }
    }
    return this.margin[0];
  }

  /**
   * How the distance to edge `e` of the last {@link measure} changes with joint `j`, m/rad: n·(∂p/∂q − ∂c/∂q), p on the
   * edge, half way between its ends.
   */
  gradient(e: number, j: number): number {
    const nx = this.#normal[2 * e];
    const ny = this.#normal[2 * e + 1];
    let sum = -this.#tree.centerGradient(j, nx, ny);
    for (let end = 0; end < 2; end++) {
      const corner = this.#ends[2 * e + end];
      const c = this.#corner;
      const shape = this.#shapes[corner < corners / 2 ? 0 : 1];
      if (!this.#tree.carries(j, this.#tree.description.shapeBody[shape])) continue;
      sum += 0.5 * this.#tree.pointGradient(j, c[3 * corner], c[3 * corner + 1], c[3 * corner + 2], nx, ny, 0);
    }
    return sum;
  }

  /** The lower corners of the soles' boxes. */
  #place(): void {
    const { description, position, rotation } = this.#tree;
    const { shapeBody, shapeTranslation: t, shapeSize: size } = description;
    for (let f = 0; f < 2; f++) {
      const shape = this.#shapes[f];
      const body = shapeBody[shape];
      for (let i = 0; i < 4; i++) {
        const x = t[3 * shape] + (i & 1 ? 1 : -1) * size[3 * shape];
        const y = t[3 * shape + 1] + (i & 2 ? 1 : -1) * size[3 * shape + 1];
        const z = t[3 * shape + 2] - size[3 * shape + 2];
        const o = 9 * body;
        for (let k = 0; k < 3; k++) {
          const turned = rotation[o + 3 * k] * x + rotation[o + 3 * k + 1] * y + rotation[o + 3 * k + 2] * z;
          this.#corner[3 * (4 * f + i) + k] = position[3 * body + k] + turned;
        }
      }
    }
  }

  /** Whether no corner lies to the right of the line from corner `a` along (dx, dy). */
  #outermost(a: number, dx: number, dy: number): boolean {
    const c = this.#corner;
    for (let i = 0; i < corners; i++) {
      if (dx * (c[3 * i + 1] - c[3 * a + 1]) - dy * (c[3 * i] - c[3 * a]) < -1e-9) return false;
    }
    return true;
  }

  /** Keeps an edge among the nearest, in order. */
  #keep(a: number, b: number, nx: number, ny: number, margin: number): void {
    let place = edges;
    while (place > 0 && margin < this.margin[place - 1]) place--;
    if (place === edges) return;
    for (let e = edges - 1; e > place; e--) {
      this.margin[e] = this.margin[e - 1];
      for (let k = 0; k < 2; k++) {
        this.#ends[2 * e + k] = this.#ends[2 * e - 2 + k];
        this.#normal[2 * e + k] = this.#normal[2 * e - 2 + k];
      }
    }
    this.margin[place] = margin;
    this.#ends[2 * place] = a;
    this.#ends[2 * place + 1] = b;
    this.#normal[2 * place] = nx;
    this.#normal[2 * place + 1] = ny;
  }
}
