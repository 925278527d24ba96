import type { MainModule, MjModel } from '@mujoco/mujoco';
import { type Intrinsics, intrinsicsFromFov } from '../perception/camera-model.js';
import { POLICY_HEIGHT, POLICY_WIDTH } from '../perception/policy-image.js';
import { GeomType, mujoco, ObjectType } from '../robot/mujoco.js';
import type { Robot } from '../robot/robot.js';
import { Finish, renderSceneFromModel } from '../sim/renderer/render-scene.js';
import { LABORATORY, type RenderStyle } from '../sim/renderer/render-style.js';
import { SHADING, type ShadingConstants } from '../sim/renderer/shader.js';
import { TEXTURES, type TextureConstants } from '../sim/renderer/surface-texture.js';
import { createToneTable, TONE_STEPS, TONE_WHITE } from '../sim/renderer/tone-curve.js';
import type { Scene } from '../sim/scene.js';
import { bodyClass } from '../sim/scene-bodies.js';

/** What a primitive hangs on: the world, a link of the robot or a body of the scene. */
export type Parent = { readonly kind: 'world' } | { readonly kind: 'link' | 'body'; readonly name: string };

/** A shape that is drawn, in its parent's frame. */
export interface PrimitiveDescription {
  readonly type: keyof typeof GeomType;
  /** MuJoCo's half sizes, m. */
  readonly size: readonly number[];
  readonly parent: Parent;
  /** m */
  readonly position: readonly number[];
  /** x, y, z, w */
  readonly quaternion: readonly number[];
  /** sRGB, 0 … 1. */
  readonly color: readonly number[];
  readonly finish: keyof typeof Finish;
  /** 0 … 1 */
  readonly gloss: number;
}

/** A body of the scene. */
export interface BodyDescription {
  readonly name: string;
  readonly class: string;
  /** Of the box around its shapes, along its own axes, m; and that box's centre in its frame. */
  readonly extent: readonly number[];
  readonly center: readonly number[];
  /** The body that it hangs on, where it doesn't stand by itself. */
  readonly parent?: string;
}

/** A camera of the robot; its optical frame is a link. */
export interface CameraPlace {
  readonly name: string;
  readonly link: string;
  readonly intrinsics: Intrinsics;
}

/** `meta/scene.json` of a data set: all that it takes to draw what the simulated cameras saw from recorded states. */
export interface SceneDescription {
  readonly version: 1;
  /** The robot's URDF, by its name, and the joints in the order of `sim.joints`. */
  readonly robot: { readonly name: string; readonly base: string; readonly joints: readonly string[] };
  /** In the order of `sim.bodies`. */
  readonly bodies: readonly BodyDescription[];
  /** In the order in which the renderer knows them. */
  readonly primitives: readonly PrimitiveDescription[];
  readonly cameras: readonly CameraPlace[];
  readonly style: RenderStyle;
  readonly shading: ShadingConstants;
  readonly textures: TextureConstants;
  /**
   * Linear light to 8 bits: `steps` entries from 0 to `white`; `rises[k]` is the first entry with a value above k.
   */
  readonly tone: { readonly steps: number; readonly white: number; readonly rises: readonly number[] };
}

/**
 * Describes a scene as the renderer draws it.
 * @param model the robot in the scene, as `Simulation` compiles it
 * @throws Error that names a shape whose body is neither the robot's nor the scene's
 */
export async function describeScene(robot: Robot, scene: Scene, model: MjModel): Promise<SceneDescription> {
  const mj = await mujoco();
  const primitives = describePrimitives(mj, model, (body) => {
    if (body === 'world') return { kind: 'world' };
    if (robot.urdf.links.has(body)) return { kind: 'link', name: body };
    if (scene.bodies[body] !== undefined) return { kind: 'body', name: body };
    throw new Error(`scene description: '${body}' is neither a link of the robot nor a body of the scene`);
  });
  const bodies = Object.entries(scene.bodies).map(([name, body]) => ({
    name,
    class: bodyClass(name, body),
    ...boundingBox(primitives.filter(({ parent }) => parent.kind === 'body' && parent.name === name)),
    ...(body.parent !== undefined && { parent: body.parent }),
  }));
  const cameras = robot.cameras.map(({ name, frame, horizontalFov }) => ({
    name,
    link: frame,
    intrinsics: intrinsicsFromFov(POLICY_WIDTH, POLICY_HEIGHT, horizontalFov),
  }));
  const { urdf, baseFrame: base, names: joints } = robot;
  return { version: 1, robot: { name: urdf.name, base, joints }, bodies, primitives, cameras, ...describeLook() };
}

/** Light, materials, textures and tone curve: what does not depend on the scene. */
export function describeLook(): Pick<SceneDescription, 'style' | 'shading' | 'textures' | 'tone'> {
  const table = createToneTable();
  const rises = Array.from({ length: 255 }, (_, k) => {
    const first = table.findIndex((value) => value > k);
    return first < 0 ? TONE_STEPS : first;
  });
  const tone = { steps: TONE_STEPS, white: TONE_WHITE, rises };
  return { style: LABORATORY, shading: SHADING, textures: TEXTURES, tone };
}

/**
 * The drawn shapes of a model.
 * @param parentOf what a body of the engine is, by its name
 */
export function describePrimitives(
  mj: MainModule,
  model: MjModel,
  parentOf: (body: string) => Parent,
): PrimitiveDescription[] {
  const scene = renderSceneFromModel(mj, model);
  const types = nameByValue(GeomType);
  const finishes = nameByValue(Finish);
  const take = (values: ArrayLike<number>, width: number, g: number) =>
    Array.from({ length: width }, (_, k) => values[width * g + k]!);
  return Array.from({ length: scene.count }, (_, g) => g)
    .filter((g) => scene.rgba[4 * g + 3]! > 0)
    .map((g) => {
      const [w, x, y, z] = take(model.geom_quat, 4, g);
      return {
        type: types.get(scene.type[g]!)!,
        size: take(scene.size, 3, g),
        parent: parentOf(mj.mj_id2name(model, ObjectType.body, model.geom_bodyid[g]!)),
        position: take(model.geom_pos, 3, g),
        quaternion: [x!, y!, z!, w!],
        color: take(scene.rgba, 4, g).slice(0, 3),
        finish: finishes.get(scene.finish[g]!)!,
        gloss: scene.gloss[g]!,
      };
    });
}

function nameByValue<K extends string>(table: Readonly<Record<K, number>>): ReadonlyMap<number, K> {
  return new Map(Object.entries<number>(table).map(([name, value]) => [value, name as K]));
}

/** The box around shapes that share a frame, along its axes. */
function boundingBox(shapes: readonly PrimitiveDescription[]): Pick<BodyDescription, 'extent' | 'center'> {
  const [low, high] = [
    [Infinity, Infinity, Infinity],
    [-Infinity, -Infinity, -Infinity],
  ];
  for (const shape of shapes) {
    for (let k = 0; k < 3; k++) {
      const reach = reachAlong(shape, k);
      low[k] = Math.min(low[k]!, shape.position[k]! - reach);
      high[k] = Math.max(high[k]!, shape.position[k]! + reach);
    }
  }
  return { extent: high.map((h, k) => h - low[k]!), center: high.map((h, k) => (h + low[k]!) / 2) };
}

/** How far a shape reaches from its centre along axis k of its parent, m. */
function reachAlong({ type, size, quaternion }: PrimitiveDescription, k: number): number {
  const [x, y, z, w] = quaternion as [number, number, number, number];
  // Row k of the rotation matrix: the components along axis k of the shape's own axes.
  const row = [
    [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
    [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
    [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
  ][k]!.map(Math.abs) as [number, number, number];
  const [a, b, c] = size as [number, number, number];
  switch (type) {
    case 'sphere':
      return a;
    case 'capsule':
      return a + b * row[2];
    case 'cylinder':
      return b * row[2] + a * Math.sqrt(Math.max(0, 1 - row[2] * row[2]));
    case 'ellipsoid':
      return Math.hypot(a * row[0], b * row[1], c * row[2]);
    default:
      return a * row[0] + b * row[1] + c * row[2];
  }
}
