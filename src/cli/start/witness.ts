import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { intrinsicsFromFov } from '../../perception/camera-model.js';
import { mujoco } from '../../robot/mujoco.js';
import type { Robot } from '../../robot/robot.js';
import type { Message } from '../../ros/messages.js';
import { createLayout, type Layout } from '../../sim/layout.js';
import { createCameraPose, lookAt, setCameraPose } from '../../sim/renderer/camera-pose.js';
import { PictureRenderer } from '../../sim/renderer/picture-renderer.js';
import { renderSceneFromModel, updateRenderScene } from '../../sim/renderer/render-scene.js';
import type { Task } from '../../sim/scene.js';
import { Simulation } from '../../sim/simulation.js';
import { SuccessTest } from '../../sim/success-test.js';

/** Where pictures for people are taken from, and the opening of that camera. */
const thirdPerson = { eye: [3, -1.7, 1.75], target: [0.3, -0.05, 0.93], horizontalFov: 0.78, width: 960, height: 540 };
const headPicture = { width: 640, height: 480 };

/**
 * Watches the simulation's ground truth, which no node of the robot sees: judges whether the task is done and takes
 * pictures.
 */
export class Witness {
  readonly #robot: Robot;
  readonly #task: Task;
  readonly #simulation: Simulation;
  #layout: Layout | undefined;
  #test: SuccessTest | undefined;
  #episode = -1;
  #time = 0;
  #succeeded = false;
  #realTimeFactors: number[] = [];

  static async create(robot: Robot, task: Task): Promise<Witness> {
    return new Witness(robot, task, await Simulation.create(robot, task.scene));
  }

  private constructor(robot: Robot, task: Task, simulation: Simulation) {
    this.#robot = robot;
    this.#task = task;
    this.#simulation = simulation;
  }

  /** Whether a state has been seen. */
  get ready(): boolean {
    return this.#layout !== undefined;
  }

  /** Whether the instruction's success test held since `judge`. */
  get succeeded(): boolean {
    return this.#succeeded;
  }

  /** Why the task is not done, in words. */
  get cause(): string {
    return this.#test?.cause() ?? 'the simulation was not seen';
  }

  /** Smallest real-time factor since `judge`. */
  get realTimeFactor(): number {
    return this.#realTimeFactors.length === 0 ? 0 : Math.min(...this.#realTimeFactors);
  }

  /** Starts to judge an instruction of the task. */
  judge(text: string): void {
    const instruction = this.#task.instructions.find(({ texts }) => texts.includes(text));
    if (instruction === undefined || this.#layout === undefined) throw new Error(`cannot judge '${text}'`);
    const layout = { ...this.#layout, instruction, text };
    const grippers = Object.values(this.#robot.gripperFrames);
    this.#test = new SuccessTest(this.#task, layout, this.#simulation, grippers);
    this.#succeeded = false;
    this.#realTimeFactors = [];
  }

  /** Takes in a state of the simulation. */
  observe(message: Message<'cosmos_humanoid/msg/SimState'>): void {
    if (message.episode !== this.#episode) {
      this.#episode = message.episode;
      this.#layout = createLayout(this.#task, Number(message.seed), message.instruction || undefined);
      this.#simulation.reset(this.#layout);
      this.#time = message.physics_time;
    }
    this.#simulation.setState(message.qpos as Float64Array);
    const passed = message.physics_time - this.#time;
    this.#time = message.physics_time;
    this.#realTimeFactors.push(message.real_time_factor);
    if (this.#test !== undefined && passed > 0) this.#succeeded ||= this.#test.update(passed);
  }

  /** Writes `NAME.png` (third person) and `NAME_head.png` (the head camera) into `directory`. */
  async picture(directory: string, name: string): Promise<void> {
    mkdirSync(directory, { recursive: true });
    const { data, model } = this.#simulation;
    const scene = renderSceneFromModel(await mujoco(), model);
    updateRenderScene(scene, data);
    const write = (file: string, renderer: PictureRenderer, pose: ReturnType<typeof lookAt>) =>
      writeFileSync(join(directory, file), renderer.renderPng(scene, pose));

    const { eye, target, horizontalFov, width, height } = thirdPerson;
    const outside = new PictureRenderer({
      intrinsics: intrinsicsFromFov(width, height, horizontalFov),
      geoms: scene.count,
      samples: 2,
    });
    write(`${name}.png`, outside, lookAt(eye, target));

    const camera = this.#robot.cameras[0]!;
    const head = new PictureRenderer({
      intrinsics: intrinsicsFromFov(headPicture.width, headPicture.height, camera.horizontalFov),
      geoms: scene.count,
      samples: 2,
    });
    const pose = createCameraPose();
    setCameraPose(pose, data.xpos, data.xmat, this.#simulation.link(camera.frame));
    write(`${name}_head.png`, head, pose);
  }
}
