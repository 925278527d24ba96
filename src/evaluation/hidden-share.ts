import { type Intrinsics, intrinsicsFromFov } from '../perception/camera-model.js';
import { POLICY_HEIGHT, POLICY_WIDTH } from '../perception/policy-image.js';
import { mujoco } from '../robot/mujoco.js';
import type { Robot } from '../robot/robot.js';
import { createCameraPose, setCameraPose } from '../sim/renderer/camera-pose.js';
import { type RenderScene, renderSceneFromModel, updateRenderScene } from '../sim/renderer/render-scene.js';
import { createRenderedImage, Renderer } from '../sim/renderer/renderer.js';
import type { Simulation } from '../sim/simulation.js';
import { policyCamera } from './policy-eye.js';

/** Tells how much of a body the policy's camera cannot see because of what is before it. */
export class HiddenShare {
  readonly #simulation: Simulation;
  readonly #scene: RenderScene;
  readonly #opacity: Float32Array;
  readonly #renderer: Renderer;
  readonly #image: ReturnType<typeof createRenderedImage>;
  readonly #pose = createCameraPose();
  readonly #link: number;

  /** @throws Error where the robot lacks the camera */
  static async create(robot: Robot, simulation: Simulation): Promise<HiddenShare> {
    const camera = robot.cameras.find(({ name }) => name === policyCamera);
    if (camera === undefined) throw new Error(`the robot has no camera ${policyCamera}; add it to its configuration`);
    const intrinsics = intrinsicsFromFov(POLICY_WIDTH, POLICY_HEIGHT, camera.horizontalFov);
    return new HiddenShare(
      simulation,
      renderSceneFromModel(await mujoco(), simulation.model),
      intrinsics,
      simulation.link(camera.frame),
    );
  }

  private constructor(simulation: Simulation, scene: RenderScene, intrinsics: Intrinsics, link: number) {
    this.#simulation = simulation;
    this.#scene = scene;
    this.#opacity = Float32Array.from({ length: scene.count }, (_, g) => scene.rgba[4 * g + 3]!);
    this.#renderer = new Renderer({ intrinsics, geoms: scene.count });
    this.#image = createRenderedImage(intrinsics);
    this.#link = link;
  }

  /** Share of the body's pixels that something else covers, 0 … 1; 1 where it is not in the picture. */
  of(body: string): number {
    const { data, model } = this.#simulation;
    updateRenderScene(this.#scene, data);
    setCameraPose(this.#pose, data.xpos, data.xmat, this.#link);
    const handle = this.#simulation.body(body);
    const geomBody: Int32Array = model.geom_bodyid;
    const visible = this.#count(geomBody, handle, () => true);
    const whole = this.#count(geomBody, handle, (g) => geomBody[g] === handle);
    return whole === 0 ? 1 : Math.max(0, 1 - visible / whole);
  }

  /** Pixels that show the body where only geoms that are `kept` are drawn. */
  #count(geomBody: Int32Array, handle: number, kept: (geom: number) => boolean): number {
    const { rgba, count } = this.#scene;
    for (let g = 0; g < count; g++) rgba[4 * g + 3] = kept(g) ? this.#opacity[g]! : 0;
    this.#renderer.render(this.#scene, this.#pose, this.#image);
    let pixels = 0;
    for (const geom of this.#renderer.segmentation) if (geom >= 0 && geomBody[geom] === handle) pixels++;
    return pixels;
  }
}
