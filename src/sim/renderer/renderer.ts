import type { Intrinsics } from '../../perception/camera-model.js';
import type { CameraPose } from './camera-pose.js';
import { castBox } from './cast-box.js';
import { castEllipsoid } from './cast-ellipsoid.js';
import { castPlane } from './cast-plane.js';
import { castRound } from './cast-round.js';
import { castSphere } from './cast-sphere.js';
import type { CastTarget } from './cast-target.js';
import { GeomView } from './geom-view.js';
import type { Occlusion } from './occlusion.js';
import { createRayTable, type RayTable } from './ray-table.js';
import { GeomType, type RenderScene } from './render-scene.js';
import { LABORATORY, type RenderStyle } from './render-style.js';
import { Shader } from './shader.js';

/** Where an image goes; row-major, upper left pixel first. */
export interface RenderedImage {
  /** Red, green, blue, 8 bits each: width × height × 3 (`rgb8`). */
  readonly color: Uint8Array;
  /** Distance along the optical axis, m, 0 where there is nothing: width × height (`32FC1`). */
  readonly depth: Float32Array;
}

/** Settings of a {@link Renderer}. */
export interface RendererOptions {
  readonly intrinsics: Intrinsics;
  /** How many geoms a scene has at most. */
  readonly geoms: number;
  /** {@link LABORATORY} by default. */
  readonly style?: RenderStyle;
  /** Shadows; by default there are none. */
  readonly occlusion?: Occlusion;
}

/**
 * An RGB-D camera for scenes of geometric primitives. One ray for each pixel, through its centre, intersected exactly;
 * geoms are tried only where they can appear. A pixel depends on its ray alone: images of cameras that share rays agree
 * in every bit there. Nothing is allocated after construction.
 */
export class Renderer {
  readonly intrinsics: Intrinsics;
  /** Index of the geom that each pixel of the latest image shows, −1 for none: width × height. */
  readonly segmentation: Int16Array;

  readonly #geoms: number;
  readonly #view: GeomView;
  readonly #shader: Shader;
  readonly #occlusion: Occlusion | undefined;
  readonly #rays: RayTable;
  readonly #target: CastTarget;

  constructor(options: RendererOptions) {
    const { intrinsics, geoms, style = LABORATORY, occlusion } = options;
    this.intrinsics = intrinsics;
    this.segmentation = new Int16Array(intrinsics.width * intrinsics.height);
    this.#geoms = geoms;
    this.#view = new GeomView(geoms);
    this.#occlusion = occlusion;
    this.#shader = new Shader(intrinsics.width, geoms, style, occlusion);
    this.#rays = createRayTable(intrinsics);
    this.#target = { rays: this.#rays, depth: new Float32Array(0), geom: this.segmentation };
  }

  /**
   * Renders `scene` as seen from `pose`.
   *
   * @param rays - other rays than those through the pixel centres.
   * @throws Error if the buffers or the scene do not fit.
   */
  render(scene: RenderScene, pose: CameraPose, out: RenderedImage, rays?: RayTable): void {
    this.#check(scene, out);
    const { depth } = out;
    const target = this.#target;
    target.depth = depth;
    target.rays = rays ?? this.#rays;
    depth.fill(Infinity);
    target.geom.fill(-1);
    this.#occlusion?.update(scene);
    this.#view.update(scene, pose, target.rays);
    for (let i = 0; i < this.#view.visible; i++) this.#cast(scene, this.#view.order[i]);
    this.#shader.shade(target, this.#view, scene, pose, out.color);
  }

  #cast(scene: RenderScene, g: number): void {
    const target = this.#target;
    switch (scene.type[g]) {
      case GeomType.plane:
        castPlane(target, this.#view, scene.size, g);
        break;
      case GeomType.sphere:
        castSphere(target, this.#view, scene.size, g);
        break;
      case GeomType.capsule:
        castRound(target, this.#view, scene.size, g, true);
        break;
      case GeomType.cylinder:
        castRound(target, this.#view, scene.size, g, false);
        break;
      case GeomType.ellipsoid:
        castEllipsoid(target, this.#view, scene.size, g);
        break;
      case GeomType.box:
        castBox(target, this.#view, scene.size, g);
        break;
    }
  }

  #check(scene: RenderScene, out: RenderedImage): void {
    const { width, height } = this.intrinsics;
    const pixels = width * height;
    if (out.color.length !== 3 * pixels || out.depth.length !== pixels) {
      throw new Error(
        `Image buffers hold ${out.color.length} colour bytes and ${out.depth.length} depths; ` +
          `${width}×${height} needs ${3 * pixels} and ${pixels}.`,
      );
    }
    if (scene.count > this.#geoms) {
      throw new Error(`Scene has ${scene.count} geoms; this renderer was made for at most ${this.#geoms}.`);
    }
  }
}

/** Buffers for images of `intrinsics`. */
export function createRenderedImage(intrinsics: Intrinsics): RenderedImage {
  const pixels = intrinsics.width * intrinsics.height;
  return { color: new Uint8Array(3 * pixels), depth: new Float32Array(pixels) };
}
