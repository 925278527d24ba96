import { expect } from 'chai';
import { encode as encodePng } from 'fast-png';
import type { FastifyInstance } from 'fastify';
import jpeg from 'jpeg-js';
import { OnnxNetwork } from '../../src/cosmos/onnx-network.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { createInferenceServer } from '../../src/serving/inference-server.js';
import { NetworkEngine, type NetworkQuestion } from '../../src/serving/network-engine.js';
import type { ServedTier } from '../../src/serving/tier-service.js';
import { MODEL } from '../cosmos/model-fixture.js';
import { robot } from '../robot/robot-fixture.js';

const endpoint = '/v1/cosmos/micro';
const [width, height] = [320, 240];
const pixels = width * height;
const base64 = (bytes: ArrayBufferView) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

/** A picture with a gradient, so that the formats can be told apart by what the network makes of them. */
const color = Uint8Array.from({ length: 3 * pixels }, (_, i) => (Math.floor(i / 3) % width) % 256);
const rgb8 = { format: 'rgb8', width, height, data: base64(color) };
const metres = { format: '32fc1', data: base64(new Float32Array(pixels).fill(0.75)) };

const body = {
  instruction: 'pick up the red cup and place it in the bin',
  image: rgb8,
  depth: metres,
  camera: { fx: 190, fy: 190, cx: 160, cy: 120, pose: [0.1, 0, 0.5, 0, Math.SQRT1_2, 0, Math.SQRT1_2] },
  joint_positions: { right_elbow_joint: 0.3 },
};

describe('inference server', () => {
  const network = new OnnxNetwork(MODEL, 1);
  let engine: NetworkEngine;
  let kinematics: Kinematics;
  let server: FastifyInstance | undefined;
  before(async () => {
    await network.load();
    kinematics = await Kinematics.create(robot);
    // The model of the tests takes one observation at a time.
    engine = new NetworkEngine(network, robot, kinematics, 1);
  });
  after(async () => {
    kinematics.delete();
    await network.dispose();
  });
  afterEach(() => server?.close());

  async function start(change: Partial<ServedTier> = {}, token?: string) {
    const tier = { name: 'micro', engine, endpoint, maxConcurrentRequests: 100, timeout: 5, ...change };
    server = await createInferenceServer([tier], token);
    return (payload: unknown, headers = {}) =>
      server!.inject({ method: 'POST', url: endpoint, payload: payload as object, headers });
  }

  it('says what the robot should do', async () => {
    const ask = await start();
    const reply = await ask(body);
    expect(reply.statusCode).to.equal(200);
    const answer = reply.json();
    expect(answer).to.include({ policy: 'cosmos3_tiny@0.1.0', arm: 'right', dt: 0.1 });
    expect(answer.actions).to.have.length(10);
    for (const action of answer.actions) expect(action).to.have.length(7);
    expect(answer.objects.map(({ slot }: { slot: string }) => slot)).to.deep.equal(['target', 'receptacle']);
    expect((await ask(body)).json().actions).to.deep.equal(answer.actions);
  });

  it('reads PNG and JPEG, and depth in millimetres', async () => {
    const ask = await start();
    const { actions } = (await ask(body)).json();
    const png = { format: 'png', data: base64(encodePng({ width, height, data: color, channels: 3 })) };
    const millimetres = encodePng({ width, height, data: new Uint16Array(pixels).fill(750), channels: 1, depth: 16 });
    const depth = { format: 'png16', data: base64(millimetres) };
    expect((await ask({ ...body, image: png, depth })).json().actions).to.deep.equal(actions);
    const rgba = Uint8Array.from({ length: 4 * pixels }, (_, i) =>
      i % 4 === 3 ? 255 : color[3 * Math.floor(i / 4) + (i % 4)],
    );
    const file = jpeg.encode({ width, height, data: Buffer.from(rgba) }, 95).data;
    const lossy = (await ask({ ...body, image: { format: 'jpeg', data: file.toString('base64') } })).json();
    expect(lossy.actions).to.have.length(10);
  });

  it('names what is wrong with a request', async () => {
    const ask = await start();
    const refusal = async (payload: unknown) => {
      const reply = await ask(payload);
      expect(reply.statusCode).to.equal(400);
      return reply.json().error;
    };
    expect(await refusal({ ...body, instruction: undefined })).to.match(/instruction: /);
    expect(await refusal({ ...body, extra: 1 })).to.match(/body: .*extra/);
    expect(await refusal({ ...body, image: { ...rgb8, width: 300 } })).to.match(/300×240 rgb8 needs/);
    expect(await refusal({ ...body, image: { format: 'png', data: 'AAAA' } })).to.match(
      /not a PNG file that can be read/,
    );
    expect(await refusal({ ...body, joint_positions: { tail: 0 } })).to.match(/no joint 'tail'/);
    const camera = { ...body.camera, pose: [0, 0, 0, 0, 0, 0, 2] };
    expect(await refusal({ ...body, camera })).to.match(/camera.pose: its quaternion has the length 2/);
  });

  it('turns away what exceeds its capacity with 429, and answers the rest', async () => {
    const ask = await start({ maxConcurrentRequests: 3 });
    const replies = await Promise.all(Array.from({ length: 12 }, () => ask(body)));
    const statuses = replies.map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 200).length).to.be.at.least(3);
    expect([...new Set(statuses)].sort()).to.deep.equal([200, 429]);
    const refused = replies.find(({ statusCode }) => statusCode === 429)!;
    expect(refused.headers['retry-after']).to.equal('1');
    const { body: metrics } = await server!.inject('/metrics');
    expect(metrics).to.match(/cosmos_requests_total\{tier="micro",status="429"\} \d+/);
    expect(metrics).to.match(/cosmos_batch_size_count\{tier="micro"\} \d+/);
  });

  it('answers 503 what takes too long', async () => {
    const ask = await start({ timeout: 0.001 });
    const reply = await ask(body);
    expect(reply.statusCode).to.equal(503);
    expect(reply.json().error).to.match(/no answer within 0.001 s/);
  });

  it('wants its token, but for /health', async () => {
    const ask = await start({}, 'secret');
    expect((await ask(body)).statusCode).to.equal(401);
    expect((await ask(body, { authorization: 'Bearer wrong!' })).statusCode).to.equal(401);
    expect((await ask(body, { authorization: 'Bearer secret' })).statusCode).to.equal(200);
    expect((await server!.inject('/metrics')).statusCode).to.equal(401);
    const micro = { status: 'ready', model: 'cosmos3_tiny@0.1.0', in_progress: 0 };
    expect((await server!.inject('/health')).json()).to.deep.equal({ status: 'ready', tiers: { micro } });
  });

  it('says of both arms where both move', async () => {
    const ask = await start({
      engine: {
        policy: 'two arms',
        ready: true,
        batch: 1,
        schema: engine.schema,
        read: (payload) => engine.read(payload),
        answer: async (questions) => {
          const [{ predictions, dt }] = await engine.answer(questions as NetworkQuestion[]);
          const [right] = predictions;
          return [
            { predictions: [right, { ...right, arm: 'left' as const, actions: right.actions.map((x) => -x) }], dt },
          ];
        },
      },
    });
    const { arm, actions, other_arm: other } = (await ask(body)).json();
    expect([arm, other.arm]).to.deep.equal(['right', 'left']);
    expect(other.actions).to.deep.equal((actions as number[][]).map((action) => action.map((x) => -x)));
  });

  it('names what it serves where it is asked for something else', async () => {
    await start();
    const reply = await server!.inject({ method: 'POST', url: '/v1/cosmos/super', payload: body });
    expect(reply.statusCode).to.equal(404);
    expect(reply.json().error).to.equal('POST /v1/cosmos/super is not served; served: POST /v1/cosmos/micro');
  });

  it('describes itself', async () => {
    await start();
    const document = (await server!.inject('/openapi.json')).json();
    expect(document.openapi).to.equal('3.1.0');
    const { properties } = document.paths[endpoint].post.requestBody.content['application/json'].schema;
    expect(Object.keys(properties)).to.include.members(['instruction', 'image', 'depth', 'camera', 'joint_positions']);
  });
});
