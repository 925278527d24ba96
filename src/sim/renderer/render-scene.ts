import type { MainModule, MjData, MjModel } from '@mujoco/mujoco';
import { GeomType } from '../../robot/mujoco.js';

/** Kinds of geom that the renderer draws. */
export { GeomType };

/** How the colour of a geom varies over its surface. */
export const Finish = { plain: 0, tiles: 1, wood: 2 } as const;

/** What the renderer draws: one entry for each geom, in MuJoCo's conventions for type, size and frame. */
export interface RenderScene {
  readonly count: number;
  /** {@link GeomType}, n. */
  readonly type: Int32Array;
  /** m, n × 3. */
  readonly size: Float64Array;
  /** Centre in the world, m, n × 3. */
  readonly position: Float64Array;
  /** Row-major rotation matrix, geom to world, n × 9. */
  readonly rotation: Float64Array;
  /** sRGB colour and opacity, 0 … 1, n × 4. A geom is drawn unless its opacity is 0. */
  readonly rgba: Float32Array;
  /** {@link Finish}, n. */
  readonly finish: Uint8Array;
  /** Strength of reflections, 0 (matt) … 1 (varnished), n. */
  readonly gloss: Float32Array;
}

/** Geoms of MuJoCo's groups 0 … 2 are drawn, as in its own viewer; the others are collision shapes and aids. */
const VISIBLE_GROUPS = 3;
const DEFAULT_GLOSS = 0.5;
const DRAWN: readonly number[] = Object.values(GeomType);

/** An empty scene with room for `count` geoms (all of them invisible spheres). */
export function createRenderScene(count: number): RenderScene {
  return {
    count,
    type: new Int32Array(count).fill(GeomType.sphere),
    size: new Float64Array(3 * count),
    position: new Float64Array(3 * count),
    rotation: new Float64Array(9 * count),
    rgba: new Float32Array(4 * count),
    finish: new Uint8Array(count),
    gloss: new Float32Array(count).fill(DEFAULT_GLOSS),
  };
}

/**
 * The scene of a MuJoCo model, geom i being MuJoCo's geom i; {@link updateRenderScene} places it. A geom's material
 * gives its gloss (`specular`) and, by its name, its finish: a material named `wood…` or `tiles…`. Planes without a
 * material are tiled.
 *
 * @throws Error naming the geom, if a visible one is not a primitive.
 */
export function renderSceneFromModel(mj: MainModule, model: MjModel): RenderScene {
  const scene = createRenderScene(model.ngeom);
  scene.type.set(model.geom_type);
  scene.size.set(model.geom_size);
  scene.rgba.set(model.geom_rgba);
  const group: Int32Array = model.geom_group;
  const material: Int32Array = model.geom_matid;
  const specular: Float32Array = model.mat_specular;
  const materialColor: Float32Array = model.mat_rgba;
  for (let g = 0; g < scene.count; g++) {
    if (group[g] >= VISIBLE_GROUPS) scene.rgba[4 * g + 3] = 0;
    if (scene.rgba[4 * g + 3] === 0) continue;
    if (!DRAWN.includes(scene.type[g])) {
      const name = mj.mj_id2name(model, mj.mjtObj.mjOBJ_GEOM.value, g);
      throw new Error(
        `Geom '${name}' (${g}) has MuJoCo type ${scene.type[g]}; the renderer draws ${Object.keys(GeomType).join(', ')}. ` +
          'Replace it by primitives or put it into group 3.',
      );
    }
    if (material[g] >= 0) {
      scene.finish[g] = finishOf(mj.mj_id2name(model, mj.mjtObj.mjOBJ_MATERIAL.value, material[g]));
      scene.gloss[g] = specular[material[g]];
      // A geom that was given no colour of its own has MuJoCo's default, and takes its material's.
      if (isDefaultColor(scene.rgba, g))
        scene.rgba.set(materialColor.subarray(4 * material[g], 4 * material[g] + 4), 4 * g);
    } else if (scene.type[g] === GeomType.plane) {
      scene.finish[g] = Finish.tiles;
    }
  }
  return scene;
}

/** Copies the geoms' places from `data` (after mj_kinematics or a step). */
export function updateRenderScene(scene: RenderScene, data: MjData): void {
  scene.position.set(data.geom_xpos);
  scene.rotation.set(data.geom_xmat);
}

function finishOf(material: string): number {
  if (material.startsWith('wood')) return Finish.wood;
  return material.startsWith('tiles') ? Finish.tiles : Finish.plain;
}

function isDefaultColor(rgba: Float32Array, g: number): boolean {
  return rgba[4 * g] === 0.5 && rgba[4 * g + 1] === 0.5 && rgba[4 * g + 2] === 0.5 && rgba[4 * g + 3] === 1;
}
