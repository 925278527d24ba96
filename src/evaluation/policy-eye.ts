import { type Intrinsics, intrinsicsFromFov } from '../perception/camera-model.js';
import {
  createPolicyFrame,
  POLICY_HEIGHT,
  POLICY_WIDTH,
  type PolicyFrame,
  samplePolicyFrame,
} from '../perception/policy-image.js';
import type { Kinematics } from '../robot/kinematics.js';
import { mujoco } from '../robot/mujoco.js';
import type { Robot } from '../robot/robot.js';
import { createCameraPose, setCameraPose } from '../sim/renderer/camera-pose.js';
import { type RenderScene, renderSceneFromModel, updateRenderScene } from '../sim/renderer/render-scene.js';
import { createRenderedImage, Renderer } from '../sim/renderer/renderer.js';
import type { Simulation } from '../sim/simulation.js';

/** The camera that policies see through. */
export const policyCamera = 'head_camera';

/**
 * What a policy sees of the simulation without the graph: the head camera, rendered at the policy's own resolution,
 * with the camera's place in base_link computed from the measured joints, as on the robot.
 */
export class PolicyEye {
  /** What it saw last. */
  readonly frame: PolicyFrame = createPolicyFrame();
  readonly #simulation: Simulation;
  readonly #intrinsics: Intrinsics;
  readonly #renderer: Renderer;
  readonly #scene: RenderScene;
  readonly #rendered;
  readonly #pose = createCameraPose();
  readonly #link: number;
  readonly #opticalFrame: string;
  readonly #rotation = new Float64Array(9);
  readonly #position = new Float64Array(7);
  readonly #transform = new Float64Array(12);

  /** @throws Error where the robot lacks the camera */
  static async create(robot: Robot, simulation: Simulation): Promise<PolicyEye> {
    const camera = robot.cameras.find(({ name }) => name === policyCamera);
    if (camera === undefined) throw new Error(`the robot has no camera ${policyCamera}; add it to its configuration`);
    const scene = renderSceneFromModel(await mujoco(), simulation.model);
    return new PolicyEye(simulation, scene, camera.frame, camera.horizontalFov);
  }

  private constructor(simulation: Simulation, scene: RenderScene, opticalFrame: string, horizontalFov: number) {
    this.#simulation = simulation;
    this.#scene = scene;
    this.#intrinsics = intrinsicsFromFov(POLICY_WIDTH, POLICY_HEIGHT, horizontalFov);
    this.#renderer = new Renderer({ intrinsics: this.#intrinsics, geoms: scene.count });
    this.#rendered = createRenderedImage(this.#intrinsics);
    this.#opticalFrame = opticalFrame;
    this.#link = simulation.link(opticalFrame);
  }

  /**
   * Looks: fills `frame`.
   * @param positions measured joint positions, rad
   */
  look(kinematics: Kinematics, positions: Float64Array): void {
    const { xpos, xmat } = this.#simulation.data;
    updateRenderScene(this.#scene, this.#simulation.data);
    setCameraPose(this.#pose, xpos, xmat, this.#link);
    this.#renderer.render(this.#scene, this.#pose, this.#rendered);

    kinematics.setPositions(positions);
    const frame = kinematics.frame(this.#opticalFrame);
    kinematics.rotation(frame, this.#rotation);
    kinematics.pose(frame, this.#position);
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 3; column++) this.#transform[4 * row + column] = this.#rotation[3 * row + column]!;
      this.#transform[4 * row + 3] = this.#position[row]!;
    }
    samplePolicyFrame(this.#rendered.color, this.#rendered.depth, this.#intrinsics, this.#transform, this.frame);
  }
}
