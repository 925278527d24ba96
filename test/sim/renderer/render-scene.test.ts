import load from '@mujoco/mujoco';
import { expect } from 'chai';
import { createCameraPose, lookAt, setCameraPose } from '../../../src/sim/renderer/camera-pose.js';
import { Finish, renderSceneFromModel } from '../../../src/sim/renderer/render-scene.js';

describe('render scene', () => {
  it('takes finish, gloss and colour from materials', async () => {
    const mj = await load();
    const model = mj.MjModel.from_xml_string(`<mujoco>
      <asset><material name="wood_oak" specular=".3" rgba=".7 .5 .3 1"/></asset>
      <worldbody>
        <geom name="floor" type="plane" size="1 1 1" rgba=".6 .6 .6 1"/>
        <geom name="table" type="box" size="1 1 1" material="wood_oak"/>
        <geom name="painted" type="box" size="1 1 1" material="wood_oak" rgba="0 1 0 1"/>
      </worldbody></mujoco>`);
    const scene = renderSceneFromModel(mj, model);
    expect([...scene.finish]).to.deep.equal([Finish.tiles, Finish.wood, Finish.wood]);
    expect(scene.gloss[1]).to.be.closeTo(0.3, 1e-6);
    expect(scene.rgba[4]).to.be.closeTo(0.7, 1e-6);
    expect(scene.rgba[8]).to.equal(0);
    model.delete();
  });

  it('names visible geoms that are no primitives', async () => {
    const mj = await load();
    const xml = (group: number) => `<mujoco>
      <asset><mesh name="m" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/></asset>
      <worldbody><geom name="hull" type="mesh" mesh="m" group="${group}"/></worldbody></mujoco>`;
    const shown = mj.MjModel.from_xml_string(xml(0));
    expect(() => renderSceneFromModel(mj, shown)).to.throw("Geom 'hull' (0) has MuJoCo type 7");
    const hidden = mj.MjModel.from_xml_string(xml(3));
    expect(renderSceneFromModel(mj, hidden).rgba[3]).to.equal(0);
    shown.delete();
    hidden.delete();
  });
});

describe('camera pose', () => {
  it('looks from the eye at the target, upright', () => {
    const { position, rotation } = lookAt([1, 0, 0], [3, 0, 0]);
    expect([...position]).to.deep.equal([1, 0, 0]);
    // Columns: right (−y), down (−z), forward (x).
    expect([...rotation].map((value) => value + 0)).to.deep.equal([0, 0, 1, -1, 0, 0, 0, -1, 0]);
    expect(() => lookAt([0, 0, 1], [0, 0, 0])).to.throw('straight up or down');
  });

  it('copies the pose of a frame', () => {
    const pose = createCameraPose();
    const positions = Float64Array.from({ length: 6 }, (_, i) => i);
    const rotations = Float64Array.from({ length: 18 }, (_, i) => i);
    setCameraPose(pose, positions, rotations, 1);
    expect([...pose.position]).to.deep.equal([3, 4, 5]);
    expect(pose.rotation[8]).to.equal(17);
  });
});
