import { encode } from 'fast-png';
import type { Intrinsics } from '../../perception/camera-model.js';
import type { CameraPose } from './camera-pose.js';
import { DirectionalShadow } from './directional-shadow.js';
import type { Occlusion } from './occlusion.js';
import { createRayTable, type RayTable } from './ray-table.js';
import type { RenderScene } from './render-scene.js';
import { LABORATORY, type RenderStyle } from './render-style.js';
import { createRenderedImage, type RenderedImage, Renderer } from './renderer.js';

/** Settings of a {@link PictureRenderer}. */
export interface PictureOptions {
  readonly intrinsics: Intrinsics;
  /** How many geoms a scene has at most. */
  readonly geoms: number;
  /** Samples along each side of a pixel; 3 by default. */
  readonly samples?: number;
  readonly style?: RenderStyle;
}

/** Angular radius of the lamp, as a slope: how soft shadows are. */
const LAMP_RADIUS = 0.07;
/** Things further away than this do not take away ambient light, m. */
const AMBIENT_REACH = 0.35;
/** Turning by this angle again and again spreads directions evenly, rad. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/**
 * Pictures for people: the look of the {@link Renderer}, with smooth edges, soft shadows, and darker corners. Each of
 * the samples in a pixel sees another point of the lamp and another direction of the sky. Takes some hundred times as
 * long as a sensor's image.
 */
export class PictureRenderer {
  readonly intrinsics: Intrinsics;
  readonly #renderer: Renderer;
  readonly #occlusion: SampledOcclusion;
  readonly #rays: readonly RayTable[];
  readonly #image: RenderedImage;
  readonly #sum: Uint16Array;

  constructor(options: PictureOptions) {
    const { intrinsics, geoms, samples = 3, style = LABORATORY } = options;
    if (!Number.isInteger(samples) || samples < 1 || samples > 16) {
      throw new Error(`A picture has ${samples} samples along each side of a pixel; it must be 1 to 16.`);
    }
    const shift = (i: number) => (i + 0.5) / samples - 0.5;
    this.intrinsics = intrinsics;
    this.#occlusion = new SampledOcclusion(style, samples * samples, geoms);
    this.#renderer = new Renderer({ intrinsics, geoms, style, occlusion: this.#occlusion });
    this.#rays = Array.from({ length: samples * samples }, (_, i) =>
      createRayTable(intrinsics, shift(i % samples), shift(Math.floor(i / samples))),
    );
    this.#image = createRenderedImage(intrinsics);
    this.#sum = new Uint16Array(this.#image.color.length);
  }

  /** Renders `scene` as seen from `pose`: rgb8, width × height × 3, in a buffer that the next picture overwrites. */
  render(scene: RenderScene, pose: CameraPose): Uint8Array {
    const { color } = this.#image;
    const sum = this.#sum.fill(0);
    for (const [sample, rays] of this.#rays.entries()) {
      this.#occlusion.sample = sample;
      this.#renderer.render(scene, pose, this.#image, rays);
      for (let i = 0; i < sum.length; i++) sum[i] += color[i];
    }
    for (let i = 0; i < sum.length; i++) color[i] = Math.round(sum[i] / this.#rays.length);
    return color;
  }

  /** Renders a picture as a PNG file. */
  renderPng(scene: RenderScene, pose: CameraPose): Uint8Array {
    return encodePng(this.render(scene, pose), this.intrinsics);
  }
}

/** An rgb8 image as a PNG file. */
export function encodePng(color: Uint8Array, size: { readonly width: number; readonly height: number }): Uint8Array {
  return encode({ width: size.width, height: size.height, data: color, depth: 8, channels: 3 });
}

/** Shadows from one point of the lamp, and the openness in one direction of the sky, for each sample. */
class SampledOcclusion implements Occlusion {
  sample = 0;
  readonly #lamps: readonly DirectionalShadow[];
  readonly #skies: readonly DirectionalShadow[];
  readonly #skyDirections: readonly (readonly [number, number, number])[];

  constructor(style: RenderStyle, samples: number, geoms: number) {
    const [x, y, z] = style.lightDirection;
    const length = Math.hypot(x, y, z);
    this.#lamps = Array.from({ length: samples }, (_, i) => {
      const radius = LAMP_RADIUS * length * Math.sqrt((i + 0.5) / samples);
      const angle = i * GOLDEN_ANGLE;
      return new DirectionalShadow([x + radius * Math.cos(angle), y + radius * Math.sin(angle), z], geoms);
    });
    // Spread over the upper hemisphere in proportion to the light that a floor receives from there.
    this.#skyDirections = Array.from({ length: samples }, (_, i) => {
      const flat = Math.sqrt((((i * 5) % samples) + 0.5) / samples);
      const angle = i * GOLDEN_ANGLE;
      return [flat * Math.cos(angle), flat * Math.sin(angle), Math.sqrt(1 - flat * flat)];
    });
    this.#skies = this.#skyDirections.map((direction) => new DirectionalShadow(direction, geoms));
  }

  update(scene: RenderScene): void {
    this.#lamps[this.sample].update(scene);
    this.#skies[this.sample].update(scene);
  }

  light(x: number, y: number, z: number, nx: number, ny: number, nz: number): number {
    return this.#lamps[this.sample].distance(x, y, z, nx, ny, nz) < Infinity ? 0 : 1;
  }

  ambient(x: number, y: number, z: number, nx: number, ny: number, nz: number): number {
    const direction = this.#skyDirections[this.sample];
    if (nx * direction[0] + ny * direction[1] + nz * direction[2] <= 0) return 1;
    return Math.min(1, this.#skies[this.sample].distance(x, y, z, nx, ny, nz) / AMBIENT_REACH);
  }
}
