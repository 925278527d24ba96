import { expect } from 'chai';
import { CameraFusion } from '../../src/perception/camera-fusion.js';
import { FusionWatch } from '../../src/perception/fusion-health.js';

const SIZE = { width: 4, height: 2 };
const info = { ...SIZE, k: [4, 0, 1.5, 0, 4, 0.5, 0, 0, 1], d: [] };
const color = { ...SIZE, encoding: 'rgb8', step: 12, is_bigendian: 0, data: new Uint8Array(24) };
const depth = { ...SIZE, encoding: '32FC1', step: 16, is_bigendian: 0, data: new Uint8Array(32) };

describe('FusionWatch', () => {
  let fusion: CameraFusion;
  let watch: FusionWatch;
  let placed: boolean;

  beforeEach(() => {
    placed = true;
    fusion = new CameraFusion({ cameras: ['head'], tolerance: 0.01, locate: () => placed }, () => {});
    for (const stream of ['color', 'depth'] as const) fusion.setCameraInfo('head', stream, info);
    watch = new FusionWatch();
    watch.look(fusion.statistics());
  });

  it('finds nothing wrong while observations are made, and counts', () => {
    fusion.addImage('head', 'color', 1, color);
    fusion.addImage('head', 'depth', 1, depth);
    const { problems, values } = watch.look(fusion.statistics());
    expect(problems).to.deep.equal([]);
    expect(values).to.include({ fused: 1, 'head/color matched': 1, 'head/depth torn': 0 });
  });

  it('tells which images do not come', () => {
    fusion.addImage('head', 'depth', 1, depth);
    expect(watch.look(fusion.statistics()).problems).to.deep.equal([
      'head/color: no images come',
      'head/depth: images find no partners in time',
    ]);
  });

  it('tells torn images, and forgets them when they are over', () => {
    fusion.addImage('head', 'color', 1, { ...color, data: new Uint8Array(7) });
    fusion.addImage('head', 'color', 2, color);
    fusion.addImage('head', 'depth', 2, depth);
    expect(watch.look(fusion.statistics()).problems.join()).to.match(/^head\/color: torn images: Image has 7 bytes/);
    fusion.addImage('head', 'color', 3, color);
    fusion.addImage('head', 'depth', 3, depth);
    expect(watch.look(fusion.statistics()).problems).to.deep.equal([]);
  });

  it('tells late images', () => {
    for (const stamp of [2, 1.9]) fusion.addImage('head', 'color', stamp, color);
    fusion.addImage('head', 'depth', 2, depth);
    fusion.addImage('head', 'color', 1.95, color);
    expect(watch.look(fusion.statistics()).problems).to.deep.equal(['head/color: images come late']);
  });

  it('tells that the place of a camera is unknown', () => {
    placed = false;
    fusion.addImage('head', 'color', 1, color);
    fusion.addImage('head', 'depth', 1, depth);
    expect(watch.look(fusion.statistics()).problems.join()).to.match(/place of a camera is unknown/);
  });
});
