import { expect } from 'chai';
import { decode } from 'fast-png';
import { intrinsicsFromFov } from '../../../src/perception/camera-model.js';
import { lookAt } from '../../../src/sim/renderer/camera-pose.js';
import { PictureRenderer } from '../../../src/sim/renderer/picture-renderer.js';
import { createRenderScene, GeomType, type RenderScene } from '../../../src/sim/renderer/render-scene.js';
import { createRenderedImage, Renderer } from '../../../src/sim/renderer/renderer.js';

/** A floor with a ball above it. */
function ballOverFloor(): RenderScene {
  const scene = createRenderScene(2);
  scene.type.set([GeomType.plane, GeomType.sphere]);
  scene.size.set([0, 0, 1, 0.2, 0, 0]);
  scene.position.set([0, 0, 0, 0, 0, 0.4]);
  for (let g = 0; g < 2; g++) scene.rotation.set([1, 0, 0, 0, 1, 0, 0, 0, 1], 9 * g);
  scene.rgba.fill(0.6);
  return scene;
}

describe('PictureRenderer', () => {
  const scene = ballOverFloor();
  const intrinsics = intrinsicsFromFov(64, 48, 1);
  const pose = lookAt([2, 0, 1.5], [0, 0, 0.2]);
  const style = { geoms: 2, intrinsics };

  it('smooths edges and adds shadows to what the sensor sees', () => {
    const sensor = new Renderer(style);
    const image = createRenderedImage(intrinsics);
    sensor.render(scene, pose, image);
    const picture = new PictureRenderer(style).render(scene, pose);
    const darker = (p: number) => image.color[3 * p] - picture[3 * p];
    const floor = [...sensor.segmentation.keys()].filter((p) => sensor.segmentation[p] === 0);
    const shadow = floor.filter((p) => darker(p) > 20);
    expect(shadow.length).to.be.within(10, floor.length / 4);
    const open = floor.filter((p) => Math.abs(darker(p)) < 6);
    expect(open.length).to.be.above(floor.length / 2);
  });

  it('writes PNG files', () => {
    const renderer = new PictureRenderer({ ...style, samples: 1 });
    const png = decode(renderer.renderPng(scene, pose));
    expect([png.width, png.height, png.channels]).to.deep.equal([64, 48, 3]);
    expect(Buffer.from(png.data.buffer)).to.deep.equal(Buffer.from(renderer.render(scene, pose)));
  });

  it('refuses senseless numbers of samples', () => {
    expect(() => new PictureRenderer({ ...style, samples: 0 })).to.throw('0 samples');
  });
});
