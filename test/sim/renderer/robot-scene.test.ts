import { expect } from 'chai';
import { intrinsicsFromFov } from '../../../src/perception/camera-model.js';
import { mujoco } from '../../../src/robot/mujoco.js';
import { Robot } from '../../../src/robot/robot.js';
import { packagePath } from '../../../src/ros/package-path.js';
import { createCameraPose, setCameraPose } from '../../../src/sim/renderer/camera-pose.js';
import { createRayTable } from '../../../src/sim/renderer/ray-table.js';
import { renderSceneFromModel, updateRenderScene } from '../../../src/sim/renderer/render-scene.js';
import { createRenderedImage, Renderer } from '../../../src/sim/renderer/renderer.js';
import { loadTask } from '../../../src/sim/scene.js';
import { Simulation } from '../../../src/sim/simulation.js';
import { compareWithMujoco } from './oracle.js';

describe('Renderer in the robot’s scene', () => {
  it('gives every camera of the robot the depth of mj_ray within 1e-5 m', async () => {
    const robot = Robot.load(packagePath('config/robot.yaml'));
    const task = loadTask(packagePath('config/scenes/pick_and_place.yaml'));
    const simulation = await Simulation.create(robot, task.scene);
    const mj = await mujoco();
    const scene = renderSceneFromModel(mj, simulation.model);
    updateRenderScene(scene, simulation.data);
    for (const { name, frame, horizontalFov } of robot.cameras) {
      const intrinsics = intrinsicsFromFov(96, 72, horizontalFov);
      const renderer = new Renderer({ intrinsics, geoms: scene.count });
      const image = createRenderedImage(intrinsics);
      const pose = createCameraPose();
      setCameraPose(pose, simulation.data.xpos, simulation.data.xmat, simulation.link(frame));
      renderer.render(scene, pose, image);
      const { model, data } = simulation;
      const rays = createRayTable(intrinsics);
      const result = compareWithMujoco(mj, model, data, pose, rays, image.depth, renderer.segmentation);
      expect(result.disagreements, name).to.deep.equal([]);
      expect(result.worst, name).to.be.below(1e-5);
      expect(result.hits, name).to.be.above(1000);
    }
    simulation.delete();
  });
});
