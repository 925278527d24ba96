import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'chai';
import { encode as encodePng } from 'fast-png';
import type { FastifyInstance } from 'fastify';
import { OnnxNetwork } from '../../src/cosmos/onnx-network.js';
import type { Embodiment } from '../../src/cosmos/served/embodiment.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { createInferenceServer } from '../../src/serving/inference-server.js';
import { NetworkEngine } from '../../src/serving/network-engine.js';
import { ServedEngine } from '../../src/serving/served-engine.js';
import type { ServedTier } from '../../src/serving/tier-service.js';
import { MODEL } from '../cosmos/model-fixture.js';
import { PolicyPeer } from '../cosmos/served/policy-peer.js';
import { robot } from '../robot/robot-fixture.js';

const [width, height] = [320, 240];
const color = new Uint8Array(3 * width * height).fill(128);
const image = {
  format: 'png',
  data: Buffer.from(encodePng({ width, height, data: color, channels: 3 })).toString('base64'),
};
const posture = robot.posture('table_work');

/** What a policy server needs. */
const body = {
  instruction: 'push the cup',
  image,
  joint_positions: Object.fromEntries(robot.names.map((name, j) => [name, posture[j]])),
};
/** What a network of this package needs. */
const complete = {
  ...body,
  depth: { format: '32fc1', data: Buffer.from(new Float32Array(width * height).fill(0.75).buffer).toString('base64') },
  camera: { fx: 190, fy: 190, cx: 160, cy: 120, pose: [0.1, 0, 0.5, 0, Math.SQRT1_2, 0, Math.SQRT1_2] },
};

interface Answer {
  readonly policy: string;
  readonly arm: string;
  readonly dt: number;
  readonly actions: number[][];
  readonly error: string;
}

describe('tiers that a policy server answers for', function () {
  this.timeout(30_000);
  const network = new OnnxNetwork(MODEL, 1);
  let kinematics: Kinematics;
  let peer: PolicyPeer | undefined;
  let server: FastifyInstance | undefined;
  before(async () => {
    await network.load();
    kinematics = await Kinematics.create(robot);
  });
  after(async () => {
    kinematics.delete();
    await network.dispose();
  });
  afterEach(async () => {
    await server?.close();
    await peer?.close();
    server = undefined;
    peer = undefined;
  });

  /** Serves nano from a policy server and micro from a network, over sockets. @param cameras that nano looks through */
  async function serve(
    protocol: 'openpi' | 'kserve',
    change: Partial<ServedTier> = {},
    cameras = ['head_camera'],
    map: Partial<Embodiment> = {},
  ) {
    peer = await PolicyPeer.start(protocol, kinematics);
    const limits = { maxConcurrentRequests: 100, timeout: 5 };
    const nano = new ServedEngine(peer.backend(map), cameras, robot, kinematics);
    const micro = new NetworkEngine(network, robot, kinematics, 1);
    server = await createInferenceServer([
      { name: 'nano', engine: nano, endpoint: '/v1/cosmos/nano', ...limits, ...change },
      { name: 'micro', engine: micro, endpoint: '/v1/cosmos/micro', ...limits },
    ]);
    await server.listen({ host: '127.0.0.1', port: 0 });
    const url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
    const ask = async (tier: string, payload: object = body) => {
      const headers = { 'content-type': 'application/json' };
      const reply = await fetch(`${url}/v1/cosmos/${tier}`, { method: 'POST', headers, body: JSON.stringify(payload) });
      return { status: reply.status, headers: reply.headers, answer: (await reply.json()) as Answer };
    };
    const get = async (path: string) => (await fetch(`${url}${path}`)).text();
    return { ask, get, nano };
  }

  for (const protocol of ['openpi', 'kserve'] as const) {
    describe(`over ${protocol}`, () => {
      it('are answered by the policy', async () => {
        const { ask, get } = await serve(protocol);
        const { status, answer } = await ask('nano');
        expect(status, answer.error).to.equal(200);
        const policy = protocol === 'openpi' ? 'pi05_droid' : 'cosmos3_super';
        expect(answer).to.include({ policy, arm: 'right' });
        expect(answer.dt).to.be.closeTo(protocol === 'openpi' ? 1 / 15 : 0.1, 1e-4);
        expect(answer.actions).to.have.length(6);
        for (const action of answer.actions) expect(action).to.have.length(7);
        // kserve's hand rises by 1 cm a waypoint; openpi's gripper closes with the picture's brightness.
        if (protocol === 'kserve') expect(answer.actions[5]![2]).to.be.closeTo(0.06, 1e-6);
        else expect(answer.actions[5]![6]).to.be.closeTo((0.75 * 128) / 255, 1e-3);
        expect((await ask('nano', complete)).answer.actions).to.deep.equal(answer.actions);
        expect((await ask('micro', complete)).answer.policy).to.equal('cosmos3_tiny@0.1.0');
        const { tiers } = JSON.parse(await get('/health'));
        expect(tiers.nano).to.deep.equal({ status: 'ready', model: policy, in_progress: 0 });
        expect(await get('/metrics')).to.match(/cosmos_requests_total\{tier="nano",status="200"\} 2/);
      });

      it('get 503 while the server is dead, and are answered when it is back', async () => {
        const { ask, get } = await serve(protocol);
        await peer!.kill();
        const { status, headers, answer } = await ask('nano');
        expect(status).to.equal(503);
        expect(headers.get('retry-after')).to.equal('1');
        expect(answer.error).to.match(/127\.0\.0\.1:\d+/);
        expect(JSON.parse(await get('/health'))).to.deep.include({ status: 'ready' });
        expect(JSON.parse(await get('/health')).tiers.nano.status).to.equal('unavailable');
        await peer!.restart();
        expect((await ask('nano')).status).to.equal(200);
      });

      it('get 503 when the server dies, and are answered when it is started anew', async () => {
        const { ask } = await serve(protocol);
        expect((await ask('nano')).status).to.equal(200);
        await peer!.kill();
        expect((await ask('nano')).status).to.equal(503);
        await peer!.restart();
        expect((await ask('nano')).status).to.equal(200);
      });

      it('get 503 while the server hangs, which the other tiers do not notice', async () => {
        const { ask, get } = await serve(protocol);
        let waiting = true;
        const hung = ask('nano', { ...body, instruction: 'hang' }).finally(() => {
          waiting = false;
        });
        const healthy = await Promise.all([1, 2, 3].map(() => ask('micro', complete)));
        expect(healthy.map(({ status }) => status)).to.deep.equal([200, 200, 200]);
        expect(waiting, 'micro has answered').to.equal(true);
        const { status, answer } = await hung;
        expect(status).to.equal(503);
        expect(answer.error).to.match(/127\.0\.0\.1:\d+.*within 1 s/);
        const metrics = await get('/metrics');
        expect(metrics).to.match(/cosmos_requests_total\{tier="micro",status="200"\} 3/);
        expect(metrics).to.match(/cosmos_requests_total\{tier="nano",status="503"\} 1/);
      });

      it('pass on what the server says when it fails, and what is wrong with its answer', async () => {
        const { ask } = await serve(protocol);
        const failed = await ask('nano', { ...body, instruction: 'fail' });
        expect([failed.status, failed.answer.error].join(' ')).to.match(/^503 .*the policy is out of order/);
        expect((await ask('nano')).status).to.equal(200);
        const wrong = await ask('nano', { ...body, instruction: 'nan' });
        expect([wrong.status, wrong.answer.error].join(' ')).to.match(/^503 .*is NaN at waypoint 2, column 3/);
      });
    });
  }

  it('get 503 where the server takes connections and says nothing', async () => {
    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const url = `ws://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const { ask } = await serve('openpi', {}, ['head_camera'], { url, timeout: 0.5 });
    const replies = await Promise.all([ask('nano'), ask('nano'), ask('micro', complete)]);
    expect(replies.map(({ status }) => status)).to.deep.equal([503, 503, 200]);
    expect(replies[0]!.answer.error).to.match(/127\.0\.0\.1:\d+.*did not answer within 0\.5 s/);
    mute.close();
  });

  it('turn away what exceeds their capacity, each for itself', async () => {
    const { ask } = await serve('openpi', { maxConcurrentRequests: 2 });
    const slow = { ...body, instruction: 'slow' };
    const [nano, micro] = await Promise.all([
      Promise.all(Array.from({ length: 6 }, () => ask('nano', slow))),
      Promise.all(Array.from({ length: 6 }, () => ask('micro', complete))),
    ]);
    expect(nano.filter(({ status }) => status === 200)).to.have.length(2);
    expect(nano.filter(({ status }) => status === 429)).to.have.length(4);
    expect(micro.every(({ status }) => status === 200)).to.equal(true);
  });

  it('give up what takes longer than their own time-out', async () => {
    const { ask } = await serve('openpi', { timeout: 0.3 });
    const { status, answer } = await ask('nano', { ...body, instruction: 'slow' });
    expect([status, answer.error].join(' ')).to.match(/^503 no answer within 0\.3 s/);
  });

  it('name what is wrong with a request', async () => {
    const { ask, get } = await serve('openpi', {}, ['head_camera', 'right_wrist_camera']);
    const refusal = async (payload: object) => {
      const { status, answer } = await ask('nano', payload);
      expect(status).to.equal(400);
      return answer.error;
    };
    expect(await refusal(body)).to.match(/looks through right_wrist_camera too, of which there is no picture/);
    const pictures = { right_wrist_camera: { format: 'png', data: 'AAAA' } };
    expect(await refusal({ ...body, pictures })).to.match(/pictures\.right_wrist_camera: not a PNG file/);
    expect(await refusal({ ...body, image: undefined })).to.match(/image: /);
    expect((await ask('nano', { ...body, pictures: { right_wrist_camera: image } })).status).to.equal(200);
    const { paths } = JSON.parse(await get('/openapi.json'));
    const schema = (tier: string) => paths[`/v1/cosmos/${tier}`].post.requestBody.content['application/json'].schema;
    expect(schema('nano').required).to.have.members(['instruction', 'image', 'joint_positions']);
    expect(schema('micro').required).to.include.members(['depth', 'camera']);
  });
});
