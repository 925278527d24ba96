import { type Intrinsics, intrinsicsFromFov } from '../perception/camera-model.js';
import { mujoco } from '../robot/mujoco.js';
import type { CameraDescription, Robot } from '../robot/robot.js';
import { createLayout } from './layout.js';
import { createCameraPose, setCameraPose } from './renderer/camera-pose.js';
import { type RenderScene, renderSceneFromModel, updateRenderScene } from './renderer/render-scene.js';
import { createRenderedImage, type RenderedImage, Renderer } from './renderer/renderer.js';
import type { Task } from './scene.js';
import { Simulation } from './simulation.js';

/** A simulated RGB-D camera. */
export interface RigCamera {
  readonly name: string;
  /** Optical frame (z forward, x right, y down). */
  readonly frame: string;
  readonly intrinsics: Intrinsics;
  /** What it saw last; overwritten by the next look. Depth in m, NaN where there is no return (REP-118). */
  readonly image: RenderedImage;
}

/** The robot's RGB-D cameras in the simulation: renders what they see in a given state of the physics. */
export class CameraRig {
  readonly cameras: readonly RigCamera[];
  readonly #task: Task;
  readonly #simulation: Simulation;
  readonly #scene: RenderScene;
  readonly #renderers: readonly Renderer[];
  readonly #links: readonly number[];
  readonly #pose = createCameraPose();

  /**
   * @param names of the cameras, in the order of `cameras`
   * @param size of the images, px
   * @throws Error for a camera that the robot lacks
   */
  static async create(
    robot: Robot,
    task: Task,
    names: readonly string[],
    size: { readonly width: number; readonly height: number },
  ): Promise<CameraRig> {
    const cameras = names.map((name) => {
      const camera = robot.cameras.find((candidate) => candidate.name === name);
      if (camera === undefined) {
        throw new Error(`the robot has no camera '${name}'; there are ${robot.cameras.map((c) => c.name).join(', ')}`);
      }
      return camera;
    });
    const simulation = await Simulation.create(robot, task.scene);
    const scene = renderSceneFromModel(await mujoco(), simulation.model);
    return new CameraRig(task, simulation, scene, cameras, size);
  }

  private constructor(
    task: Task,
    simulation: Simulation,
    scene: RenderScene,
    cameras: readonly CameraDescription[],
    { width, height }: { readonly width: number; readonly height: number },
  ) {
    this.#task = task;
    this.#simulation = simulation;
    this.#scene = scene;
    this.cameras = cameras.map(({ name, frame, horizontalFov }) => {
      const intrinsics = intrinsicsFromFov(width, height, horizontalFov);
      return { name, frame, intrinsics, image: createRenderedImage(intrinsics) };
    });
    this.#renderers = this.cameras.map(({ intrinsics }) => new Renderer({ intrinsics, geoms: scene.count }));
    this.#links = cameras.map(({ frame }) => simulation.link(frame));
  }

  /** Places the bodies that do not move by themselves as `seed` has them. @param instruction empty: the seed's own */
  place(seed: number, instruction: string): void {
    this.#simulation.reset(createLayout(this.#task, seed, instruction === '' ? undefined : instruction));
  }

  /**
   * Takes the state of the physics.
   * @throws Error where it is of another scene
   */
  setState(qpos: ArrayLike<number>): void {
    if (qpos.length !== this.#simulation.stateSize) {
      throw new Error(`the state has ${qpos.length} positions, this task's scene has ${this.#simulation.stateSize}`);
    }
    this.#simulation.setState(qpos);
    updateRenderScene(this.#scene, this.#simulation.data);
  }

  /** Renders what camera number `index` sees. */
  look(index: number): RigCamera {
    const camera = this.cameras[index]!;
    const { xpos, xmat } = this.#simulation.data;
    setCameraPose(this.#pose, xpos, xmat, this.#links[index]!);
    this.#renderers[index]!.render(this.#scene, this.#pose, camera.image);
    const { depth } = camera.image;
    for (let p = 0; p < depth.length; p++) if (depth[p] === 0) depth[p] = Number.NaN;
    return camera;
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.#simulation.delete();
  }
}
