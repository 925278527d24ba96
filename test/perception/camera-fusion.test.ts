import { expect } from 'chai';
import { CameraFusion, type CameraFusionOptions, type FusedObservation } from '../../src/perception/camera-fusion.js';
import { intrinsicsFromFov, intrinsicsToK } from '../../src/perception/camera-model.js';
import type { EncodedImage } from '../../src/perception/image-frame.js';

const camera = intrinsicsFromFov(8, 6, 1);
const info = { width: 8, height: 6, k: intrinsicsToK(camera), d: [0, 0, 0, 0, 0] };

function image(encoding: string, bytes: number, change: Partial<EncodedImage> = {}): EncodedImage {
  const data = new Uint8Array(8 * 6 * bytes);
  return { width: 8, height: 6, encoding, step: 8 * bytes, is_bigendian: 0, data, ...change };
}

function create(options: Partial<CameraFusionOptions> = {}) {
  const observations: FusedObservation[] = [];
  const fusion = new CameraFusion(
    {
      cameras: ['head', 'wrist'],
      tolerance: 0.02,
      locate: (name, stamp, transform) => {
        transform.set([1, 0, 0, stamp, 0, 1, 0, name === 'head' ? 1 : 2, 0, 0, 1, 0]);
        return true;
      },
      ...options,
    },
    (observation) => observations.push(observation),
  );
  for (const name of options.cameras ?? ['head', 'wrist']) {
    fusion.setCameraInfo(name, 'color', info);
    fusion.setCameraInfo(name, 'depth', info);
  }
  const addPair = (name: string, stamp: number) => {
    fusion.addImage(name, 'color', stamp, image('rgb8', 3));
    fusion.addImage(name, 'depth', stamp + 0.001, image('32FC1', 4));
  };
  const stream = (name: string, kind: string) =>
    fusion.statistics().streams.find((s) => s.camera === name && s.stream === kind)!;
  return { fusion, observations, addPair, stream };
}

describe('CameraFusion', () => {
  it('makes one observation of the images of one moment', () => {
    const { addPair, observations, fusion } = create();
    addPair('wrist', 5.01);
    addPair('head', 5);
    expect(observations).to.have.length(1);
    const [{ stamp, cameras }] = observations;
    expect(stamp).to.equal(5);
    expect(cameras.map(({ name }) => name)).to.deep.equal(['head', 'wrist']);
    expect(cameras[1].stamp).to.equal(5.01);
    expect(cameras[1].depthSkew).to.be.closeTo(0.001, 1e-9);
    expect(cameras[1].transform[3]).to.equal(5.01);
    expect(cameras[0].depth).to.have.length(48);
    expect(fusion.statistics().fused).to.equal(1);
  });

  it('does not copy images that need no registration', () => {
    const { fusion, observations } = create({ cameras: ['head'] });
    const depth = image('32FC1', 4);
    fusion.addImage('head', 'color', 1, image('rgb8', 3));
    fusion.addImage('head', 'depth', 1, depth);
    expect(observations[0].cameras[0].depth.buffer).to.equal(depth.data.buffer);
  });

  it('registers depth that was taken from another place', () => {
    const { fusion, observations } = create({ cameras: ['head'] });
    fusion.setColorFromDepth('head', [1, 0, 0, 1 / camera.fx, 0, 1, 0, 0, 0, 0, 1, 0]);
    const depth = new Float32Array(48);
    depth[20] = 1;
    fusion.addImage('head', 'color', 1, image('rgb8', 3));
    fusion.addImage('head', 'depth', 1, image('32FC1', 4, { data: new Uint8Array(depth.buffer) }));
    expect(observations[0].cameras[0].depth[21]).to.equal(1);
  });

  it('counts torn frames with their fault, and goes on', () => {
    const { fusion, addPair, observations, stream } = create();
    fusion.addImage('head', 'color', 1, image('rgb8', 3, { data: new Uint8Array(7) }));
    expect(stream('head', 'color').torn).to.equal(1);
    expect(stream('head', 'color').fault).to.equal('Image has 7 bytes; 8×6 rgb8 needs 144.');
    fusion.addImage('head', 'color', 1, image('rgb8', 3, { width: 9 }));
    expect(stream('head', 'color').fault).to.equal('Image is 9×6; camera_info says 8×6.');
    fusion.addImage('head', 'depth', Number.NaN, image('32FC1', 4));
    expect(stream('head', 'depth').fault).to.equal('Stamp is NaN s; it must be finite.');
    fusion.addImage('wrist', 'depth', 1, image('mono8', 1));
    expect(stream('wrist', 'depth').fault).to.contain("'mono8'");
    addPair('head', 2);
    addPair('wrist', 2);
    expect(observations).to.have.length(1);
  });

  it('goes on without an optional camera', () => {
    const { addPair, observations, stream } = create({ optional: ['wrist'] });
    addPair('head', 1);
    addPair('head', 2);
    addPair('head', 3);
    expect(observations.map(({ cameras }) => cameras.length)).to.deep.equal([1, 1, 1]);
    addPair('wrist', 4);
    addPair('head', 4);
    expect(observations[3].cameras).to.have.length(2);
    expect(stream('wrist', 'color').missing).to.equal(3);
  });

  it('gives up observations whose cameras cannot be placed', () => {
    const { addPair, observations, fusion } = create({ locate: () => false });
    addPair('head', 1);
    addPair('wrist', 1);
    expect(observations).to.have.length(0);
    expect(fusion.statistics().unplaced).to.equal(1);
  });

  it('refuses frames before camera_info, distorted cameras and unknown names', () => {
    const fusion = new CameraFusion({ cameras: ['head'], tolerance: 0, locate: () => true }, () => {});
    fusion.addImage('head', 'color', 1, image('rgb8', 3));
    expect(fusion.statistics().streams[0].fault).to.contain('camera_info');
    expect(() => fusion.setCameraInfo('head', 'color', { ...info, d: [0.1] })).to.throw('rectify');
    expect(() => fusion.setCameraInfo('foot', 'color', info)).to.throw("'foot' is unknown; there are head");
  });
});
