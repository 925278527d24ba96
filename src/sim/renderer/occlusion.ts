import type { RenderScene } from './render-scene.js';

/** Says how much of the light reaches a point on a surface. Points and unit normals are in the world. */
export interface Occlusion {
  /** Prepares for `scene`, before each image. */
  update(scene: RenderScene): void;
  /** Share of the directed light, 0 … 1. */
  light(x: number, y: number, z: number, nx: number, ny: number, nz: number): number;
  /** Share of the ambient light, 0 … 1. */
  ambient(x: number, y: number, z: number, nx: number, ny: number, nz: number): number;
}
