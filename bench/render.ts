import { fileURLToPath } from 'node:url';
import type { MainModule } from '@mujoco/mujoco';
import { intrinsicsFromFov } from '../src/perception/camera-model.js';
import { mujoco } from '../src/robot/mujoco.js';
import { Robot } from '../src/robot/robot.js';
import { packagePath } from '../src/ros/package-path.js';
import { type CameraPose, createCameraPose, setCameraPose } from '../src/sim/renderer/camera-pose.js';
import { createRayTable, type RayTable } from '../src/sim/renderer/ray-table.js';
import { renderSceneFromModel, updateRenderScene } from '../src/sim/renderer/render-scene.js';
import { createRenderedImage, Renderer } from '../src/sim/renderer/renderer.js';
import { loadTask } from '../src/sim/scene.js';
import { Simulation } from '../src/sim/simulation.js';

const SIZES: readonly (readonly [number, number])[] = [
  [64, 48],
  [320, 240],
  [640, 480],
];
const FRAMES = 100;
/** The peer takes up to 0.3 s an image. */
const PEER_FRAMES = 5;

/**
 * Times an RGB-D image of the simulated robot's head camera, ms (median), beside MuJoCo's `mj_multiRay`, which gives
 * depth alone, for the same rays; the ratio says how many times faster the renderer is.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const task = loadTask(packagePath('config/scenes/pick_and_place.yaml'));
  const simulation = await Simulation.create(robot, task.scene);
  const mj = await mujoco();
  const scene = renderSceneFromModel(mj, simulation.model);
  updateRenderScene(scene, simulation.data);
  const [head] = robot.cameras;
  const pose = createCameraPose();
  setCameraPose(pose, simulation.data.xpos, simulation.data.xmat, simulation.link(head.frame));
  const figures: Record<string, number> = { geoms: scene.count };
  const ratios: Record<string, number> = {};
  for (const [width, height] of SIZES) {
    const intrinsics = intrinsicsFromFov(width, height, head.horizontalFov);
    const renderer = new Renderer({ intrinsics, geoms: scene.count });
    const image = createRenderedImage(intrinsics);
    const draw = () => renderer.render(scene, pose, image);
    for (let i = 0; i < FRAMES; i++) draw();
    const name = `${width}x${height}`;
    figures[`render_${name}_ms`] = median(FRAMES, draw);
    const peer = castWithMujoco(mj, simulation, pose, createRayTable(intrinsics));
    figures[`mj_multiRay_${name}_ms`] = median(PEER_FRAMES, peer.cast);
    peer.release();
    ratios[`mj_multiRay_over_render_${name}`] = figures[`mj_multiRay_${name}_ms`] / figures[`render_${name}_ms`];
  }
  simulation.delete();
  return { figures, ratios };
}

function castWithMujoco(mj: MainModule, simulation: Simulation, { position, rotation: r }: CameraPose, rays: RayTable) {
  const { width, height } = rays.intrinsics;
  const count = width * height;
  const directions = Array.from({ length: count }, (_, p) => {
    const [x, y] = [rays.x[p % width], rays.y[Math.floor(p / width)]];
    return [0, 3, 6].map((i) => r[i] * x + r[i + 1] * y + r[i + 2]);
  }).flat();
  const geoms = new mj.IntBuffer(count);
  const distances = new mj.DoubleBuffer(count);
  const normals = new mj.DoubleBuffer(3 * count);
  const { model, data } = simulation;
  const eye = Array.from(position);
  const groups = [1, 1, 1, 0, 0, 0];
  return {
    cast: () => mj.mj_multiRay(model, data, eye, directions, groups, true, -1, geoms, distances, normals, count, 1e10),
    release: () => {
      for (const buffer of [geoms, distances, normals]) buffer.delete();
    },
  };
}

function median(count: number, action: () => void): number {
  const times = Array.from({ length: count }, () => {
    const start = performance.now();
    action();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[count >> 1];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(await run(), undefined, 2));
}
