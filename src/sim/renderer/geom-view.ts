import type { CameraPose } from './camera-pose.js';
import type { RayTable } from './ray-table.js';
import { GeomType, type RenderScene } from './render-scene.js';

/** Widens bounds in the image against rounding, in units of the ray coordinates. */
const MARGIN = 1e-6;
/** Points nearer than this to the camera's plane are not projected, m. */
const NEAR_PLANE = 1e-4;

/**
 * A scene as one camera sees it: the geoms' frames in the optical frame, and for each visible geom a rectangle of
 * pixels that contains it and a bound on its depth. Allocates only when it is constructed.
 */
export class GeomView {
  /** Centres in the optical frame, m, n × 3. */
  readonly center: Float64Array;
  /** Axes of the geoms in the optical frame, n × 3 axes × 3. */
  readonly axes: Float64Array;
  /** Pixels that may show the geom: first u, last u, first v, last v; n × 4. */
  readonly bounds: Int32Array;
  /** Lower bound of the depth, m, n. */
  readonly near: Float64Array;
  /** The visible geoms, nearest first, planes last. */
  readonly order: Int32Array;
  /** How many geoms are visible. */
  visible = 0;

  // Numbers pass between the steps below in arrays: a number that is an argument may have to be allocated.
  /** The camera's coordinates in the frame of the current geom, m. */
  readonly #camera = new Float64Array(3);
  /** Bounds of the current geom in ray coordinates: x from, to, y from, to. */
  readonly #extent = new Float64Array(4);
  /** A ray that the extent is to contain: x, y. */
  readonly #ray = new Float64Array(2);
  /** An ellipsoid in the optical frame: its centre c (3) and the elements xx, xz, yy, yz, zz of its matrix Q. */
  readonly #quadric = new Float64Array(8);

  constructor(count: number) {
    this.center = new Float64Array(3 * count);
    this.axes = new Float64Array(9 * count);
    this.bounds = new Int32Array(4 * count);
    this.near = new Float64Array(count);
    this.order = new Int32Array(count);
  }

  /** Computes everything anew for the camera at `pose`. Geoms that contain the camera are not visible. */
  update(scene: RenderScene, pose: CameraPose, rays: RayTable): void {
    this.visible = 0;
    for (let g = 0; g < scene.count; g++) {
      if (scene.rgba[4 * g + 3] === 0) continue;
      this.#transform(scene, pose, g);
      this.#extent[0] = this.#extent[2] = Infinity;
      this.#extent[1] = this.#extent[3] = -Infinity;
      this.#measure(scene.type[g], scene.size, g);
      if (this.#setBounds(g, rays)) this.#insert(g, scene.type);
    }
  }

  #transform({ position, rotation }: RenderScene, pose: CameraPose, g: number): void {
    const { center, axes } = this;
    const r = pose.rotation;
    const x = position[3 * g] - pose.position[0];
    const y = position[3 * g + 1] - pose.position[1];
    const z = position[3 * g + 2] - pose.position[2];
    for (let i = 0; i < 3; i++) {
      center[3 * g + i] = r[i] * x + r[3 + i] * y + r[6 + i] * z;
      for (let k = 0; k < 3; k++) {
        axes[9 * g + 3 * k + i] =
          r[i] * rotation[9 * g + k] + r[3 + i] * rotation[9 * g + 3 + k] + r[6 + i] * rotation[9 * g + 6 + k];
      }
    }
    for (let k = 0; k < 3; k++) {
      const a = 9 * g + 3 * k;
      this.#camera[k] = -(center[3 * g] * axes[a] + center[3 * g + 1] * axes[a + 1] + center[3 * g + 2] * axes[a + 2]);
    }
  }

  /** Sets the extent of geom g, empty if it cannot be seen, and its least depth. */
  #measure(type: number, size: Float64Array, g: number): void {
    switch (type) {
      case GeomType.plane:
        this.near[g] = 0;
        if (this.#camera[2] > 0) this.#includeAll();
        break;
      case GeomType.sphere:
      case GeomType.ellipsoid:
        this.#measureEllipsoid(type, size, g);
        break;
      case GeomType.box:
        this.#measureBox(size, g);
        break;
      default:
        this.#measureRound(type, size, g);
    }
  }

  #measureEllipsoid(type: number, size: Float64Array, g: number): void {
    const { axes } = this;
    const quadric = this.#quadric;
    quadric.fill(0);
    let inside = 0;
    for (let k = 0; k < 3; k++) {
      const a = 9 * g + 3 * k;
      const half = type === GeomType.sphere ? size[3 * g] : size[3 * g + k];
      const s2 = half * half;
      quadric[k] = this.center[3 * g + k];
      quadric[3] += s2 * axes[a] * axes[a];
      quadric[4] += s2 * axes[a] * axes[a + 2];
      quadric[5] += s2 * axes[a + 1] * axes[a + 1];
      quadric[6] += s2 * axes[a + 1] * axes[a + 2];
      quadric[7] += s2 * axes[a + 2] * axes[a + 2];
      inside += (this.#camera[k] * this.#camera[k]) / s2;
    }
    this.near[g] = quadric[2] - Math.sqrt(quadric[7]);
    if (inside > 1) this.#includeQuadric();
  }

  /** Capsules and cylinders lie within the hull of the spheres around their ends. */
  #measureRound(type: number, size: Float64Array, g: number): void {
    const { center, axes } = this;
    const radius = size[3 * g];
    const half = size[3 * g + 1];
    const z = center[3 * g + 2];
    const axisZ = axes[9 * g + 8];
    const reach = half * Math.abs(axisZ);
    // A disc of radius r whose normal has the component n_z reaches r·√(1 − n_z²) along z.
    const end = type === GeomType.capsule ? radius : radius * Math.sqrt(Math.max(0, 1 - axisZ * axisZ));
    this.near[g] = z - reach - end;
    const radial = this.#camera[0] * this.#camera[0] + this.#camera[1] * this.#camera[1];
    const beyond = Math.max(0, Math.abs(this.#camera[2]) - half);
    const nearAxis = type === GeomType.capsule ? radial + beyond * beyond : beyond === 0 ? radial : Infinity;
    if (nearAxis <= radius * radius) return;
    if (z - reach <= radius && z + reach > -radius) {
      this.#includeAll();
      return;
    }
    const quadric = this.#quadric;
    for (let sign = -1; sign <= 1; sign += 2) {
      for (let i = 0; i < 3; i++) quadric[i] = center[3 * g + i] + sign * half * axes[9 * g + 6 + i];
      quadric[3] = quadric[5] = quadric[7] = radius * radius;
      quadric[4] = quadric[6] = 0;
      this.#includeQuadric();
    }
  }

  /** The corners of a box in front of the camera, and the points where its edges cross the near plane. */
  #measureBox(size: Float64Array, g: number): void {
    const { center, axes } = this;
    const ray = this.#ray;
    const s = 3 * g;
    const a = 9 * g;
    let outside = false;
    this.near[g] = center[s + 2];
    for (let k = 0; k < 3; k++) {
      this.near[g] -= size[s + k] * Math.abs(axes[a + 3 * k + 2]);
      if (Math.abs(this.#camera[k]) > size[s + k]) outside = true;
    }
    if (!outside) return;
    for (let corner = 0; corner < 8; corner++) {
      const s0 = corner & 1 ? size[s] : -size[s];
      const s1 = corner & 2 ? size[s + 1] : -size[s + 1];
      const s2 = corner & 4 ? size[s + 2] : -size[s + 2];
      const x = center[s] + s0 * axes[a] + s1 * axes[a + 3] + s2 * axes[a + 6];
      const y = center[s + 1] + s0 * axes[a + 1] + s1 * axes[a + 4] + s2 * axes[a + 7];
      const z = center[s + 2] + s0 * axes[a + 2] + s1 * axes[a + 5] + s2 * axes[a + 8];
      if (z >= NEAR_PLANE) {
        ray[0] = x / z;
        ray[1] = y / z;
        this.#include();
      }
      for (let k = 0; k < 3; k++) {
        if (corner & (1 << k)) continue;
        const rise = 2 * size[s + k] * axes[a + 3 * k + 2];
        if (z < NEAR_PLANE === z + rise < NEAR_PLANE) continue;
        const along = (2 * size[s + k] * (NEAR_PLANE - z)) / rise;
        ray[0] = (x + along * axes[a + 3 * k]) / NEAR_PLANE;
        ray[1] = (y + along * axes[a + 3 * k + 1]) / NEAR_PLANE;
        this.#include();
      }
    }
  }

  /**
   * The ellipsoid c + Q^½·(unit sphere). Its outline's tangents x = const satisfy
   * (Q_zz − c_z²)·x² − 2(Q_xz − c_x·c_z)·x + (Q_xx − c_x²) = 0, and likewise in y.
   */
  #includeQuadric(): void {
    const ray = this.#ray;
    const q = this.#quadric;
    const a = q[2] * q[2] - q[7];
    if (q[2] <= 0 && a >= 0) return;
    if (a <= 1e-9) {
      this.#includeAll();
      return;
    }
    const bx = q[0] * q[2] - q[4];
    const by = q[1] * q[2] - q[6];
    const rootX = Math.sqrt(Math.max(0, bx * bx - a * (q[0] * q[0] - q[3])));
    const rootY = Math.sqrt(Math.max(0, by * by - a * (q[1] * q[1] - q[5])));
    for (let sign = -1; sign <= 1; sign += 2) {
      ray[0] = (bx + sign * rootX) / a;
      ray[1] = (by + sign * rootY) / a;
      this.#include();
    }
  }

  #include(): void {
    const extent = this.#extent;
    const ray = this.#ray;
    for (let i = 0; i < 2; i++) {
      if (ray[i] < extent[2 * i]) extent[2 * i] = ray[i];
      if (ray[i] > extent[2 * i + 1]) extent[2 * i + 1] = ray[i];
    }
  }

  #includeAll(): void {
    const extent = this.#extent;
    extent[0] = extent[2] = -Infinity;
    extent[1] = extent[3] = Infinity;
  }

  #setBounds(g: number, rays: RayTable): boolean {
    const { bounds } = this;
    const extent = this.#extent;
    for (let i = 0; i < 2; i++) {
      const axis = i === 0 ? rays.x : rays.y;
      let first = 0;
      let last = axis.length - 1;
      while (first <= last && axis[first] < extent[2 * i] - MARGIN) first++;
      while (first <= last && axis[last] > extent[2 * i + 1] + MARGIN) last--;
      if (first > last) return false;
      bounds[4 * g + 2 * i] = first;
      bounds[4 * g + 2 * i + 1] = last;
    }
    return true;
  }

  #insert(g: number, type: Int32Array): void {
    const { order, near } = this;
    const plane = type[g] === GeomType.plane;
    let at = this.visible++;
    for (; at > 0; at--) {
      const before = order[at - 1];
      if (type[before] === GeomType.plane ? plane : plane || near[before] <= near[g]) break;
      order[at] = before;
    }
    order[at] = g;
  }
}
