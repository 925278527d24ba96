import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { describeLook, describePrimitives, describeScene } from '../../src/dataset/scene-description.js';
import { Random } from '../../src/math/random.js';
import { intrinsicsFromFov } from '../../src/perception/camera-model.js';
import { POLICY_HEIGHT, POLICY_WIDTH } from '../../src/perception/policy-image.js';
import { mujoco } from '../../src/robot/mujoco.js';
import { Robot } from '../../src/robot/robot.js';
import { packagePath } from '../../src/ros/package-path.js';
import { createLayout } from '../../src/sim/layout.js';
import { type CameraPose, createCameraPose, lookAt, setCameraPose } from '../../src/sim/renderer/camera-pose.js';
import { type RenderScene, renderSceneFromModel, updateRenderScene } from '../../src/sim/renderer/render-scene.js';
import { createRenderedImage, Renderer } from '../../src/sim/renderer/renderer.js';
import { loadTask } from '../../src/sim/scene.js';
import { Simulation } from '../../src/sim/simulation.js';
import { randomScene } from '../sim/renderer/scenes.js';

/**
 * Writes pictures of the renderer with the states that they show, for the tests of training/renderer.py:
 * `node dist/test/dataset/make-renderer-fixture.js [DIR]`
 */
const directory = process.argv[2] ?? packagePath('training/tests/fixtures');

interface Picture {
  readonly camera: string;
  readonly pose: CameraPose;
  readonly joints: readonly number[];
  /** base_link in the world, x, y, z and quaternion x, y, z, w; and so for the bodies. */
  readonly base: readonly number[];
  readonly bodies: readonly number[];
  readonly color: Uint8Array;
  readonly depth: Float32Array;
}

function take(scene: RenderScene, pose: CameraPose, horizontalFov: number): Pick<Picture, 'color' | 'depth'> {
  const intrinsics = intrinsicsFromFov(POLICY_WIDTH, POLICY_HEIGHT, horizontalFov);
  const image = createRenderedImage(intrinsics);
  new Renderer({ intrinsics, geoms: scene.count }).render(scene, pose, image);
  return image;
}

function poseOf(simulation: Simulation, name: string): number[] {
  const { xpos, xquat } = simulation.data;
  const i = simulation.link(name);
  const [w, x, y, z] = xquat.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
  return [...xpos.subarray(3 * i, 3 * i + 3), x, y, z, w];
}

async function robotPictures(count: number): Promise<Picture[]> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const task = loadTask(packagePath('config/scenes/pick_and_place.yaml'));
  const simulation = await Simulation.create(robot, task.scene);
  const scene = renderSceneFromModel(await mujoco(), simulation.model);
  writeFileSync(
    join(directory, 'scene.json'),
    `${JSON.stringify(await describeScene(robot, task.scene, simulation.model))}\n`,
  );
  const random = new Random(1);
  const pictures: Picture[] = [];
  for (let i = 0; i < count; i++) {
    simulation.reset(createLayout(task, i));
    const coordinates = new Float64Array(simulation.stateSize);
    simulation.copyState(coordinates);
    const turn = [1, random.normal(0, 0.03), random.normal(0, 0.03), random.normal(0, 0.1)];
    const length = Math.hypot(...turn);
    coordinates.set([random.normal(0, 0.03), random.normal(0, 0.03), 0.86 + random.normal(0, 0.02)]);
    coordinates.set(
      turn.map((value) => value / length),
      3,
    );
    for (let j = 0; j < robot.names.length; j++) {
      const position = coordinates[7 + j]! + (/head/.test(robot.names[j]!) ? 0 : random.normal(0, 0.25));
      coordinates[7 + j] = robot.clamp(j, position);
    }
    simulation.setState(coordinates);
    updateRenderScene(scene, simulation.data);
    // Every fourth picture is a wrist camera's.
    const camera = robot.cameras[i % 4 === 3 ? 1 + ((i >> 2) & 1) : 0]!;
    const pose = createCameraPose();
    setCameraPose(pose, simulation.data.xpos, simulation.data.xmat, simulation.link(camera.frame));
    pictures.push({
      camera: camera.name,
      pose,
      joints: Array.from(coordinates.subarray(7, 7 + robot.names.length)),
      base: poseOf(simulation, robot.baseFrame),
      bodies: Object.keys(task.scene.bodies).flatMap((name) => poseOf(simulation, name)),
      ...take(scene, pose, camera.horizontalFov),
    });
  }
  simulation.delete();
  return pictures;
}

/** Shapes of every kind in any orientation, with every finish. */
async function shapePictures(seeds: readonly number[]): Promise<Picture[]> {
  const mj = await mujoco();
  const fov = 1.4;
  const intrinsics = intrinsicsFromFov(POLICY_WIDTH, POLICY_HEIGHT, fov);
  const pictures: Picture[] = [];
  for (const seed of seeds) {
    const wood = randomScene(seed).replace(
      '<worldbody>',
      '<asset><material name="wood" specular="0.9"/></asset><worldbody>',
    );
    const model = mj.MjModel.from_xml_string(wood.replace('name="g3"', 'name="g3" material="wood"'))!;
    const data = new mj.MjData(model);
    mj.mj_kinematics(model, data);
    const scene = renderSceneFromModel(mj, model);
    updateRenderScene(scene, data);
    const pose = lookAt([-0.3, 0.1, 0.2], [1.4, 0.1 * seed, -0.5]);
    const description = {
      version: 1,
      robot: { name: '', base: '', joints: [] },
      bodies: [],
      primitives: describePrimitives(mj, model, () => ({ kind: 'world' })),
      cameras: [{ name: 'eye', link: '', intrinsics }],
      ...describeLook(),
    };
    writeFileSync(join(directory, `shapes-${seed}.json`), `${JSON.stringify(description)}\n`);
    pictures.push({ camera: 'eye', pose, joints: [], base: [], bodies: [], ...take(scene, pose, fov) });
    data.delete();
    model.delete();
  }
  return pictures;
}

function write(name: string, pictures: readonly Picture[]): void {
  const lists = {
    position: pictures.map(({ pose }) => Array.from(pose.position)),
    rotation: pictures.map(({ pose }) => Array.from(pose.rotation)),
    joints: pictures.map(({ joints }) => [...joints]),
    base: pictures.map(({ base }) => [...base]),
    bodies: pictures.map(({ bodies }) => [...bodies]),
  };
  const bytes = {
    color: pictures.map(({ color }) => color),
    depth: pictures.map(({ depth }) => new Uint8Array(depth.buffer)),
  };
  parquetWriteFile({
    filename: join(directory, name),
    columnData: [
      { name: 'camera', data: pictures.map(({ camera }) => camera) },
      ...Object.entries({ ...lists, ...bytes }).map(([column, data]) => ({ name: column, data: data as unknown[] })),
    ],
    schema: [
      { name: 'root', num_children: 8 },
      { name: 'camera', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      ...Object.keys(lists).flatMap((column) => [
        { name: column, num_children: 1, repetition_type: 'REQUIRED' as const, converted_type: 'LIST' as const },
        { name: 'list', num_children: 1, repetition_type: 'REPEATED' as const },
        { name: 'element', type: 'DOUBLE' as const, repetition_type: 'REQUIRED' as const },
      ]),
      ...Object.keys(bytes).map((column) => ({
        name: column,
        type: 'BYTE_ARRAY' as const,
        repetition_type: 'REQUIRED' as const,
      })),
    ],
    statistics: false,
  });
}

mkdirSync(directory, { recursive: true });
write('robot.parquet', await robotPictures(8));
write('shapes.parquet', await shapePictures([1, 2]));
