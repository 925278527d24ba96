import load from '@mujoco/mujoco';
import { expect } from 'chai';
import { Random } from '../../../src/math/random.js';
import { DirectionalShadow } from '../../../src/sim/renderer/directional-shadow.js';
import { renderSceneFromModel, updateRenderScene } from '../../../src/sim/renderer/render-scene.js';
import { randomScene } from './scenes.js';

describe('DirectionalShadow', () => {
  it('finds what mj_ray finds on the way to the light', async () => {
    const mj = await load();
    const model = mj.MjModel.from_xml_string(randomScene(2));
    const data = new mj.MjData(model);
    mj.mj_forward(model, data);
    const scene = renderSceneFromModel(mj, model);
    updateRenderScene(scene, data);
    const random = new Random(9);
    const geom = new mj.IntBuffer(1);
    const normal = new mj.DoubleBuffer(3);
    let shaded = 0;
    for (const light of [
      [0, 0, 1],
      [0.6, 0.45, 1],
      [-1, 0.2, 0.1],
    ]) {
      const direction = light.map((component) => component / Math.hypot(...light));
      const shadow = new DirectionalShadow(light, scene.count);
      shadow.update(scene);
      for (let i = 0; i < 1000; i++) {
        const point = [random.uniform(-0.5, 3), random.uniform(-1.5, 1.5), -1.19];
        const distance = shadow.distance(point[0], point[1], point[2], 0, 0, 0);
        const expected = mj.mj_ray(model, data, point, direction, [1, 0, 0, 0, 0, 0], true, -1, geom, normal);
        // MuJoCo counts the inner side of a geom around the point, and the ramp; here these are 0 and nothing.
        if (distance === 0 || geom.GetView()[0] <= 1) continue;
        if (expected >= 0) shaded++;
        expect(distance).to.be.closeTo(expected < 0 ? Infinity : expected, 1e-9);
      }
    }
    expect(shaded).to.be.above(500);
    for (const handle of [geom, normal, data, model]) handle.delete();
  });
});
