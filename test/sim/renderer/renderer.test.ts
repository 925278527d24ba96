import { createHash } from 'node:crypto';
import load, { type MainModule, type MjData, type MjModel } from '@mujoco/mujoco';
import { expect } from 'chai';
import { intrinsicsFromFov, subsampleIntrinsics } from '../../../src/perception/camera-model.js';
import { type CameraPose, lookAt } from '../../../src/sim/renderer/camera-pose.js';
import { createRayTable } from '../../../src/sim/renderer/ray-table.js';
import { type RenderScene, renderSceneFromModel, updateRenderScene } from '../../../src/sim/renderer/render-scene.js';
import { createRenderedImage, Renderer } from '../../../src/sim/renderer/renderer.js';
import { compareWithMujoco } from './oracle.js';
import { randomScene } from './scenes.js';

describe('Renderer', () => {
  let mj: MainModule;
  let model: MjModel | undefined;
  let data: MjData | undefined;

  before(async () => {
    mj = await load();
  });

  function release(): void {
    data?.delete();
    model?.delete();
    data = model = undefined;
  }

  afterEach(release);

  function build(xml: string): RenderScene {
    model = mj.MjModel.from_xml_string(xml);
    data = new mj.MjData(model);
    mj.mj_forward(model, data);
    const scene = renderSceneFromModel(mj, model);
    updateRenderScene(scene, data);
    return scene;
  }

  function compare(scene: RenderScene, pose: CameraPose) {
    const renderer = new Renderer({ intrinsics: intrinsicsFromFov(64, 48, 1.3), geoms: scene.count });
    const image = createRenderedImage(renderer.intrinsics);
    renderer.render(scene, pose, image);
    const rays = createRayTable(renderer.intrinsics);
    return compareWithMujoco(mj, model!, data!, pose, rays, image.depth, renderer.segmentation);
  }

  for (let seed = 1; seed <= 12; seed++) {
    it(`sees what mj_ray sees in random scene ${seed}`, () => {
      const scene = build(randomScene(seed));
      const result = compare(scene, lookAt([0, 0, 0], [1, 0.1 * (seed % 5) - 0.2, 0.12 * (seed % 4) - 0.3]));
      expect(result.disagreements).to.deep.equal([]);
      expect(result.worst).to.be.below(1e-5);
      expect(result.outlines).to.be.below(4);
      expect(result.hits).to.be.above(1000);
    });
  }

  it('sees what mj_ray sees along the axes of its geoms', () => {
    for (const type of ['capsule', 'cylinder', 'box', 'ellipsoid', 'sphere']) {
      for (const euler of ['0 90 0', '0 0 0', '90 0 0']) {
        const scene = build(
          `<mujoco><worldbody><geom name="g" type="${type}" size=".1 .2 .3" pos="1 0 0" euler="${euler}"/></worldbody></mujoco>`,
        );
        const result = compare(scene, lookAt([0, 0, 0], [1, 0, 0]));
        expect(result.disagreements, `${type} ${euler}`).to.deep.equal([]);
        expect(result.worst).to.be.below(1e-5);
        expect(result.hits).to.be.above(20);
        release();
      }
    }
  });

  it('sees endless planes up to the horizon', () => {
    const scene = build('<mujoco><worldbody><geom name="floor" type="plane" size="0 0 1"/></worldbody></mujoco>');
    const result = compare(scene, lookAt([0, 0, 1], [1, 0, 1]));
    expect(result.disagreements).to.deep.equal([]);
    expect(result.hits).to.equal(64 * 24);
  });

  it('gives a small camera exactly the pixels (5i + 2, 5j + 2) of the large one', () => {
    const scene = build(randomScene(3));
    for (const hfov of [0.7, 1.2, 1.517]) {
      const pose = lookAt([0, 0, 0], [1, 0.2, -0.3]);
      const large = new Renderer({ intrinsics: intrinsicsFromFov(320, 240, hfov), geoms: scene.count });
      const largeImage = createRenderedImage(large.intrinsics);
      large.render(scene, pose, largeImage);
      for (const intrinsics of [intrinsicsFromFov(64, 48, hfov), subsampleIntrinsics(large.intrinsics, 5)]) {
        const small = new Renderer({ intrinsics, geoms: scene.count });
        const image = createRenderedImage(intrinsics);
        small.render(scene, pose, image);
        for (let j = 0; j < 48; j++) {
          for (let i = 0; i < 64; i++) {
            const p = j * 64 + i;
            const q = (5 * j + 2) * 320 + 5 * i + 2;
            expect(image.depth[p]).to.equal(largeImage.depth[q]);
            expect(image.color.subarray(3 * p, 3 * p + 3)).to.deep.equal(largeImage.color.subarray(3 * q, 3 * q + 3));
          }
        }
      }
    }
  });

  it('does not draw what contains the camera, is transparent, or belongs to a hidden group', () => {
    const scene = build(`<mujoco><worldbody>
      <geom name="around" type="sphere" size=".3"/>
      <geom name="clear" type="box" size=".1 .1 .1" pos=".6 0 0" rgba="1 0 0 0"/>
      <geom name="collision" type="box" size=".1 .1 .1" pos=".8 0 0" group="3"/>
      <geom name="seen" type="box" size=".1 .1 .1" pos="1 0 0"/>
    </worldbody></mujoco>`);
    const renderer = new Renderer({ intrinsics: intrinsicsFromFov(5, 5, 0.5), geoms: scene.count });
    const image = createRenderedImage(renderer.intrinsics);
    renderer.render(scene, lookAt([0, 0, 0], [1, 0, 0]), image);
    expect(renderer.segmentation[12]).to.equal(3);
    expect(image.depth[12]).to.be.closeTo(0.9, 1e-6);
    expect(renderer.segmentation[0]).to.equal(-1);
    expect(image.depth[0]).to.equal(0);
  });

  it('shows colours in their right places', () => {
    const scene = build(`<mujoco><worldbody>
      <geom name="red" type="sphere" size=".1" pos="1 .2 0" rgba=".9 .1 .1 1"/>
      <geom name="blue" type="sphere" size=".1" pos="1 -.2 0" rgba=".1 .1 .9 1"/>
    </worldbody></mujoco>`);
    const renderer = new Renderer({ intrinsics: intrinsicsFromFov(64, 48, 0.8), geoms: scene.count });
    const image = createRenderedImage(renderer.intrinsics);
    renderer.render(scene, lookAt([0, 0, 0], [1, 0, 0]), image);
    const at = (geom: number) => renderer.segmentation.indexOf(geom);
    expect(at(0) % 64).to.be.below(32);
    expect(at(1) % 64).to.be.above(31);
    expect(image.color[3 * at(0)]).to.be.above(image.color[3 * at(0) + 2]);
    expect(image.color[3 * at(1)]).to.be.below(image.color[3 * at(1) + 2]);
  });

  it('keeps its look, on which policies are trained', () => {
    const scene = build(randomScene(5));
    const renderer = new Renderer({ intrinsics: intrinsicsFromFov(64, 48, 1.3), geoms: scene.count });
    const image = createRenderedImage(renderer.intrinsics);
    renderer.render(scene, lookAt([0, 0, 0], [1, 0, -0.2]), image);
    const digest = createHash('sha256').update(image.color).digest('hex');
    // A change here makes every trained policy see another world: train anew, then update the digest.
    expect(digest.slice(0, 16)).to.equal('34d47cd091a6150f');
  });

  it('names the sizes when buffers or scenes do not fit', () => {
    const scene = build('<mujoco><worldbody><geom name="g" size="1"/></worldbody></mujoco>');
    const renderer = new Renderer({ intrinsics: intrinsicsFromFov(4, 3, 1), geoms: 0 });
    const pose = lookAt([0, 0, 0], [1, 0, 0]);
    const image = createRenderedImage(renderer.intrinsics);
    expect(() => renderer.render(scene, pose, image)).to.throw('1 geoms; this renderer was made for at most 0');
    expect(() => renderer.render(scene, pose, { ...image, depth: new Float32Array(3) })).to.throw('3 depths; 4×3');
  });
});
